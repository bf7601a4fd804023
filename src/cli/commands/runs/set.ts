import { describeLimits } from "../../../runs/run-limits.ts";
import { command } from "../../command.ts";
import { value } from "../../options/flags.ts";
import { batchSize, concurrency, rowsOrOff, sizeOrOff } from "../../options/values.ts";
import { runHomesConfig, withRunHomes } from "../../wiring.ts";
import { printRequest } from "./request.ts";
import { runFlags } from "./run-flags.ts";

export default command({
  flags: {
    ...runFlags,
    maxRps: value("at most so many rows a second, or off", rowsOrOff.optional()),
    maxBytesRate: value("at most so many bytes a second, such as 10MB, or off", sizeOrOff.optional()),
    concurrency: value("batches in flight", concurrency.optional()),
    batchSize: value("rows of one batch", batchSize.optional()),
  },
  check: (schema) =>
    schema.refine(({ id: _id, to: _to, ...limits }) => Object.values(limits).some((limit) => limit !== undefined), {
      message: "give at least one of --max-rps, --max-bytes-rate, --concurrency and --batch-size",
      when: ({ issues }) => issues.length === 0,
    }),
  examples: [["runs set 3f2a --max-rps 500", "slow a run down in office hours"]],
  config: runHomesConfig,
  run: (given, context) =>
    withRunHomes(context, given.to, async (homes) => {
      const { setLimits } = await import("../../../runs/control-runs.ts");
      const run = await setLimits(homes, given.id, {
        ...(given.maxRps !== undefined && { recordsPerSecond: given.maxRps }),
        ...(given.maxBytesRate !== undefined && { bytesPerSecond: given.maxBytesRate }),
        ...(given.concurrency !== undefined && { concurrency: given.concurrency }),
        ...(given.batchSize !== undefined && { batchRows: given.batchSize }),
      });
      printRequest(context, run, ({ id, limits }) => `Run ${id} obeys within 2 seconds: ${describeLimits(limits!)}`);
    }),
});
