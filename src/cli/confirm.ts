import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { AppError, UsageError } from "../engine/errors.ts";
import type { Host } from "./host.ts";

/**
 * Returns when the operator said yes to `question`, on the terminal or by --yes.
 * @throws UsageError when nobody can be asked, AppError when the answer is no; nothing has been touched then
 */
export async function confirm(question: string, yes: boolean, host: Host): Promise<void> {
  if (yes) return;
  requireTerminal(question, host);
  if (/^y(es)?$/i.test(await answer(`${question} [y/N] `, host))) return;
  throw new AppError("not_confirmed", "Not confirmed. Nothing was changed.", { hint: "Answer y to go on." });
}

/**
 * Returns when the operator typed `word` after `question` on the terminal, or gave --yes: for what cannot be undone.
 * @throws as confirm does
 */
export async function confirmByTyping(question: string, word: string, yes: boolean, host: Host): Promise<void> {
  if (yes) return;
  requireTerminal(question, host);
  if ((await answer(`${question}\nType ${word} to go on: `, host)) === word) return;
  throw new AppError("not_confirmed", "Not confirmed. Nothing was changed.", { hint: `Type ${word} to go on.` });
}

function requireTerminal(question: string, host: Host): void {
  if (host.stdin.isTTY) return;
  throw new UsageError("confirmation_needed", `${question} There is no terminal to ask on.`, {
    hint: "Add --yes to confirm, or run the command on a terminal.",
  });
}

/** What the operator types on one line; empty at the end of the input. */
async function answer(prompt: string, host: Host): Promise<string> {
  // Line mode leaves Ctrl-C to the process's own handler; readline's would close the dialogue and never answer.
  const dialogue = createInterface({ input: host.stdin, output: host.stderr, terminal: false });
  try {
    const answered = dialogue.question(prompt, { signal: host.signal });
    const closed = once(dialogue, "close").then(() => ""); // Ctrl-D
    return (await Promise.race([answered, closed])).trim();
  } finally {
    dialogue.close();
  }
}
