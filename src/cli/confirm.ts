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
  if (!host.stdin.isTTY) {
    throw new UsageError("confirmation_needed", `${question} There is no terminal to ask on.`, {
      hint: "Add --yes to confirm, or run the command on a terminal.",
    });
  }
  // Line mode leaves Ctrl-C to the process's own handler; readline's would close the dialogue and never answer.
  const dialogue = createInterface({ input: host.stdin, output: host.stderr, terminal: false });
  try {
    const answered = dialogue.question(`${question} [y/N] `, { signal: host.signal });
    const closed = once(dialogue, "close").then(() => ""); // Ctrl-D
    if (/^y(es)?$/i.test((await Promise.race([answered, closed])).trim())) return;
  } finally {
    dialogue.close();
  }
  throw new AppError("not_confirmed", "Not confirmed. Nothing was changed.", { hint: "Answer y to go on." });
}
