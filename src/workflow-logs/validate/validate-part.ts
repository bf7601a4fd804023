import { inspectSources } from "../partitions/source-schema.ts";
import type { PartKind } from "../shared/attempt.ts";
import { runWriter } from "../copying/copy-run.ts";
import { validateWhole, type WholePlan } from "./full-partition.ts";
import type { ValidateOptions } from "./options.ts";
import { type PartitionResult, ValidateCounters } from "./report.ts";
import { validateRun } from "./validate-run.ts";

/** What a worker has found of a partition, and how far it is. */
export interface ValidateCounts {
  /** Rows compared so far. */
  readonly checked: number;
  /** Null while the first attempt is under way. */
  readonly result: PartitionResult | null;
  readonly isVerified: boolean;
  readonly warnings: readonly string[];
}

/** What a worker does for `validate --full --distributed`. */
export const validatePart: PartKind = {
  async open({ connections, options: given, progress }) {
    const options = given as unknown as ValidateOptions;
    const { postgres, settings } = connections;
    const sources = await inspectSources(postgres, options.scope, settings.searchText);

    return async (attempt) => {
      const { partition, run } = attempt;
      const plan = attempt.plan as WholePlan & { readonly gaps: string };
      const source = sources.find(({ logType }) => logType.dataType === partition.dataType);
      const counters = new ValidateCounters(options);
      let counts = (attempt.counts as ValidateCounts | null) ?? nothing;
      const validation = validateRun(connections, options, run, counters, progress, plan.gaps);
      const whole = {
        ...validation,
        copy: { ...validation.copy, writer: runWriter(connections, run, attempt.opaqueId) },
        alsoCommit: async (transaction: typeof connections.state, checked: number) => {
          counts = { ...counts, checked };
          await attempt.save(transaction, counts);
        },
      };
      const found = (): ValidateCounts => ({
        checked: counts.checked,
        result: counters.resultOf(partition) ?? null,
        isVerified: counters.report.partitions.verified > 0,
        warnings: counters.warned,
      });
      try {
        const end = await validateWhole(whole, source!, plan, run.signal);
        if (end === "completed") await attempt.finish(found());
        else await attempt.save(connections.state, found());
        return end;
      } catch (error) {
        await attempt.save(connections.state, found()).catch(() => {}); // the first error matters
        throw error;
      }
    };
  },
};

const nothing: ValidateCounts = { checked: 0, result: null, isVerified: false, warnings: [] };
