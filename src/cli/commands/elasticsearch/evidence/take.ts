import { z } from "zod";
import { evidenceSigningKey } from "../../../../config/sections/evidence.ts";
import type { EvidenceReport } from "../../../../workflow-logs/evidence/take-evidence.ts";
import { command } from "../../../command.ts";
import { exitCodes } from "../../../exit-codes.ts";
import { value } from "../../../options/flags.ts";
import { orderedDates, scopeFlags, scopeOf, soleTenant } from "../../../options/scope.ts";
import { formatCount } from "../../../output/format.ts";
import { printable } from "../../../output/printable.ts";
import { packageVersion } from "../../../version.ts";
import { storesConfig, withStores } from "../../../wiring.ts";
import { printArchiveReport } from "../print-archive-report.ts";

export default command({
  flags: {
    ...scopeFlags,
    tenantId: soleTenant,
    output: value("write the files into this folder", z.string().min(1).default(".")),
  },
  check: (schema) => schema.refine(...orderedDates),
  examples: [
    [
      "elasticsearch evidence --tenant-id T --output evidence",
      "a file for each month; signed with EVIDENCE_SIGNING_KEY",
    ],
  ],
  config: { ...storesConfig, evidenceSigningKey },
  run: async ({ output: folder, ...given }, context) => {
    const { readSigningKey } = await import("../../../../workflow-logs/evidence/keys.ts");
    const keyFile = context.config.evidenceSigningKey;
    const signingKey = keyFile === undefined ? undefined : readSigningKey(keyFile);
    return withStores(context, async (connections) => {
      const { takeEvidence } = await import("../../../../workflow-logs/evidence/take-evidence.ts");
      const options = { scope: scopeOf(given), folder, signingKey, programVersion: packageVersion() };
      const report = await takeEvidence(connections, options, context);
      const code = report.objections.length > 0 ? exitCodes.findings : exitCodes.done;
      return printArchiveReport(
        context,
        connections,
        report,
        () => evidenceText(report, signingKey !== undefined),
        code,
      );
    });
  },
});

function evidenceText({ status, files, objections }: EvidenceReport, isSigned: boolean): string {
  const documents = files.reduce((sum, file) => sum + file.documents, 0);
  return [
    ...files.map((file) =>
      printable(
        `${file.file}: ${formatCount(file.documents)} documents, ${formatCount(file.purged)} of them of purged rows`,
      ),
    ),
    ...objections.map(({ dataType, month, index, reason, ids }) =>
      printable(
        `⚠ no evidence of ${index ?? `${dataType} ${month}`}: ${reason}${ids.length > 0 ? ` (such as ${ids.join(", ")})` : ""}`,
      ),
    ),
    "",
    status === "interrupted"
      ? "⚠ WARNING: interrupted; the files written are whole. Run the same command again for the rest."
      : objections.length > 0
        ? "⚠ WARNING: some months have no evidence"
        : files.length === 0
          ? "There is no index of this tenant in this range."
          : `✓ SUCCESS: ${formatCount(files.length)} files speak of ${formatCount(documents)} documents${isSigned ? "" : ", unsigned: EVIDENCE_SIGNING_KEY is not set"}`,
  ].join("\n");
}
