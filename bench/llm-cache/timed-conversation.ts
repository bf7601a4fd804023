import { spawn } from "node:child_process";
import { once } from "node:events";

export interface Conversation {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly answers: string;
}

export interface Seconds {
  /**
   * From the first store's being opened to the final report: opening, counting, moving. LightRAG's own tool loads a
   * JSON file as it opens it.
   */
  readonly whole: number;
  /** From the line that says that the migration starts to the final report. */
  readonly moving: number;
}

/**
 * Without the start of either program, which loads its modules. Throws when it did not say that all records were
 * migrated.
 */
export async function timedConversation({ file, args, env, cwd, answers }: Conversation): Promise<Seconds> {
  const child = spawn(file, args, { cwd, env: { PATH: process.env["PATH"], ...env }, stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.end(answers);
  let [stdout, stderr] = ["", ""];
  let [opened, begun, ended] = [Number.NaN, Number.NaN, Number.NaN];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    if (Number.isNaN(opened) && stdout.includes("Initializing")) opened = performance.now();
    if (Number.isNaN(begun) && /=== Starting .*Migration ===/.test(stdout)) begun = performance.now();
    if (Number.isNaN(ended) && stdout.includes("Final Report")) ended = performance.now();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => void (stderr += text));
  await once(child, "close");
  if (!stdout.includes("All records migrated successfully") || Number.isNaN(ended - begun)) {
    throw new Error(`${file} ${args.join(" ")} did not migrate all records:\n${`${stdout}\n${stderr}`.slice(-3000)}`);
  }
  return { whole: (ended - opened) / 1000, moving: (ended - begun) / 1000 };
}
