import { countCreatedWithin } from "../../../stores/elasticsearch/documents/document-ids.ts";
import { refreshIndex } from "../../../stores/elasticsearch/indices/indices.ts";
import { cancellable } from "../../../stores/postgres/connection/cancellable.ts";
import { type DataType, type Partition, partitionKey } from "../../partitions/log-types.ts";
import { keysQuery } from "../../partitions/plan-query.ts";
import { type PartitionPlan, type SourceKeys, withIndices } from "../plan.ts";
import { drawQuery, strataQuery } from "./sample-query.ts";
import { allocate, findsAtLeast, leastShare } from "./sampling.ts";
import type { ValidateRun } from "../validate-run.ts";

export interface SampledPartition extends PartitionPlan {
  /** Documents of the partition. */
  readonly target: number;
  /** Ids of the rows to compare, and how many documents to look for. */
  readonly drawn: readonly string[];
  readonly documents: number;
}

export interface SamplePlan {
  readonly partitions: readonly SampledPartition[];
  /** Rows for which there is no partition. */
  readonly unarchivable: ReadonlyMap<DataType, number>;
}

interface Stratum {
  readonly keys: SourceKeys;
  readonly month: string;
  readonly size: number;
  readonly rows: number;
}

/** Counts rows and documents and draws the sample, with two scans of each log table. */
export async function planSample(validation: ValidateRun, sources: readonly SourceKeys[]): Promise<SamplePlan> {
  const { options, counters } = validation;
  const { rows, strata, unarchivable } = await countStrata(validation, sources);
  const plans = await withIndices(validation, sources, rows);
  const targets = await countTargets(validation, plans);

  const wanted = allocate(
    strata.map((stratum) => stratum.rows),
    options.sampleSize,
  );
  const { drawn, taken } = await draw(validation, strata, wanted);
  const documents = allocate(targets, options.sampleSize);
  reportSample(counters, { sizes: strata.map((stratum) => stratum.rows), taken }, { sizes: targets, taken: documents });
  const partitions = plans.map((plan, at) => ({
    ...plan,
    target: targets[at]!,
    drawn: drawn.get(partitionKey(plan)) ?? [],
    documents: documents[at]!,
  }));
  return { partitions, unarchivable };
}

interface Strata extends Pick<SamplePlan, "unarchivable"> {
  readonly rows: ReadonlyMap<string, { readonly partition: Partition; readonly rows: number }>;
  readonly strata: readonly Stratum[];
}

/** Rows of each partition, and of each stratum of data type, month and size. */
export async function countStrata({ connections, run }: ValidateRun, sources: readonly SourceKeys[]): Promise<Strata> {
  const unarchivable = new Map<DataType, number>();
  const rows = new Map<string, { partition: Partition; rows: number }>();
  const strata = new Map<string, Stratum>();
  for (const keys of sources) {
    const { dataType } = keys.context;
    await run.pacing.unpaused(run.signal);
    const groups = await cancellable(connections.postgres, run.signal, (client) =>
      client.query<{ tenantId: string; month: string | null; size: number; rows: string }>(
        strataQuery(keysQuery(keys.context)),
      ),
    );
    for (const { tenantId, month, size, rows: count } of groups.rows) {
      if (month === null) {
        unarchivable.set(dataType, (unarchivable.get(dataType) ?? 0) + Number(count));
        continue;
      }
      const partition: Partition = { dataType, tenantId, month };
      const known = rows.get(partitionKey(partition)) ?? { partition, rows: 0 };
      rows.set(partitionKey(partition), { partition, rows: known.rows + Number(count) });
      const key = stratumKey(dataType, month, size);
      const stratum = strata.get(key) ?? { keys, month, size, rows: 0 };
      strata.set(key, { ...stratum, rows: stratum.rows + Number(count) });
    }
  }
  return { rows, strata: [...strata.values()], unarchivable };
}

/** Documents of each partition after a refresh. */
export async function countTargets(
  { connections: { elasticsearch }, run }: ValidateRun,
  plans: readonly PartitionPlan[],
): Promise<number[]> {
  const targets: number[] = [];
  for (const { index, within } of plans) {
    await run.pacing.unpaused(run.signal);
    if (index !== undefined) await refreshIndex(elasticsearch, index.name);
    targets.push(index === undefined ? 0 : await countCreatedWithin(elasticsearch, index.name, within));
  }
  return targets;
}

/** Ids of the rows drawn, by partition, and how many came from each stratum. */
async function draw(
  { connections, run }: ValidateRun,
  strata: readonly Stratum[],
  wanted: readonly number[],
): Promise<{ drawn: Map<string, string[]>; taken: number[] }> {
  const drawn = new Map<string, string[]>();
  const taken = new Map<string, number>();
  const draws = strata.map((stratum, at) => ({ ...stratum, take: wanted[at]! })).filter(({ take }) => take > 0);
  for (const [keys, some] of Map.groupBy(draws, (one) => one.keys)) {
    const { dataType } = keys.context;
    await run.pacing.unpaused(run.signal);
    const rows = await cancellable(connections.postgres, run.signal, (client) =>
      client.query<{ tenantId: string; month: string; size: number; id: string }>(
        drawQuery(keysQuery(keys.context), some),
      ),
    );
    for (const { tenantId, month, size, id } of rows.rows) {
      const key = partitionKey({ dataType, tenantId, month });
      const ids = drawn.get(key) ?? [];
      ids.push(id);
      drawn.set(key, ids);
      taken.set(stratumKey(dataType, month, size), (taken.get(stratumKey(dataType, month, size)) ?? 0) + 1);
    }
  }
  return {
    drawn,
    taken: strata.map(({ keys, month, size }) => taken.get(stratumKey(keys.context.dataType, month, size)) ?? 0),
  };
}

function stratumKey(dataType: DataType, month: string, size: number): string {
  return `${dataType}/${month}/${size}`;
}

interface Drawn {
  readonly sizes: readonly number[];
  readonly taken: readonly number[];
}

const wrongCounts = [1, 10, 100, 1000];

function reportSample(counters: ValidateRun["counters"], rows: Drawn, documents: Drawn): void {
  const [rowShare, documentShare] = [leastShare(rows.sizes, rows.taken), leastShare(documents.sizes, documents.taken)];
  counters.report.sample = {
    rows: sum(rows.taken),
    ofRows: sum(rows.sizes),
    documents: sum(documents.taken),
    ofDocuments: sum(documents.sizes),
    finds: wrongCounts.map((wrong) => ({
      wrong,
      rows: findsAtLeast(rowShare, wrong),
      documents: findsAtLeast(documentShare, wrong),
    })),
  };
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
