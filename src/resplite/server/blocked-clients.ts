import { CommandError } from "../data/errors.ts";
import type { ListEnd } from "../data/types/lists.ts";

export interface BlockedClient {
  readonly keys: readonly Buffer[];
  readonly end: ListEnd;
  /** The element was taken out of the list. */
  served(key: Buffer, element: Buffer): void;
}

/** Pops the outermost element; undefined when there is none. */
type Pop = (key: Buffer, end: ListEnd) => Buffer | undefined;

const mostOfOneKey = 10_000;
const mostInAll = 50_000;
const mostKeys = 128;

/** Who waits for an element of which list: first come, first served, one element each. */
export class BlockedClients {
  readonly #pop: Pop;
  readonly #byKey = new Map<string, Set<BlockedClient>>();
  readonly #clients = new Set<BlockedClient>();

  constructor(pop: Pop) {
    this.#pop = pop;
  }

  get size(): number {
    return this.#clients.size;
  }

  /** @throws CommandError when too many wait already */
  add(client: BlockedClient): void {
    const names = client.keys.map(nameOf);
    const full = names.some((name) => (this.#byKey.get(name)?.size ?? 0) >= mostOfOneKey);
    if (full || names.length > mostKeys || this.#clients.size >= mostInAll) {
      throw new CommandError("ERR too many blocked clients");
    }
    this.#clients.add(client);
    for (const name of names) {
      const waiting = this.#byKey.get(name) ?? new Set();
      this.#byKey.set(name, waiting.add(client));
    }
  }

  remove(client: BlockedClient): void {
    this.#clients.delete(client);
    for (const name of client.keys.map(nameOf)) {
      const waiting = this.#byKey.get(name);
      waiting?.delete(client);
      if (waiting?.size === 0) this.#byKey.delete(name);
    }
  }

  /** To be called with every push, in the transaction that pushes. */
  pushed(key: Buffer): void {
    if (this.#clients.size === 0) return;
    const waiting = this.#byKey.get(nameOf(key));
    if (waiting === undefined) return;
    for (const client of waiting) {
      const element = this.#pop(key, client.end);
      if (element === undefined) return;
      this.remove(client);
      client.served(Buffer.from(key), element);
    }
  }
}

function nameOf(key: Buffer): string {
  return key.toString("latin1");
}
