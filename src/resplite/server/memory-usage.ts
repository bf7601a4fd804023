import { readFileSync } from "node:fs";
import { getHeapStatistics } from "node:v8";

/** In bytes, by the names that process.memoryUsage() gives them. */
export function memoryUsage(): { heapUsed: number; heapTotal: number; rss: number; external: number } {
  const { used_heap_size: heapUsed, total_heap_size: heapTotal, external_memory: external } = getHeapStatistics();
  return { heapUsed, heapTotal, rss: residentBytes() ?? heapTotal + external, external };
}

/** Undefined where there is no /proc, that is, on all but Linux. */
function residentBytes(): number | undefined {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}
