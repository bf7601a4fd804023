import { readFile, stat } from "node:fs/promises";
import { z } from "zod";
import { elasticsearch } from "../../../../config/sections/elasticsearch.ts";
import { UsageError } from "../../../../engine/errors.ts";
import { exactIndexName } from "../../../../workflow-logs/evidence/evidence-file.ts";
import type { VerifyEvidenceReport } from "../../../../workflow-logs/evidence/verify-evidence.ts";
import { command } from "../../../command.ts";
import { exitCodes } from "../../../exit-codes.ts";
import { value } from "../../../options/flags.ts";
import { formatCount } from "../../../output/format.ts";
import { printable } from "../../../output/printable.ts";
import { withElasticsearch } from "../../../wiring.ts";

export default command({
  flags: {
    file: value("a file that evidence wrote", z.string().min(1)),
    index: value(
      "look at this index, if a snapshot was restored under another name",
      z.string().regex(exactIndexName, "is no name of one index").optional(),
    ),
    publicKey: value("only evidence signed with this key counts; the path of a PEM file", z.string().min(1).optional()),
  },
  examples: [
    ["elasticsearch evidence verify FILE --public-key PUBLIC.pem", "whether the index still holds what it held"],
    ["elasticsearch evidence verify FILE --index restored-2025-09", "the same for a snapshot restored elsewhere"],
  ],
  config: { elasticsearch },
  run: async ({ file, index, publicKey }, context) => {
    const { readEvidence } = await import("../../../../workflow-logs/evidence/evidence-file.ts");
    const { readPublicKey } = await import("../../../../workflow-logs/evidence/keys.ts");
    const evidence = readEvidence(await textOf(file), file);
    const trusted = publicKey === undefined ? undefined : readPublicKey(publicKey);
    return withElasticsearch(context, async (client) => {
      const { verifyEvidence } = await import("../../../../workflow-logs/evidence/verify-evidence.ts");
      const report = await verifyEvidence(client, evidence, { index, trusted }, context.signal);
      context.output.result(report, () => verifyText(report, trusted !== undefined));
      return report.status === "proven" ? exitCodes.done : exitCodes.findings;
    });
  },
});

/** Evidence has some 30 KB, with the longest ids a few MB. */
const mostBytes = 32 * 1024 * 1024;

async function textOf(file: string): Promise<string> {
  try {
    if ((await stat(file)).size > mostBytes)
      throw new UsageError("not_evidence", `${file} is too large to be evidence.`, {
        hint: "Name the file that app elasticsearch evidence wrote. Nothing was verified.",
      });
    return await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError("file_unreadable", `${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`, {
      hint: "Look at its name and whether this user may read it. Nothing was verified.",
    });
  }
}

function verifyText(report: VerifyEvidenceReport, hasTrusted: boolean): string {
  const { status, index, expected, found, differences, strangers, statement } = report;
  const { dataType, tenantId, month, takenAt, operator, purged, unproven, others } = statement;
  return [
    printable(`${dataType} ${tenantId} ${month}, taken ${takenAt} by ${operator}`),
    printable(`  ${signatureText(report, hasTrusted)}`),
    `  then: ${formatCount(purged)} documents of purged rows, ${formatCount(unproven)} of rows purged without a fingerprint, ${formatCount(others)} others`,
    printable(`  now, in ${index}: ${formatCount(found)} documents`),
    ...differences.map(({ after, upTo, expected: then, found: now }) =>
      printable(
        `  differs: ids ${after === null ? "from the first" : `behind ${after}`} ${upTo === null ? "on" : `to ${upTo}`}: ${formatCount(then)} documents then, ${formatCount(now)} now`,
      ),
    ),
    ...strangers.map((id) => printable(`  not written by this program: ${id}`)),
    "",
    status === "proven"
      ? `✓ SUCCESS: all ${formatCount(expected)} documents are what they were, and there are no others`
      : differences.length + strangers.length === 0
        ? "⚠ WARNING: the documents are those of the evidence, but its signature proves nothing"
        : "⚠ WARNING: the index does not hold what the evidence says",
  ].join("\n");
}

function signatureText({ signature, keyId }: VerifyEvidenceReport, hasTrusted: boolean): string {
  const texts: Record<VerifyEvidenceReport["signature"], string> = {
    valid: hasTrusted
      ? `signed with the key ${keyId} that was given`
      : `signed with the key ${keyId}; whose it is only --public-key can tell`,
    none: "not signed",
    other_key: `signed with the key ${keyId}, which is not the one given`,
    wrong: "its signature is wrong: the file was changed",
  };
  return texts[signature];
}
