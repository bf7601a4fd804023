import type { TextStream } from "../host.ts";
import type { Paint } from "./colour.ts";
import { withWrappedSentences } from "./words.ts";
import { jsonDocument } from "./json.ts";

/** Where a command's results go. */
export interface Output {
  readonly json: boolean;
  /**
   * The command's only result, on stdout: the document behind `command` with --json, else the text, whose tables are to
   * fit into `width` columns where there is a width. Called once.
   */
  result(document: object, text: (width?: number) => string): void;
  /**
   * The result of a run, as `result`, but with --quiet one line with the time and the last line of the text, which says
   * how it went: for logs of schedulers.
   */
  runResult(document: object, text: (width?: number) => string): void;
  /** A remark to the operator on stderr; silent with --quiet. */
  note(text: string): void;
}

export interface OutputSettings {
  readonly command: string;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly wide: boolean;
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly paint: Paint;
}

export function createOutput({ command, json, quiet, wide, stdout, stderr, paint }: OutputSettings): Output {
  const width = stdout.isTTY === true && !wide ? stdout.columns : undefined;
  return {
    json,
    result(document, text) {
      if (json) stdout.write(`${jsonDocument({ command, ...document })}\n`);
      else stdout.write(`${paint(width === undefined ? text() : withWrappedSentences(text(width), width))}\n`);
    },
    runResult(document, text) {
      if (json || !quiet) return this.result(document, text);
      const verdict = text().trimEnd().split("\n").at(-1) ?? "";
      stdout.write(`${new Date().toISOString()} app ${command}: ${verdict}\n`);
    },
    note(text) {
      if (!quiet) stderr.write(`${text}\n`);
    },
  };
}
