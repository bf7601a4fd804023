import { statfsSync } from "node:fs";
import { freemem } from "node:os";

const memory = "/dev/shm";
const enough = 6 * 1024 ** 3;

/**
 * Afterwards the servers that tests start, and the files that tests make, are in memory where there is plenty of it,
 * and Elasticsearch leaves out what no test needs (dev/servers/start-elasticsearch.ts). On a disk, most of a test is
 * waiting for it to have everything safe. Call before the first server starts.
 */
export function useLightServers(env: NodeJS.ProcessEnv): void {
  env["LIGHT_SERVERS"] ??= "1";
  if (hasRoom()) env["TMPDIR"] ??= memory;
}

function hasRoom(): boolean {
  try {
    const { bavail, bsize } = statfsSync(memory);
    return bavail * bsize > enough && freemem() > enough;
  } catch {
    return false; // not on this system
  }
}
