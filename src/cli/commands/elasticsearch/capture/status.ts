import { command } from "../../../command.ts";
import { databaseConfig, withDatabase } from "../../../wiring.ts";
import { captureText } from "./text.ts";

export default command({
  flags: {},
  config: databaseConfig,
  run: (_, context) =>
    withDatabase(context, async (database) => {
      const { captureStatus } = await import("../../../../workflow-logs/capture/status.ts");
      const report = await captureStatus(database);
      context.output.result(report, (width) => captureText(report, width));
    }),
});
