import { setTimeout as sleep } from "node:timers/promises";
import { openStateFile } from "../../src/stores/sqlite/state-file.ts";
import { connectVectors, leaseMillisOf, requestMillisOf, type VectorOptions } from "../../src/vectors/connections.ts";
import { DualWrite } from "../../src/vectors/dual-write/dual-write.ts";

/**
 * An application as a process of its own: it writes notes of its own ids, reads them, and knows what they must say. On
 * the message "stop" it tells what it has written and which reads were wrong.
 */
const { number, tenant, options, stateFile } = JSON.parse(process.argv[2]!) as {
  number: number;
  tenant: string;
  options: VectorOptions;
  stateFile: string;
};

const state = await openStateFile(stateFile);
const connections = connectVectors(state, options);
const dual = new DualWrite(state, connections.stores, {
  leaseMillis: leaseMillisOf(options),
  requestMillis: requestMillisOf(options),
});
const written: Record<string, string | null> = {};
const wrong: string[] = [];
const failed: string[] = [];
let reads = 0;
const stopped = new AbortController();
process.once("message", () => stopped.abort());

function vector(seed: number): number[] {
  return Array.from({ length: options.milvus.dimension }, (_, at) => Math.fround(Math.sin(seed + at)));
}

async function step(at: number): Promise<void> {
  const id = `app${number}-${(at * 7) % 40}`;
  const title = `app${number} ${at}`;
  if (at % 9 === 8 && written[id]) {
    await dual.deleteRecord(tenant, id);
    written[id] = null;
  } else if (at % 4 === 3 && written[id]) {
    await dual.updateRecordMetadata(tenant, id, { title });
    written[id] = title;
  } else {
    await dual.insertRecord(tenant, { uniqueid: id, recordType: "note", title, lastModified: at, vector: vector(at) });
    written[id] = title;
  }
  const found = await dual.getRecordById(tenant, id);
  reads++;
  if ((found?.title ?? null) !== written[id])
    wrong.push(`${id}: ${String(found?.title)} instead of ${String(written[id])}`);
  const other = `app${number}-${(at * 11) % 40}`;
  const byFilter = await dual.queryByFilter(tenant, { recordType: "note" }, 1000);
  reads++;
  const title2 = byFilter.find(({ uniqueid }) => uniqueid === other)?.title ?? null;
  if (title2 !== (written[other] ?? null))
    wrong.push(`filter ${other}: ${String(title2)} instead of ${String(written[other])}`);
}

for (let at = 0; !stopped.signal.aborted; at++) {
  await step(at).catch((error: unknown) => failed.push(String(error)));
  if (at === 5) process.send!("ready");
  await sleep(20);
}
await dual.close();
await connections.close();
state.close();
process.send!({ written, reads, wrong, failed });
process.disconnect();
