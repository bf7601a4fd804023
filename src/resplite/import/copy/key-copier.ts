import { AppError, isAbort } from "../../../engine/errors.ts";
import { type BinaryClient, reason } from "../../../stores/redis/binary-client.ts";
import type { Data } from "../../data/data.ts";
import { kinds } from "../../data/entry.ts";
import { deleteKey, ReplacementInParts, replaceKey, type StoredValue } from "../../data/stored-value.ts";
import { ByteBudget } from "./byte-budget.ts";
import {
  bytesOf,
  type KeyFacts,
  partBytes,
  readFacts,
  readParts,
  readWhole,
  type ValueKind,
} from "../source/fetch-values.ts";
import { JointWrites, type Write } from "./joint-writes.ts";
import { isRefusal, orRefusal } from "./refused-key.ts";
import type { DirtyRegistry } from "../tracker/dirty-keys.ts";

/**
 * `written`: the destination holds what Redis held; `gone`: neither has it; `unsupported`: a type that the destination
 * cannot hold; `changed`: it was written while it was read, and waits in the registry; `failed`: with the reason.
 */
export type Outcome = "written" | "gone" | "unsupported" | "changed" | "failed";

export interface Settled {
  readonly key: Buffer;
  /** Events noted before the key was read. */
  readonly events: number;
  readonly outcome: Outcome;
  readonly bytes: number;
  readonly reason?: string;
}

export interface CopierOptions {
  /** Bytes of values that may be in memory at once, and most of one transaction. */
  readonly batchBytes: number;
  /** Called with the bytes of what was read, before they are written. */
  readonly charge: (bytes: number) => void;
}

/** Called in the transaction that has written the key. */
export type Settle = (key: Settled) => void;

interface Listed {
  readonly key: Buffer;
  readonly events: number;
}

interface Read extends Listed {
  readonly facts: KeyFacts;
}

/** A key that is rewritten each time it is read is left to the registry. */
const mostTries = 5;

/**
 * Takes keys over as they are in Redis now, each whole in one transaction with what is known of it; a value that is too
 * large in several, of which nobody sees half. What it read is written only when no event of the key was noted since
 * before it was read: an older value never replaces one that another process has read later. Repeating it does no harm.
 */
export class KeyCopier {
  readonly #redis: BinaryClient;
  readonly #data: Data;
  readonly #registry: DirtyRegistry;
  readonly #options: CopierOptions;
  readonly #budget: ByteBudget;
  readonly #writes: JointWrites;

  constructor(redis: BinaryClient, data: Data, registry: DirtyRegistry, options: CopierOptions) {
    this.#redis = redis;
    this.#data = data;
    this.#registry = registry;
    this.#options = options;
    this.#budget = new ByteBudget(options.batchBytes);
    this.#writes = new JointWrites(data, isOfOneValue);
  }

  /** Rejects when Redis cannot be reached or the file not be written; what was settled before is done. */
  async copy(keys: readonly Buffer[], settled: Settle): Promise<void> {
    const unsettled = new Set(keys);
    const settle: Settle = (one) => {
      unsettled.delete(one.key);
      settled(one);
    };
    await this.#copyAll(keys, settle);
    if (unsettled.size > 0) throw new Error(`${unsettled.size} of ${keys.length} keys were neither copied nor refused`);
  }

