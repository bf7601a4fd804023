import { styleText } from "node:util";
import type { Environment } from "../../config/read-sections.ts";
import type { TextStream } from "../host.ts";

export type Paint = (text: string) => string;

/** Whether the terminal behind `stream` is to be coloured: https://no-color.org */
export function allowsColour(stream: TextStream, env: Environment): boolean {
  return stream.isTTY === true && !env["NO_COLOR"] && env["TERM"] !== "dumb";
}

const colours = { "✓": "green", "⚠": "yellow", "✗": "red", "✖": "red" } as const;

/**
 * Colours the lines that say how something went, by the mark that they begin with; leaves text alone where colour is
 * not allowed.
 */
export function painter(stream: TextStream, env: Environment): Paint {
  if (!allowsColour(stream, env)) return (text) => text;
  return (text) =>
    text.replace(/^(?:([✓⚠✗✖]) .*|Error:)/gm, (line, mark?: keyof typeof colours) =>
      styleText(mark === undefined ? "red" : colours[mark], line, { validateStream: false }),
    );
}
