import type { TextStream } from "../host.ts";
import { jsonDocument } from "./json.ts";

/** Where a command's results go. */
export interface Output {
  readonly json: boolean;
  /** The command's only result, on stdout: the document behind `command` with --json, else the text. Called once. */
  result(document: object, text: () => string): void;
  /** A remark to the operator on stderr; silent with --quiet. */
  note(text: string): void;
}

export interface OutputSettings {
  readonly command: string;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly stdout: TextStream;
  readonly stderr: TextStream;
}

export function createOutput({ command, json, quiet, stdout, stderr }: OutputSettings): Output {
  return {
    json,
    result(document, text) {
      stdout.write(`${json ? jsonDocument({ command, ...document }) : text()}\n`);
    },
    note(text) {
      if (!quiet) stderr.write(`${text}\n`);
    },
  };
}
