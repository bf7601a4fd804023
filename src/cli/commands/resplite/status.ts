import { command } from "../../command.ts";
import { runIdFlag, toFlag } from "./import-flags.ts";
import { countersText } from "./import-text.ts";

export default command({
  flags: { runId: runIdFlag, to: toFlag },
  run: async ({ runId, to }, context) => {
    const { importStatus } = await import("../../../resplite/import/status.ts");
    const report = await importStatus(to, runId);
    context.output.result(report, () =>
      [
        `Run ${runId}: ${report.status}, source ${report.source}`,
        `  at work: ${report.atWork.join(", ") || "nothing"}; tracker ${report.isTracked ? "listening" : "not there"}`,
        ...countersText(report).filter((_, at) => at !== 1),
        `  by state: ${Object.entries(report.dirtyByState)
          .map(([state, count]) => `${state}=${count}`)
          .join(" ")}`,
        ...(report.lastError === null ? [] : [`  last error: ${report.lastError}`]),
      ].join("\n"),
    );
  },
});
