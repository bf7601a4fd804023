import { dirtyBacklog } from "../state/dirty/dirty-rows.ts";
import { countDeleted, countPurged } from "../state/validate/purged-and-deleted-ids.ts";
import { partitionKey } from "../partitions/log-types.ts";
import { wholeMonth } from "../partitions/scope.ts";
import type { SourceKeys } from "./plan.ts";
import { countStrata, countTargets, type SampledPartition } from "./sample/plan-sample.ts";
import type { CountDifference } from "./report.ts";
import type { ValidateRun } from "./validate-run.ts";

/**
 * Partitions whose documents are more than their rows and those purged or deleted, or fewer than their rows, or than
 * the purged rows of which they are the only copy. Those that seem so are counted once more in both stores: rows come
 * and go while a platform runs, so only a difference from both counts of rows is one. The report has the later counts.
 */
export async function compareCounts(
  validation: ValidateRun,
  sources: readonly SourceKeys[],
  plans: readonly SampledPartition[],
): Promise<CountDifference[]> {
  const suspects = plans.filter((plan) => plan.rows !== plan.target || plan.index === undefined);
  if (suspects.length === 0) return [];
  const { rows } = await countStrata(validation, sources);
  const targets = await countTargets(validation, suspects);
  const differences: CountDifference[] = [];
  for (const [at, plan] of suspects.entries()) {
    const now = rows.get(partitionKey(plan))?.rows ?? 0;
    const { dataType, tenantId } = plan;
    const target = targets[at]!;
    const range = wholeMonth(plan, plan.keys.context.timeZone);
    const keptAfterDelete = await countDeleted(validation.connections.state, plan, range);
    validation.counters.found(plan, { ...validation.counters.resultOf(plan)!, source: now, target, keptAfterDelete });
    const purged = await countPurged(validation.connections.state, plan);
    const isLess = Math.max(target, plan.target) < Math.min(now, plan.rows);
    const isMore = Math.min(target, plan.target) > Math.max(now, plan.rows) + purged + keptAfterDelete;
    if (isLess) {
      const { rows: waiting } = await dirtyBacklog(validation.connections.state, {
        dataTypes: [dataType],
        tenantIds: [tenantId],
      });
      if (waiting > 0) {
        validation.counters.warn(`${waiting} writes into ${dataType} wait to be copied: app elasticsearch apply-dirty`);
        continue;
      }
    }
    const isLost = plan.coversWholeMonth && purged > Math.max(target, plan.target);
    if (isLess || isMore || isLost) differences.push({ dataType, tenantId, month: plan.month, source: now, target });
  }
  return differences;
}
