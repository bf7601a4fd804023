import cliTruncate from "cli-truncate";
import type { ShownNode, ShownRun } from "../../../workflow-logs/show/show-run.ts";
import type { ShownOffload } from "../../../workflow-logs/show/shown-offloads.ts";
import { formatBytes, formatCount, formatDuration } from "../../output/format.ts";
import { printable } from "../../output/printable.ts";

interface Look {
  /** Values whole instead of the beginning of each. */
  readonly whole: boolean;
  readonly width?: number | undefined;
}

const foldedWidth = 100;

export function shownRunText({ tenantId, run, nodes }: ShownRun, look: Look): string {
  const failed = nodes.filter(({ status }) => status === "failed" || status === "exception").length;
  const count = `${formatCount(nodes.length)} node${nodes.length === 1 ? "" : "s"}${failed > 0 ? `, ${formatCount(failed)} failed` : ""}`;
  return [runText(tenantId, run, look), count, ...nodes.map((node, at) => nodeText(node, at + 1, look))].join("\n\n");
}

function runText(tenantId: string, run: ShownRun["run"], look: Look): string {
  if (run === null)
    return `The run itself is in neither store any more; tenant ${printable(tenantId)} has nodes of it:`;
  const { elapsedTime, totalTokens, totalSteps } = run;
  const took = [formatDuration(elapsedTime * 1000), `${formatCount(totalTokens)} tokens`];
  if (totalSteps !== null) took.push(`${formatCount(totalSteps)} steps`);
  return [
    printable(`Run ${run.id}: ${run.status}, ${run.createdAt}, ${took.join(", ")} (${run.store})`),
    printable(`  tenant ${tenantId}, app ${run.appId}, workflow ${run.workflowId}, version ${run.version}`),
    printable(`  ${run.triggeredFrom}, by ${run.createdByRole} ${run.createdBy}`),
    ...valueLines(
      [
        ["error", run.error],
        ["inputs", run.inputs],
        ["outputs", run.outputs],
      ],
      [],
      "  ",
      look,
    ),
  ].join("\n");
}

function nodeText(node: ShownNode, place: number, look: Look): string {
  const head = `${place}. ${node.title} (${node.nodeType}): ${node.status}, ${formatDuration(node.elapsedTime * 1000)}, ${node.createdAt} (${node.store})`;
  const values: Value[] = [
    ["error", node.error],
    ["inputs", node.inputs],
    ["process data", node.processData],
    ["outputs", node.outputs],
  ];
  return [
    printable(head),
    `   ${printable(`${node.nodeId}, ${node.id}`)}`,
    ...valueLines(values, node.offloads, "   ", look),
  ].join("\n");
}

type Value = readonly [name: string, text: string | null];

function valueLines(values: readonly Value[], offloads: readonly ShownOffload[], indent: string, look: Look): string[] {
  return values.flatMap(([name, text]) => {
    const offload = offloads.find(({ type }) => type === name.replace(" ", "_"));
    const shown = (look.whole ? offload?.content : undefined) ?? text;
    const notes = offload === undefined ? [] : [`${indent}${name} offloaded: ${offloadText(offload)}`];
    if (shown === null || shown === "") return notes;
    return [valueText(name, shown, indent, look), ...notes];
  });
}

function valueText(name: string, text: string, indent: string, { whole, width = foldedWidth }: Look): string {
  const readable = printable(unescaped(text));
  if (whole) return `${indent}${name}: ${readable.replaceAll("\n", `\n${indent}  `)}`;
  const line = `${indent}${name}: ${readable.replaceAll(/\s+/g, " ")}`;
  const folded = cliTruncate(line, Math.max(width, 40));
  return folded === line ? line : `${folded} (${formatCount(text.length)} characters)`;
}

/** The letters that the platform stores as JSON escapes; all else stays as it is stored. */
function unescaped(json: string): string {
  return json.replaceAll(/\\(?:u([0-9a-fA-F]{4})|.)/gs, (escape, hex: string | undefined) => {
    const unit = hex === undefined ? 0 : Number.parseInt(hex, 16);
    return unit >= 0xa0 ? String.fromCharCode(unit) : escape;
  });
}

function offloadText({ bytes, key, content, contentError }: ShownOffload): string {
  const size = bytes === null ? [] : [formatBytes(bytes)];
  const where = key === null ? [] : [printable(key)];
  const archived = content === null ? [] : ["archived whole"];
  const missing = contentError === null ? [] : [`not archived: ${printable(contentError)}`];
  return [...size, ...where, ...archived, ...missing].join(", ");
}
