import cliTruncate from "cli-truncate";
import { createLogUpdate } from "log-update";
import type { TextStream } from "../../host.ts";

/** Where lines are written, and what keeps the last lines of a terminal while they are. */
export interface Screen {
  /**
   * Writes whole lines, above the live ones. Never cuts them: the terminal continues what is long, so that it can be
   * copied.
   */
  print(lines: string): void;
  /** Replaces the live lines, each cut to one row; none gives the terminal back. */
  live(lines: readonly string[]): void;
}

/** A stream without live lines: a file, a pipe, or a terminal on which nothing moves. */
export function plainScreen(stream: TextStream): Screen {
  return { print: (lines) => void stream.write(lines), live: () => {} };
}

const defaultColumns = 80;

export function terminalScreen(stream: TextStream & NodeJS.WritableStream): Screen {
  const update = createLogUpdate(stream, { showCursor: true });
  let shown: readonly string[] = [];
  const draw = (): void => {
    const width = stream.columns ?? defaultColumns;
    // the last column stays free: some terminals begin a new row when it is written
    if (shown.length > 0) update(shown.map((line) => cliTruncate(line, width - 1)).join("\n"));
  };
  return {
    print(lines) {
      if (shown.length > 0) update.clear();
      stream.write(lines);
      draw();
    },
    live(lines) {
      if (shown.length > 0 && lines.length === 0) update.clear();
      shown = lines;
      draw();
    },
  };
}