  async #copyAll(keys: readonly Buffer[], settle: Settle): Promise<void> {
    let left = keys.map((key) => ({ key, events: this.#registry.eventsOf(key) }));
    for (let tries = 0; left.length > 0; tries++) {
      if (tries === mostTries) return this.#giveUp(left, settle);
      if (tries > 0) left = left.map(({ key }) => ({ key, events: this.#registry.eventsOf(key) }));
      left = await this.#copyOnce(left, settle);
    }
  }

  /** Returns the keys that became another type, or went, between two requests. */
  async #copyOnce(listed: readonly Listed[], settle: Settle): Promise<Listed[]> {
    const answers = await readFacts(
      this.#redis,
      listed.map(({ key }) => key),
    );
    const small: Read[] = [];
    const large: Read[] = [];
    const valueless: (() => void)[] = [];
    for (const [at, one] of listed.entries()) {
      const facts = answers[at]!;
      if (facts instanceof Error) valueless.push(() => settleOne(settle, one, "failed", 0, reason(facts)));
      else if (facts.kind !== undefined) (facts.bytes > partBytes ? large : small).push({ ...one, facts });
      else valueless.push(() => this.#settleAbsent(one, facts, settle));
    }
    if (valueless.length > 0) this.#data.transaction(() => valueless.forEach((put) => put()));
    const again: Listed[] = [];
    for (const some of byBytes(small, this.#options.batchBytes)) again.push(...(await this.#copySmall(some, settle)));
    for (const one of large) if (!(await this.#copyLarge(one, settle))) again.push(one);
    return again;
  }

  /** There is no such key, or the file has no place for it: an earlier import may have left it there. */
  #settleAbsent(one: Listed, { type }: KeyFacts, settle: Settle): void {
    if (!this.#isUnchanged(one)) return settleOne(settle, one, "changed");
    deleteKey(this.#data, one.key);
    settleOne(settle, one, type === "none" ? "gone" : "unsupported");
  }

  async #copySmall(some: readonly Read[], settle: Settle): Promise<Listed[]> {
    const free = await this.#budget.take(sum(some.map(({ facts }) => facts.bytes)));
    const again: Listed[] = [];
    try {
      await this.#writes.add(async () => {
        const values = await Promise.all(some.map(({ facts }) => orRefusal(readWhole(this.#redis, facts))));
        const writes: Write[] = [];
        for (const [at, one] of some.entries()) {
          const value = values[at];
          if (value === undefined) again.push(one);
          else if (value instanceof Error) writes.push(this.#failure(one, value, settle));
          else writes.push(this.#write(one, value, settle));
        }
        this.#options.charge(sum(values.map((value) => (isValue(value) ? bytesOf(value) : 0))));
        return writes;
      });
      return again;
    } finally {
      free();
    }
  }

  #write(one: Read, value: StoredValue, settle: Settle): Write {
    return {
      key: one.key,
      write: () => {
        if (!this.#isUnchanged(one)) return () => settleOne(settle, one, "changed");
        replaceKey(this.#data, one.key, value, one.facts.expiresAt);
        return () => settleOne(settle, one, "written", bytesOf(value));
      },
      refused: (error) => settleOne(settle, one, "failed", 0, reason(error)),
    };
  }

  #failure(one: Listed, error: Error, settle: Settle): Write {
    const refused = (): void => settleOne(settle, one, "failed", 0, reason(error));
    return { key: one.key, write: () => refused, refused };
  }

  /** False when the key went meanwhile. */
  async #copyLarge(one: Read, settle: Settle): Promise<boolean> {
    const free = await this.#budget.take(one.facts.kind === kinds.string ? one.facts.bytes : partBytes);
    try {
      let bytes = 0;
      let replacement: ReplacementInParts | undefined;
      for await (const part of readParts(this.#redis, one.facts)) {
        this.#options.charge(bytesOf(part));
        bytes += bytesOf(part);
        if (part.kind === kinds.string) {
          await this.#writes.add(async () => [this.#write(one, part, settle)]);
          return true;
        }
        replacement ??= new ReplacementInParts(
          this.#data,
          one.key,
          one.facts.kind as Exclude<ValueKind, 1>,
          one.facts.expiresAt,
        );
        replacement.append(part);
      }
      if (replacement === undefined) return false;
      const finished = replacement;
      this.#data.transaction(() => {
        finished.finish();
        settleOne(settle, one, this.#isUnchanged(one) ? "written" : "changed", bytes);
      });
      return true;
    } catch (error) {
      if (isTaken(error)) {
        this.#giveUp([one], settle);
        return true;
      }
      if (isAbort(error) || !(isOfOneValue(error) || isRefusal(error))) throw error;
      this.#data.transaction(() => settleOne(settle, one, "failed", 0, reason(error)));
      return true;
    } finally {
      free();
    }
  }

  /** Since before it was read. */
  #isUnchanged({ key, events }: Listed): boolean {
    return this.#registry.eventsOf(key) === events;
  }

  #giveUp(left: readonly Listed[], settle: Settle): void {
    this.#data.transaction(() => {
      for (const one of left) {
        this.#registry.lookAgain(one.key, "changed while read");
        settleOne(settle, one, "changed");
      }
    });
  }
}

function settleOne(settle: Settle, { key, events }: Listed, outcome: Outcome, bytes = 0, why?: string): void {
  settle({ key, events, outcome, bytes, ...(why !== undefined && { reason: why }) });
}

function isValue(value: StoredValue | Error | undefined): value is StoredValue {
  return value !== undefined && !(value instanceof Error);
}

function* byBytes<T extends { facts: KeyFacts }>(keys: readonly T[], most: number): Generator<T[]> {
  let some: T[] = [];
  let bytes = 0;
  for (const key of keys) {
    if (some.length > 0 && bytes + key.facts.bytes > most) {
      yield some;
      [some, bytes] = [[], 0];
    }
    some.push(key);
    bytes += key.facts.bytes;
  }
  if (some.length > 0) yield some;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** Another process has written the key while it was replaced in parts. */
function isTaken(error: unknown): boolean {
  return error instanceof AppError && error.code === "key_taken";
}

const tooBig = 18;
const constraint = 19;

/** SQLite refuses this value and would take others: https://www.sqlite.org/rescode.html */
function isOfOneValue(error: unknown): boolean {
  const code = (error as { errcode?: number }).errcode;
  return code !== undefined && [tooBig, constraint].includes(code & 0xff);
}
