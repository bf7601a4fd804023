/**
 * Run by checkpoints.ts in a thread: writes the pages of the write-ahead log to their places in the file, and waits for
 * the disk, as often as it is asked to. Its connection reads and writes no table.
 */
import { pathToFileURL } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import { DatabaseSync } from "../../stores/sqlite/database-sync.ts";

/** Each pass leaves only what was written during it, which takes the next one less time. */
const mostPasses = 8;

const { path, fewPages } = workerData as { path: string; fewPages: number };
const address = pathToFileURL(path);
address.searchParams.set("mode", "rw"); // a file that was moved away is not made anew
const file = new DatabaseSync(address);
const pass = file.prepare("PRAGMA wal_checkpoint(PASSIVE)");
const look = file.prepare("PRAGMA wal_checkpoint(NOOP)");

parentPort!.on("message", (order: "work" | "end") => {
  if (order === "end") {
    file.close();
    return parentPort!.close();
  }
  for (let passes = 0; passes < mostPasses; passes += 1) {
    pass.get();
    const { log, checkpointed } = look.get() as { log: number; checkpointed: number };
    if (log - checkpointed <= fewPages) break;
  }
  parentPort!.postMessage("done");
});
