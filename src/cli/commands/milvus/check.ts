import { command } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { withVectors } from "./connect.ts";

export default command({
  flags: {},
  run: (_, context) =>
    withVectors(context, async (connections) => {
      const { check } = await import("../../../vectors/check/check.ts");
      const findings = await check(connections);
      const failed = findings.filter(({ state }) => state === "failed");
      const report = { status: failed.length === 0 ? "ok" : "failed", findings };
      context.output.result(report, () =>
        findings
          .map(
            ({ name, state, message, hint }) =>
              `${state === "ok" ? "✓" : "✗"} ${name}: ${message}${hint ? `\n  ${hint}` : ""}`,
          )
          .join("\n"),
      );
      return failed.length === 0 ? exitCodes.done : exitCodes.findings;
    }),
});
