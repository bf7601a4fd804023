export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** Text that may stand in a cell. */
export function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "\\<");
}
