/** A command of a page, and what the page says that it prints. */
export interface Transcript {
  readonly command: string;
  readonly output: string;
  /** Where the output stands in the page's text. */
  readonly from: number;
  readonly to: number;
}

/** Of every block of `console`: one command behind `$`, and its output. */
export function transcriptsIn(page: string): Transcript[] {
  return [...page.matchAll(/^```console\n\$ (.+)\n([^]*?)^```$/gm)].map((found) => {
    const from = found.index + "```console\n$ ".length + found[1]!.length + 1;
    return { command: found[1]!, output: found[2]!, from, to: from + found[2]!.length };
  });
}

/** The page with other outputs, in their order. */
export function withOutputs(page: string, outputs: readonly string[]): string {
  let text = "";
  let at = 0;
  for (const [index, { from, to }] of transcriptsIn(page).entries()) {
    text += page.slice(at, from) + outputs[index]!;
    at = to;
  }
  return text + page.slice(at);
}

/** The output without what differs from run to run: ids, numbers, times, sizes, and the widths they give to columns. */
export function shapeOf(output: string): string[] {
  const lines = output.split("\n").map((line) =>
    line
      .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "ID")
      .replaceAll(/\b[0-9a-f]{8}\b|\b[0-9a-f]{6,8}…/g, "ID")
      .replaceAll(/\d+([.,:]\d+)*/g, "N")
      .replaceAll(/\bN ?(B|[kKMGT]i?B)\b/g, "SIZE")
      .replaceAll(/\bN ?(ms|s|m|h|d|minutes?|hours?|days?)\b( N(s|m))?/g, "TIME")
      .replaceAll(/(\bN_\w+, )+N_\w+/g, "MIGRATIONS")
      .replaceAll(/\b(green|yellow)\b/g, "HEALTH")
      .replaceAll(/[-─]{2,}/g, "--")
      .replaceAll(/\s+/g, " ")
      .trim(),
  );
  return lines.filter((line) => line !== "");
}

/** Lines that only one of the two outputs has. */
export function differingLines(page: string, now: string): string[] {
  const [shown, printed] = [shapeOf(page), shapeOf(now)];
  const missing = (from: readonly string[], to: readonly string[]): string[] =>
    from.filter((line) => !to.includes(line));
  return [...missing(shown, printed).map((line) => `- ${line}`), ...missing(printed, shown).map((line) => `+ ${line}`)];
}
