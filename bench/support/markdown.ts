import type { PartResult } from "./bench.ts";

/** A section that can be pasted into docs/performance.md. */
export function markdown({ title, heads, lines, notes }: PartResult): string {
  const table = [row(heads), row(heads.map((_, at) => (at === 0 ? "---" : "---:"))), ...lines.map(row)];
  return [`### ${title}`, "", ...table, ...notes.map((note) => `\n${note}`), ""].join("\n");
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}
