import { createInterface, type Interface } from "node:readline";
import type { Host } from "./host.ts";

/** A conversation with the operator on stdout and stdin, which may be a terminal or a pipe with all answers in it. */
export interface Dialogue {
  /** One or more lines; nothing with --json and --quiet. */
  say(text: string): void;
  /**
   * Prints the prompt and returns the next line of the input without spaces around it; undefined at its end. Rejects
   * when the operator stops.
   */
  ask(prompt: string): Promise<string | undefined>;
  /** Lets go of the input, which would keep the process alive. */
  close(): void;
}

export function createDialogue({ stdin, stdout, signal }: Host, isSilent: boolean): Dialogue {
  let lines: Interface | undefined;
  let answers: AsyncIterator<string> | undefined;
  return {
    say: (text) => {
      if (!isSilent) stdout.write(`${text}\n`);
    },
    ask: async (prompt) => {
      signal.throwIfAborted();
      // One interface for all questions, read by its iterator: readline's own `question` loses what was piped behind
      // the first answer. Line mode leaves Ctrl-C to the process's own handler.
      lines ??= createInterface({ input: stdin, terminal: false });
      answers ??= lines[Symbol.asyncIterator]();
      stdout.write(prompt);
      const { value, done } = await orAborted(answers.next(), signal);
      if (stdin.isTTY !== true) stdout.write("\n"); // a terminal shows the Enter itself
      return done === true ? undefined : value.trim();
    },
    close: () => lines?.close(),
  };
}

async function orAborted<T>(waiting: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop!: () => void;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([waiting, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
