import { command } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printable } from "../../output/printable.ts";
import { layraConfig, timeoutFlag, withStores } from "./connect.ts";

const signs = { ok: "✓", warning: "⚠", unknown: "?" } as const;

export default command({
  flags: { timeout: timeoutFlag(30) },
  config: layraConfig,
  run: ({ timeout }, context) =>
    withStores(context, timeout, async (stores) => {
      const { examine } = await import("../../../layra/operate/doctor.ts");
      const findings = await examine(stores, 1000 * timeout);
      const isWell = findings.every(({ state }) => state === "ok");
      context.output.result({ status: isWell ? "ok" : "findings", findings }, () =>
        findings
          .map(({ name, state, message, hint }) => {
            const help = hint === undefined ? "" : `\n  ${hint}`;
            return `${signs[state]} ${name}: ${printable(message)}${help}`;
          })
          .join("\n"),
      );
      return isWell ? exitCodes.done : exitCodes.findings;
    }),
});
