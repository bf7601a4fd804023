import { spawn } from "node:child_process";
import { once } from "node:events";
import type { HooksConfig } from "../../config/sections/hooks.ts";
import type { Environment } from "../../config/read-sections.ts";
import { isSecretName } from "../../config/secrets.ts";
import type { EventDocument } from "./event.ts";

/**
 * Sends the event. Throws when it is refused or takes longer than `timeoutSeconds`; the message does not tell the
 * address.
 */
export async function post(url: string, event: EventDocument, timeoutSeconds: number): Promise<void> {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(event),
    redirect: "error",
    signal: AbortSignal.timeout(timeoutSeconds * 1000),
  }).catch((error: unknown) => {
    const isLate = error instanceof Error && error.name === "TimeoutError";
    const { cause } = error as { cause?: { code?: string } };
    throw new Error(isLate ? `no answer within ${timeoutSeconds} s` : (cause?.code ?? "it cannot be reached"));
  });
  await answer.body?.cancel();
  if (!answer.ok) throw new Error(`it answered with status ${answer.status}`);
}

/**
 * Runs the shell command with the event on its standard input, which is killed when it takes longer. It sees the
 * environment without what is secret of it. Throws when it does not end with 0.
 */
export async function call(
  { command, timeoutSeconds }: { readonly command: string } & Pick<HooksConfig, "timeoutSeconds">,
  event: EventDocument,
  env: Environment,
): Promise<void> {
  const child = spawn(command, {
    shell: true,
    detached: true, // Ctrl-C on the terminal is for the program, not for it
    stdio: ["pipe", "ignore", "ignore"],
    env: {
      ...Object.fromEntries(Object.entries(env).filter(([name]) => !isSecretName(name))),
      LOG_ARCHIVE_EVENT: event.event,
    },
  });
  child.stdin.on("error", () => {}); // it need not read what it is told
  child.stdin.end(`${JSON.stringify(event)}\n`);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, timeoutSeconds * 1000);
  try {
    const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
    if (late) throw new Error(`it took longer than ${timeoutSeconds} s and was killed`);
    if (code !== 0) throw new Error(`it ended with ${code ?? signal}`);
  } finally {
    clearTimeout(timer);
  }
}
