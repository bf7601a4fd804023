import { setFlagsFromString } from "node:v8";

/**
 * From now on garbage is collected when the heap is half as large again as what is in use: on a machine with much
 * memory Node waits until it is several times as large. For commands that move more data than fits into memory; it
 * costs a few percent of their time (docs/llm-cache.md, Speed and memory).
 */
export function keepHeapSmall(): void {
  setFlagsFromString("--heap-growing-percent=50");
}
