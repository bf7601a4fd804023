import { isDeepStrictEqual } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";
import type { StateFile } from "../../stores/sqlite/state-file.ts";
import type { VectorOperations } from "../operations/operations.ts";
import { countComparison, type Comparison } from "../state/comparisons.ts";
import { readPhase, type TenantPhase } from "../state/phases.ts";
import { isPending } from "../state/write-log.ts";

interface About {
  readonly operation: string;
  readonly tenant: string;
  /** The records that it is about; every one when not given. */
  readonly ids?: readonly string[];
}

export interface Read<T> extends About {
  readonly ask: (operations: VectorOperations) => Promise<T>;
  /** What must be the same in both answers; undefined where that cannot be said, as when a limit has cut them. */
  readonly comparable: (answer: T) => unknown;
}

export interface ReadOptions {
  /** Every read is compared, whatever the tenant's phase says, and told to `onDebug`. */
  readonly debug: boolean;
  readonly onDebug: (line: string) => void;
  /** Comparisons under way; reads beyond are not compared. */
  readonly comparisonsAtOnce: number;
}

type Named = "weaviate" | "milvus";

/**
 * Decides which store answers a read. Milvus does in phase full, and for its share of the reads in phase
 * read_migration, unless a write has not reached it yet or it fails: then Weaviate answers, so no read is older than a
 * write that was answered before it.
 */
export class ReadRouter {
  private readonly state: StateFile;
  private readonly operations: Readonly<Record<Named, VectorOperations>>;
  private readonly options: ReadOptions;
  private readonly underWay = new Set<Promise<void>>();

  constructor(state: StateFile, operations: Readonly<Record<Named, VectorOperations>>, options: ReadOptions) {
    this.state = state;
    this.operations = operations;
    this.options = options;
  }

  async read<T>(read: Read<T>): Promise<T> {
    const phase = await readPhase(this.state, read.tenant);
    const chosen = await this.choose(phase, read);
    const started = performance.now();
    try {
      const answer = await read.ask(this.operations[chosen]);
      if (this.options.debug || phase.shadow) this.compareLater(read, chosen, answer, performance.now() - started);
      return answer;
    } catch (error) {
      if (chosen === "weaviate" || phase.phase === "full" || isUsage(error)) throw error;
      await this.count(read, { fellBack: 1 });
      return read.ask(this.operations.weaviate);
    }
  }

  /** Resolves when no comparison is under way. */
  async idle(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }

  private async choose({ phase, readPercent }: TenantPhase, read: About): Promise<Named> {
    if (phase === "full") return "milvus";
    if (phase !== "read_migration" || Math.random() * 100 >= readPercent) return "weaviate";
    if (!(await isPending(this.state, read.tenant, read.ids))) return "milvus";
    await this.count(read, { fellBack: 1 });
    return "weaviate";
  }

  private compareLater<T>(read: Read<T>, chosen: Named, answer: T, millis: number): void {
    if (this.underWay.size >= this.options.comparisonsAtOnce) return;
    const work = this.compare(read, chosen, answer, millis)
      .catch(() => {}) // a comparison that cannot be counted changes nothing for the caller
      .finally(() => this.underWay.delete(work));
    this.underWay.add(work);
  }

  private async compare<T>(read: Read<T>, chosen: Named, answer: T, chosenMillis: number): Promise<void> {
    const other: Named = chosen === "weaviate" ? "milvus" : "weaviate";
    const name = other === "milvus" ? "Milvus" : "Weaviate";
    const started = performance.now();
    let found: T;
    try {
      found = await read.ask(this.operations[other]);
    } catch (error) {
      this.say(`Error querying ${name}: ${(error as Error).message}`);
      await this.count(read, { failed: 1 });
      return;
    }
    const otherMillis = performance.now() - started;
    this.say(`${name} results count: ${countOf(found)}`);
    const isSame = await this.isSame(read, chosen, answer, found);
    if (isSame === undefined) return;
    if (!isSame) this.say(`${name} answers ${read.operation} of tenant ${read.tenant} otherwise`);
    const [weaviateMillis, milvusMillis] =
      chosen === "weaviate" ? [chosenMillis, otherMillis] : [otherMillis, chosenMillis];
    await this.count(read, { same: isSame ? 1 : 0, different: isSame ? 0 : 1, weaviateMillis, milvusMillis });
  }

  /** Undefined where nothing can be said: a write has not reached both, or the records change all the time. */
  private async isSame<T>(read: Read<T>, chosen: Named, answer: T, found: T): Promise<boolean | undefined> {
    const [one, two] = [read.comparable(answer), read.comparable(found)];
    if (one === undefined || two === undefined) return undefined;
    if (isDeepStrictEqual(one, two)) return true;
    for (let look = 0; look < 3; look++) {
      await sleep(100, undefined, { ref: false });
      if (await isPending(this.state, read.tenant, read.ids)) continue;
      const before = read.comparable(await read.ask(this.operations[chosen]));
      const now = read.comparable(await read.ask(this.operations[chosen === "weaviate" ? "milvus" : "weaviate"]));
      const after = read.comparable(await read.ask(this.operations[chosen]));
      if (isDeepStrictEqual(before, after)) return isDeepStrictEqual(before, now);
    }
    return undefined;
  }

  private say(line: string): void {
    if (this.options.debug) this.options.onDebug(line);
  }

  private count({ tenant, operation }: About, counts: Partial<Comparison>): Promise<void> {
    return countComparison(this.state, tenant, operation, counts);
  }
}

function countOf(answer: unknown): number {
  if (Array.isArray(answer)) return answer.length;
  const { results } = (answer ?? {}) as { results?: unknown[] };
  return results?.length ?? (answer === undefined ? 0 : 1);
}

function isUsage(error: unknown): boolean {
  return (error as Error).name === "UsageError";
}
