import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

export interface Measured {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p99: number;
}

/** One command by redis-benchmark: values of 100 bytes, 10,000 keys. */
export async function benchmark(port: number, command: string, flags: readonly string[]): Promise<Measured> {
  const args = ["-p", String(port), "-t", command, "-r", "10000", "-d", "100", "--csv", ...flags];
  const { stdout } = await execute("redis-benchmark", args, { timeout: 120_000 });
  const line = stdout.split("\n").find((text) => text.toLowerCase().startsWith(`"${command}`));
  const [, perSecond, , , , , p99] = (line ?? "").split(",").map((cell) => Number(cell.replaceAll('"', "")));
  if (!perSecond || p99 === undefined) throw new Error(`redis-benchmark said: ${stdout}`);
  return { perSecond, p99 };
}
