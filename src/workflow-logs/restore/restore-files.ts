import {
  forgetOffloadedFiles,
  type OffloadedFile,
  offloadedFilesAfter,
} from "../../stores/postgres/state/offloaded-files.ts";
import { inspectTable, quoteIdentifier, type Table } from "../../stores/postgres/table.ts";
import type { ArchiveRun } from "../runs/archive-run.ts";
import type { Connections } from "../connections.ts";
import type { Partition } from "../log-types.ts";
import { fileRows } from "../offloads/file-rows.ts";
import { archivedContents } from "../offloads/offload-contents.ts";
import { Outcome } from "./outcome.ts";

const filesAtOnce = 500;
const filesTable = "upload_files";

/**
 * Puts the files back that a purge deleted from the platform's storage, where the offload row that names them is in PostgreSQL again. Those that are in
 * the storage are left as they are. Counted under `upload_files`, whose rows never went.
 */
export async function restoreFiles(
  connections: Connections,
  partition: Partition,
  index: string,
  offloads: Table,
  { pacing, signal }: Pick<ArchiveRun, "pacing" | "signal">,
): Promise<Outcome> {
  const outcome = new Outcome();
  let page: OffloadedFile[] = [];
  do {
    const after = page.at(-1)?.offloadId ?? "";
    page = await offloadedFilesAfter(connections.state, partition, "deleted", { after, limit: filesAtOnce });
    const named = await thoseInTable(connections, offloads, page);
    for (const file of named) {
      await pacing.unpaused(signal);
      signal.throwIfAborted();
      const problem = await putBack(connections, index, file, outcome);
      if (problem === undefined) await forgetOffloadedFiles(connections.state, [file.offloadId]);
      else outcome.refuse(filesTable, file.fileId, problem);
    }
  } while (page.length === filesAtOnce);
  return outcome;
}

/** Returns why the file is not in the storage; undefined when it is. */
async function putBack(
  { postgres, elasticsearch, blobs }: Connections,
  index: string,
  { offloadId, recordId, fileId }: OffloadedFile,
  outcome: Outcome,
): Promise<string | undefined> {
  if (blobs === undefined) return "it was deleted from the file storage, and none is given";
  const files = await inspectTable(postgres, filesTable);
  const row = files && (await fileRows(postgres, files, [fileId])).get(fileId);
  if (row === undefined) return "its row is gone, and with it its place in the file storage";
  if ((await blobs.load(row.key, 1)) !== undefined) {
    outcome.add(filesTable, "present");
    return undefined;
  }
  const content = (await archivedContents(elasticsearch, index, recordId)).get(offloadId)?.content;
  if (content === undefined) return "its document does not hold its content";
  await blobs.store(row.key, content);
  outcome.add(filesTable, "restored");
  return undefined;
}

async function thoseInTable(
  { postgres }: Connections,
  offloads: Table,
  page: readonly OffloadedFile[],
): Promise<OffloadedFile[]> {
  const idType = quoteIdentifier(offloads.columns.find(({ name }) => name === "id")!.type);
  const found = await postgres.query<{ id: string }>(
    `select o.id::text as id from ${offloads.sqlName} o where o.id = any($1::${idType}[])`,
    [page.map(({ offloadId }) => offloadId)],
  );
  const there = new Set(found.rows.map(({ id }) => id));
  return page.filter(({ offloadId }) => there.has(offloadId));
}
