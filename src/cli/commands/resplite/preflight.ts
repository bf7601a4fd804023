import prettyBytes from "pretty-bytes";
import type { ImportPreflight } from "../../../resplite/import/preflight.ts";
import { command } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { fromFlag, sourceOf, toFlag } from "./import-flags.ts";

export default command({
  flags: { from: fromFlag, to: toFlag },
  examples: [["resplite preflight --from redis://10.0.0.10:6379 --to ./resplite.db", "what would be imported"]],
  run: async (given, context) => {
    const { preflight } = await import("../../../resplite/import/preflight.ts");
    const found = await preflight({ from: sourceOf(given.from, context), to: given.to });
    context.output.result(found, () => preflightText(found));
    return found.findings.length > 0 ? exitCodes.findings : exitCodes.done;
  },
});

function preflightText(found: ImportPreflight): string {
  const types = Object.entries(found.types).map(([type, count]) => `${type} ${count}`);
  const { scanCount, maxConcurrency, maxRps } = found.recommended;
  return [
    `Source: ${found.source} (Redis ${found.version}, ${found.role}, database ${found.database})`,
    `Key count (estimate): ${found.keys.toLocaleString("en")}`,
    `Type distribution (sample of ${found.sampled}): ${types.join(", ") || "no keys"}`,
    `Size (estimate): ${prettyBytes(found.estimatedBytes)} in Redis; largest sampled key ${prettyBytes(found.largestSampled)}`,
    `notify-keyspace-events: ${found.notifications === null ? "cannot be read" : found.notifications || "off"}`,
    `Recommended: --scan-count ${scanCount} --max-concurrency ${maxConcurrency} --max-rps ${maxRps}`,
    ...found.findings.map(({ level, message, hint }) => `${level === "problem" ? "✗" : "⚠"} ${message}\n  ${hint}`),
    found.findings.length === 0
      ? "✓ Next: start the tracker, then the bulk import"
      : `${found.findings.length} findings`,
  ].join("\n");
}
