import type { Command } from "commander";
import { preflight } from "../../../workflow-logs/preflight/preflight.ts";
import type { Finding } from "../../../workflow-logs/preflight/finding.ts";
import { exitCodes } from "../../exit-codes.ts";
import { nextStep } from "../../output/next-step.ts";
import { printable } from "../../output/printable.ts";
import { action, type Session } from "../../run-command.ts";
import { withFileStorage, withStores } from "../../wiring.ts";
import { earlierOptions } from "./migrate.ts";
import { addMigrateOptions, migrateOptions, migrateShape } from "./migrate-options.ts";

export function addPreflight(group: Command, session: Session): void {
  addMigrateOptions(group.command("preflight"))
    .description("Check what a migrate with the same flags needs, and touch nothing")
    .action(
      action(session, {
        options: migrateShape,
        run: (given, context) =>
          withStores(context, async (stores) => {
            const options = migrateOptions(given, await earlierOptions(stores, given.runId));
            const findings = await preflight(
              withFileStorage(context, stores, options.offload === "inline"),
              options,
              context.signal,
            );
            const worst = findings.some(({ level }) => level === "fail")
              ? "fail"
              : findings.some(({ level }) => level === "warn")
                ? "warn"
                : "ok";
            context.output.result({ status: worst, findings }, () => preflightText(findings));
            return worst === "fail" ? exitCodes.findings : exitCodes.done;
          }),
      }),
    );
}

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
