import { stateFile } from "../../../config/sections/state-file.ts";
import { command } from "../../command.ts";
import { value } from "../../options/flags.ts";
import { batchSize, concurrency } from "../../options/values.ts";
import { printReport } from "../../print-report.ts";
import { failedRoute } from "./known-route.ts";
import { codeOf } from "./migrate.ts";
import { withOpenRoute } from "./open-route.ts";
import { reportText } from "./report-text.ts";
import { withCacheState } from "./state.ts";
import { maxRps, routeFlags } from "./store-flags.ts";
import { watchBatches } from "./watch-batches.ts";

export default command({
  flags: {
    ...routeFlags,
    batchSize: value("records of one batch", batchSize.default(1000)),
    concurrency: value("batches in flight at once", concurrency.default(4)),
    maxRps,
  },
  config: { stateFile },
  examples: [["llm-cache retry", "what failed in the newest run with failed records"]],
  run: (options, context) =>
    withCacheState(context, async (state) => {
      const route = await failedRoute(options, state);
      return withOpenRoute(context, route, async (stores) => {
        const { retry } = await import("../../../llm-cache/retry.ts");
        const { sourceEnv, targetEnv } = route;
        const limits = { batchSize: options.batchSize, concurrency: options.concurrency };
        const report = await retry(
          stores,
          state,
          { ...limits, recordsPerSecond: options.maxRps ?? undefined, noted: { sourceEnv, targetEnv } },
          watchBatches(context),
        );
        return printReport(context, report, () => reportText(report), codeOf(report));
      });
    }),
});
