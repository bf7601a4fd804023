import type { WriteStream } from "node:tty";
import type { Environment } from "../config/read-sections.ts";

export type TextStream = Pick<WriteStream, "write"> & Partial<Pick<WriteStream, "isTTY" | "columns">>;

/** What the command line takes from its process. Only main.ts makes one from the real process. */
export interface Host {
  /** Arguments behind the program's name. */
  readonly args: readonly string[];
  readonly env: Environment;
  /** Undefined where it was deleted. */
  readonly workingDirectory: string | undefined;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: TextStream;
  readonly stderr: TextStream & NodeJS.WritableStream;
  /** Aborts with an Interruption when the operator stops the program. */
  readonly signal: AbortSignal;
}
