import { platformStorage } from "../../../config/sections/platform-storage.ts";
import { repositories } from "../../../config/sections/repositories.ts";
import { type Finding, warn } from "../../../workflow-logs/preflight/finding.ts";
import { hiddenLogs, hiddenLogsHint } from "../../../workflow-logs/repositories/hidden-logs.ts";
import { command } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { orderedDates } from "../../options/scope.ts";
import { nextStep } from "../../output/next-step.ts";
import { printable } from "../../output/printable.ts";
import { storesConfig, withFileStorage, withStores } from "../../wiring.ts";
import { earlierOptions } from "./migrate/migrate.ts";
import { migrateFlags, migrateOptions } from "./migrate/migrate-options.ts";

export default command({
  flags: migrateFlags,
  check: (schema) => schema.refine(...orderedDates),
  config: { ...storesConfig, storage: platformStorage, repositories },
  run: (given, context) =>
    withStores(context, async (stores) => {
      const { preflight } = await import("../../../workflow-logs/preflight/preflight.ts");
      const options = migrateOptions(given, await earlierOptions(stores, given.runId));
      const connections = await withFileStorage(context, stores, options.offload === "inline");
      const found = await preflight(connections, options, context.signal);
      const hidden = hiddenLogs(context.config.repositories);
      const findings = hidden === undefined ? found : [...found, warn("repositories", hidden, hiddenLogsHint)];
      const worst = findings.some(({ level }) => level === "fail")
        ? "fail"
        : findings.some(({ level }) => level === "warn")
          ? "warn"
          : "ok";
      context.output.result({ status: worst, findings }, () => preflightText(findings));
      return worst === "fail" ? exitCodes.findings : exitCodes.done;
    }),
});

const signs = { ok: "✓", warn: "⚠", fail: "✗" } as const;

function preflightText(findings: readonly Finding[]): string {
  const lines = findings.map(({ check, level, message, hint }) =>
    printable(`${signs[level]} ${check}: ${message}${hint === undefined ? "" : `\n    ${hint}`}`),
  );
  const failed = findings.filter(({ level }) => level === "fail").length;
  return [
    ...lines,
    ...(failed === 0 ? ["", nextStep("preflight")] : []),
    "",
    failed === 0
      ? "✓ SUCCESS: a migration can start"
      : `⚠ WARNING: ${failed} checks failed; mend them before migrating`,
  ].join("\n");
}
