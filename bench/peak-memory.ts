/**
 * Loaded with --import before a program: when that ends, writes the peak of its resident memory in bytes to file
 * descriptor 3. On Linux it is read from the process's own memory map: what getrusage says there includes the parent
 * that forked it.
 */
import { readFileSync, writeSync } from "node:fs";

process.on("exit", () => void writeSync(3, String(peakBytes())));

function peakBytes(): number {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS * 1024;
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  if (kilobytes === undefined) throw new Error("/proc/self/status names no VmHWM");
  return Number(kilobytes) * 1024;
}
