import { command } from "../../command.ts";
import { value } from "../../options/flags.ts";
import { batchSize, concurrency, rowsOrOff, sizeOrOff, wholeNumber } from "../../options/values.ts";
import { ask } from "./control.ts";
import { runIdFlag, toFlag } from "./import-flags.ts";

export default command({
  flags: {
    runId: runIdFlag,
    to: toFlag,
    maxConcurrency: value("batches that are read at once", concurrency.optional()),
    maxRps: value("at most so many keys a second, or off", rowsOrOff.optional()),
    maxBytesRate: value("at most so many bytes a second, or off", sizeOrOff.optional()),
    batchKeys: value("keys of one transaction", batchSize.optional()),
    scanCount: value("COUNT of SCAN", wholeNumber(1, 100_000).optional()),
  },
  check: (schema) =>
    schema.refine(({ runId: _id, to: _to, ...limits }) => Object.values(limits).some((limit) => limit !== undefined), {
      message: "give at least one of --max-concurrency, --max-rps, --max-bytes-rate, --batch-keys and --scan-count",
      when: ({ issues }) => issues.length === 0,
    }),
  examples: [["resplite set --run-id run_001 --to ./resplite.db --max-rps 500", "slow a run down"]],
  run: ({ runId, to, scanCount, ...limits }, context) =>
    ask(
      context,
      runId,
      to,
      {
        limits: {
          ...(limits.maxConcurrency !== undefined && { concurrency: limits.maxConcurrency }),
          ...(limits.maxRps !== undefined && { recordsPerSecond: limits.maxRps }),
          ...(limits.maxBytesRate !== undefined && { bytesPerSecond: limits.maxBytesRate }),
          ...(limits.batchKeys !== undefined && { batchRows: limits.batchKeys }),
        },
        ...(scanCount !== undefined && { scanCount }),
      },
      "obeys within 2 seconds",
    ),
});
