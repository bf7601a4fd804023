import { labelOf } from "../partitions/log-types.ts";
import type { TransferEnd } from "../../engine/transfer.ts";
import { byWorkers } from "../shared/by-workers.ts";
import type { WholePlan } from "./full-partition.ts";
import type { ValidateCounts } from "./validate-part.ts";
import type { ValidateRun } from "./validate-run.ts";

/** Has every partition validated by workers. What they find is in the state, as if this process had found it. */
export async function validateByWorkers(
  { connections, counters, run, progress, gaps }: ValidateRun,
  plans: readonly WholePlan[],
): Promise<TransferEnd> {
  const parts = plans.map((plan) => {
    const { dataType, tenantId, month, rows } = plan;
    const partition = { dataType, tenantId, month };
    return { partition, plan: { ...plan, gaps }, label: labelOf(partition), rows };
  });
  return byWorkers<ValidateCounts>(
    { connections, run, progress },
    {
      parts,
      earlier: () => {}, // each partition is looked at again, from where it was
      counted: (partition, { result }) => {
        if (result !== null) counters.found(partition, result);
      },
      advance: ({ checked }) => ({ rows: checked, bytes: 0 }),
      done: (_partition, { isVerified, warnings }) => {
        counters.report.partitions.done++;
        if (isVerified) counters.report.partitions.verified++;
        for (const warning of warnings) counters.warn(warning);
      },
    },
  );
}
