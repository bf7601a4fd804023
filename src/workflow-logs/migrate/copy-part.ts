import type { CopyRun } from "../copying/copy-run.ts";
import { copyRun, countBatch, runWriter } from "../copying/copy-run.ts";
import type { MigrateOptions } from "../copying/options.ts";
import { type CopyCounts, MigrateCounters } from "../copying/report.ts";
import { inspectSources } from "../partitions/source-schema.ts";
import type { PartKind } from "../shared/attempt.ts";
import { copyPlanned, type PlannedCopy } from "./copy-planned.ts";

/** What a worker does for `migrate --distributed`. */
export const copyPart: PartKind = {
  async open({ id, connections, options: given, startedAt, pacing, waits, progress }) {
    const options = given as unknown as MigrateOptions;
    const { postgres, settings } = connections;
    const sources = await inspectSources(postgres, options.scope, settings.searchText);
    const nobody = new MigrateCounters(options.scope.dataTypes, { dryRun: false });
    const run = { id, pacing, waits } as CopyRun["run"]; // each attempt has locks and a signal of its own
    const shared = { ...copyRun(connections, options, run, nobody, progress), copiedAt: startedAt };

    return async (attempt) => {
      const { partition } = attempt;
      const source = sources.find(({ logType }) => logType.dataType === partition.dataType);
      const counters = new MigrateCounters([partition.dataType], { dryRun: false });
      let committed = (attempt.counts as CopyCounts | null) ?? counters.counts();
      const counted = (more: (counters: MigrateCounters) => void): CopyCounts => {
        const sum = new MigrateCounters([partition.dataType], { dryRun: false });
        sum.join(partition, committed, null);
        more(sum);
        return sum.counts();
      };
      let next = committed;
      const copy: CopyRun = {
        ...shared,
        run: attempt.run,
        counters,
        writer: runWriter(connections, attempt.run, attempt.opaqueId),
        alsoCommit: async (transaction, confirmed) => {
          next = counted((sum) => countBatch(sum, partition, confirmed));
          await attempt.save(transaction, next);
        },
        onCommitted: () => (committed = next),
      };
      const end = await copyPlanned(copy, source!, attempt.plan as PlannedCopy, attempt.run.signal);
      if (end === "completed") await attempt.finish(counted((sum) => sum.join(partition, counters.counts(), null)));
      return end;
    };
  },
};
