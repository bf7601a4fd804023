import { setTimeout as sleep } from "node:timers/promises";

/**
 * A first start fails when another program took the free port in between, one after a crash while the orphaned sessions
 * of the crashed server still hold its shared memory.
 */
export async function severalTimes<T>(boot: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await boot();
    } catch (error) {
      if (attempt === 5) throw error;
      await sleep(500);
    }
  }
}
