import type { Refusal } from "../engine/ports.ts";
import { Pacing } from "../engine/pacing.ts";
import { transfer } from "../engine/transfer.ts";
import { type CacheEntry, isExactNumber, type Json, parseRecord } from "./entries/cache-entry.ts";
import { CacheKinds, type FurtherType } from "./entries/cache-kinds.ts";
import { type CacheBatch, cutBatches } from "./entries/cut-batches.ts";
import type { KvStore } from "./kv-store.ts";
import { named, refuseSameStore } from "./migrate.ts";
import type { Route } from "./route.ts";
import type { ReportedStore } from "./migrate-report.ts";

export interface ValidateOptions {
  readonly include?: readonly FurtherType[] | undefined;
  readonly recordsPerSecond?: number | undefined;
}

export interface CacheDifference {
  readonly id: string;
  readonly kind: "missing" | "different";
  /** Fields that differ. */
  readonly fields: readonly string[];
}

export interface ValidateReport {
  readonly command: "llm-cache validate";
  readonly status: "match" | "mismatch" | "interrupted";
  readonly source: ReportedStore;
  readonly target: ReportedStore;
  readonly totals: {
    readonly source: number;
    readonly target: number;
    readonly checked: number;
    readonly matched: number;
    readonly missing: number;
    readonly different: number;
    /** Of the target alone, which is no difference: a migration leaves them as they are. */
    readonly extra: number;
  };
  /** The first ones. */
  readonly differences: readonly CacheDifference[];
}

const toldDifferences = 100;

/** Reads every cache of the source and its counterpart, and compares them by content. Nothing is written. */
export async function validate(
  route: Route,
  { include, recordsPerSecond }: ValidateOptions,
  {
    signal,
    onChecked,
  }: { readonly signal: AbortSignal; readonly onChecked?: (checked: number, total: number) => void },
): Promise<ValidateReport> {
  refuseSameStore(route);
  const { source, target } = route;
  const kinds = new CacheKinds(include);
  const total = await countAll(source, kinds, signal);
  const counts = { checked: 0, missing: 0, different: 0 };
  const differences: CacheDifference[] = [];
  const found = new WeakMap<Refusal, CacheDifference>();
  const end = await transfer<CacheBatch>(
    {
      source: { batches: (stop) => cutBatches(source.read(kinds, undefined, stop), partLimits, 0) },
      sink: {
        write: async ({ entries, records }) => {
          const refused = (await compare(target, entries)).map((difference) => {
            const refusal: Refusal = { id: difference.id, type: difference.kind, reason: difference.fields.join(", ") };
            found.set(refusal, difference);
            return refusal;
          });
          return { written: records - refused.length, refused };
        },
      },
      checkpoint: {
        confirm: async (batch, receipt) => {
          counts.checked += batch.records;
          for (const refusal of receipt?.refused ?? []) {
            const difference = found.get(refusal)!;
            counts[difference.kind]++;
            if (differences.length < toldDifferences) differences.push(difference);
          }
          onChecked?.(counts.checked, total);
        },
      },
      pacing: new Pacing({ concurrency: 4, recordsPerSecond }),
    },
    signal,
  );
  const there = await countAll(target, kinds, signal);
  const matched = counts.checked - counts.missing - counts.different;
  return {
    command: "llm-cache validate",
    status: end === "interrupted" ? end : differences.length === 0 ? "match" : "mismatch",
    source: named(source),
    target: named(target),
    totals: {
      source: total,
      target: there,
      ...counts,
      matched,
      extra: Math.max(0, there - matched - counts.different),
    },
    differences,
  };
}

const partLimits = { size: 1000, rows: 1000, bytes: 4_000_000 };

async function compare(target: KvStore, entries: readonly CacheEntry[]): Promise<CacheDifference[]> {
  const there = new Map((await target.get(entries.map(({ key }) => key))).map((entry) => [entry.key, entry]));
  const differences: CacheDifference[] = [];
  for (const entry of entries) {
    const counterpart = there.get(entry.key);
    if (counterpart === undefined) differences.push({ id: entry.key, kind: "missing", fields: [] });
    else if (counterpart.text !== entry.text) {
      const fields = differingFields(entry, counterpart);
      if (fields.length > 0) differences.push({ id: entry.key, kind: "different", fields });
    }
  }
  return differences;
}

/**
 * A field that is missing is null, as LightRAG reads it; the order of fields and the way a number is written do not
 * count.
 */
function differingFields(one: CacheEntry, other: CacheEntry): string[] {
  const [first, second] = [fieldsOf(one), fieldsOf(other)];
  if (first === undefined || second === undefined) return ["(no JSON object)"];
  const names = new Set([...Object.keys(first), ...Object.keys(second)]);
  names.delete("_id"); // the key, written once more
  return [...names].filter((name) => canonical(first[name] ?? null) !== canonical(second[name] ?? null));
}

function fieldsOf({ text }: CacheEntry): Record<string, Json> | undefined {
  try {
    return parseRecord(text);
  } catch {
    return undefined;
  }
}

function canonical(value: Json): string {
  if (isExactNumber(value)) return canonicalNumber(value.rawJSON);
  if (typeof value === "number") return canonicalNumber(String(value));
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const members = Object.keys(value).toSorted();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name]!)}`).join()}}`;
}

/** Integers by all their digits, others as the double that every reader makes of them. */
function canonicalNumber(digits: string): string {
  if (/^-?\d+$/.test(digits)) return String(BigInt(digits));
  const number = Number(digits);
  return Number.isInteger(number) ? String(BigInt(number)) : String(number);
}

async function countAll(store: KvStore, kinds: CacheKinds, signal: AbortSignal): Promise<number> {
  return [...(await store.count(kinds, signal)).values()].reduce((sum, entries) => sum + entries, 0);
}
