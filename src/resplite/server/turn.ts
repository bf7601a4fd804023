import type { Service } from "./service.ts";

/** A connection, as a turn sees it. */
export interface TurnMember {
  /** Does what it can of what has arrived. */
  proceed(): void;
  /** Replaces the replies of this turn, each by this error. */
  fail(text: string): void;
  /** Sends the replies of this turn. */
  send(): void;
}

/**
 * What arrives in one turn of the event loop, from whatever connections, is one transaction; its replies go out after
 * the commit. So a reply means that what it speaks of is in the file. When the commit fails, everyone of the turn is
 * told so, as each may have seen what was not kept.
 */
export class Turn {
  readonly #service: Service;
  readonly #members = new Set<TurnMember>();
  #resumed: TurnMember[] = [];
  #scheduled = false;
  #failure: string | undefined;

  constructor(service: Service) {
    this.#service = service;
  }

  /** To be called before the first command of a member in a turn. */
  enter(member: TurnMember): void {
    this.#members.add(member);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#service.data.begin();
    setImmediate(() => this.#end()); // behind all that this poll of the event loop has brought
  }

  /** The member may go on, in this turn. */
  resume(member: TurnMember): void {
    this.enter(member);
    this.#resumed.push(member);
  }

  /** SQLite has refused a statement: nothing of this turn is kept. */
  fail(error: unknown): void {
    this.#failure ??= failureText(error);
    this.#service.data.rollback();
  }

  /** Commits and sends at once. */
  #end(): void {
    while (this.#resumed.length > 0) {
      const resumed = this.#resumed;
      this.#resumed = [];
      for (const member of resumed) member.proceed();
    }
    const members = [...this.#members];
    this.#members.clear();
    this.#scheduled = false;
    const failure = this.#commit();
    if (failure !== undefined) for (const member of members) member.fail(failure);
    for (const member of members) member.send();
  }

  #commit(): string | undefined {
    const failure = this.#failure;
    this.#failure = undefined;
    try {
      if (failure === undefined) this.#service.data.commit();
      else this.#service.data.rollback();
      return failure;
    } catch (error) {
      return failureText(error);
    }
  }
}

function failureText(error: unknown): string {
  return `ERR nothing was written: ${error instanceof Error ? error.message : String(error)}`;
}
