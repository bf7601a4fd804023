import { labelOf } from "../partitions/log-types.ts";
import type { TransferEnd } from "../../engine/transfer.ts";
import type { CopyRun } from "../copying/copy-run.ts";
import type { CopyCounts } from "../copying/report.ts";
import type { PlannedPartition, SourcePlan } from "../partitions/plan.ts";
import { byWorkers } from "../shared/by-workers.ts";
import type { PlannedCopy } from "./copy-planned.ts";

/** As copyAll, with the partitions copied by workers. */
export async function copyByWorkers(
  { connections, run, counters, progress }: CopyRun,
  plans: readonly SourcePlan[],
  partitions: readonly PlannedPartition[],
): Promise<TransferEnd> {
  const planOf = new Map(plans.map((plan) => [plan.source.logType.dataType, plan]));
  const parts = partitions.map((planned) => {
    const { listing, isNoted } = planOf.get(planned.dataType)!;
    const { dataType, tenantId, month, rows } = planned;
    const partition = { dataType, tenantId, month };
    const plan: PlannedCopy = { ...planned, listing: listing!, isNoted };
    return { partition, plan, label: labelOf(partition), rows };
  });
  return byWorkers<CopyCounts>(
    { connections, run, progress },
    {
      parts,
      // copied before this process began; what the plan has found to be copied already is no other than that
      earlier: (partition, counts) => {
        const { migrated, failed, bytes } = counts.totals;
        const totals = { source: failed, migrated, skipped: -migrated, failed, bytes };
        counters.join(partition, { ...counts, totals }, null);
      },
      counted: (partition, now, before) => counters.join(partition, now, before),
      advance: ({ totals }) => ({ rows: totals.migrated + totals.failed, bytes: totals.bytes }),
      done: (_partition, { waiting }) => {
        if (waiting.length === 0) counters.partitionDone();
      },
    },
  );
}
