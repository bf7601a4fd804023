import { platformStorage } from "../../../config/sections/platform-storage.ts";
import { repositories } from "../../../config/sections/repositories.ts";
import { type Finding, warn } from "../../../workflow-logs/preflight/finding.ts";
import { hiddenLogs, hiddenLogsHint } from "../../../workflow-logs/repositories/hidden-logs.ts";
import { type ArchiveCommand, archiveCommands } from "../../../workflow-logs/preflight/command-needs.ts";
import { command } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { value } from "../../options/flags.ts";
import { orderedDates } from "../../options/scope.ts";
import { oneOf } from "../../options/values.ts";
import { nextStep } from "../../output/next-step.ts";
import { printable } from "../../output/printable.ts";
import { trustsAnybody } from "../../../stores/postgres/connection/tls.ts";
import { isUnverified, unverified, unverifiedDatabase } from "../../unverified.ts";
import { storesConfig, withFileStorage, withStores } from "../../wiring.ts";
import { earlierOptions } from "./migrate/migrate.ts";
import { exactFlag, migrateFlags, migrateOptions } from "./migrate/migrate-options.ts";

export default command({
  flags: {
    ...migrateFlags,
    ...exactFlag,
    for: value(
      "the command that is to run; for others than migrate only what it may do is looked at",
      oneOf(...archiveCommands).default("migrate"),
    ),
  },
  check: (schema) => schema.refine(...orderedDates),
  config: { ...storesConfig, storage: platformStorage, repositories },
  run: ({ for: commandName, exact, ...given }, context) =>
    withStores(context, async (stores) => {
      const { preflight } = await import("../../../workflow-logs/preflight/preflight.ts");
      const options = migrateOptions(given, await earlierOptions(stores, given.runId));
      const connections = await withFileStorage(context, stores, options.offload === "inline");
      const found = await preflight(connections, options, context.signal, commandName, exact === true);
      const hidden = hiddenLogs(context.config.repositories);
      const findings = [
        ...found,
        ...(hidden === undefined ? [] : [warn("repositories", hidden, hiddenLogsHint)]),
        ...(isUnverified(context.config.elasticsearch) ? [warn("certificates", `${unverified}.`, unverifiedHint)] : []),
        ...(trustsAnybody(context.config.database.url)
          ? [
              warn(
                "certificates",
                `${unverifiedDatabase}.`,
                "Set sslmode=verify-full, and sslrootcert to the authority that signed the certificate.",
              ),
            ]
          : []),
      ];
      const worst = findings.some(({ level }) => level === "fail")
        ? "fail"
        : findings.some(({ level }) => level === "warn")
          ? "warn"
          : "ok";
      context.output.result({ status: worst, findings }, () => preflightText(findings, commandName));
      return worst === "fail" ? exitCodes.findings : exitCodes.done;
    }),
});

const unverifiedHint =
  "Set ELASTICSEARCH_CA_CERTS to the authority that signed the certificate, and leave ELASTICSEARCH_VERIFY_CERTS out.";

const signs = { ok: "✓", warn: "⚠", fail: "✗" } as const;

function preflightText(findings: readonly Finding[], commandName: ArchiveCommand): string {
  const lines = findings.map(({ check, level, message, hint }) =>
    printable(`${signs[level]} ${check}: ${message}${hint === undefined ? "" : `\n    ${hint}`}`),
  );
  const failed = findings.filter(({ level }) => level === "fail").length;
  return [
    ...lines,
    ...(failed === 0 && commandName === "migrate" ? ["", nextStep("preflight")] : []),
    "",
    failed === 0
      ? `✓ SUCCESS: ${commandName === "migrate" ? "a migration" : commandName} can start`
      : `⚠ WARNING: ${failed} checks failed; mend them before ${commandName === "migrate" ? "migrating" : commandName}`,
  ].join("\n");
}
