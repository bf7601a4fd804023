import { forgetOffloadedFiles, type OffloadedFile, offloadedFilesAfter } from "../state/cleanup/offloaded-files.ts";
import { inspectTable, sqlIdType, type Table } from "../../stores/postgres/table.ts";
import type { BlobStorage } from "../../stores/blobs/blob-storage.ts";
import type { Run } from "../../runs/run.ts";
import type { Connections } from "../connections.ts";
import type { Partition } from "../partitions/log-types.ts";
import { type FileRow, fileRows } from "../offloads/file-rows.ts";
import { archivedContents } from "../offloads/offload-contents.ts";
import { Outcome } from "./row-fates.ts";

const filesAtOnce = 500;
const filesTable = "upload_files";

/**
 * Puts the files back that a purge deleted from the platform's storage, where the offload row that names them is in
 * PostgreSQL again. Those that are in the storage are left as they are. Counted under `upload_files`, whose rows never
 * went.
 */
export async function restoreFiles(
  connections: Connections,
  partition: Partition,
  index: string,
  offloads: Table,
  { pacing, signal }: Pick<Run, "pacing" | "signal">,
): Promise<Outcome> {
  const { postgres, elasticsearch, state, blobs } = connections;
  const outcome = new Outcome();
  let files: Table | undefined;
  let page: OffloadedFile[] = [];
  do {
    const after = page.at(-1)?.offloadId ?? "";
    page = await offloadedFilesAfter(state, partition, "deleted", { after, limit: filesAtOnce });
    const named = await thoseInTable(connections, offloads, page);
    if (named.length === 0) continue;
    files ??= await inspectTable(postgres, filesTable);
    const fileIds = named.map(({ fileId }) => fileId);
    const rows = files === undefined ? new Map<string, FileRow>() : await fileRows(postgres, files, fileIds);
    for (const [recordId, ofRecord] of Map.groupBy(named, (file) => file.recordId)) {
      let contents: ReturnType<typeof archivedContents> | undefined;
      for (const { offloadId, fileId } of ofRecord) {
        await pacing.unpaused(signal);
        signal.throwIfAborted();
        const contentOf = async () => {
          contents ??= archivedContents(elasticsearch, index, recordId);
          return (await contents).get(offloadId)?.content;
        };
        const problem = await putBack(blobs, rows.get(fileId), contentOf, outcome);
        if (problem === undefined) await forgetOffloadedFiles(state, [offloadId]);
        else outcome.refuse(filesTable, fileId, problem);
      }
    }
  } while (page.length === filesAtOnce);
  return outcome;
}

/**
 * Returns why the file is not in the storage; undefined when it is. The document is read only for a file that is not
 * there.
 */
async function putBack(
  blobs: BlobStorage | undefined,
  row: FileRow | undefined,
  contentOf: () => Promise<Buffer | undefined>,
  outcome: Outcome,
): Promise<string | undefined> {
  if (blobs === undefined) return "it was deleted from the file storage, and none is given";
  if (row === undefined) return "its row is gone, and with it its place in the file storage";
  if ((await blobs.load(row.key, 1)) !== undefined) {
    outcome.add(filesTable, "present");
    return undefined;
  }
  const content = await contentOf();
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
  const idType = sqlIdType(offloads);
  const found = await postgres.query<{ id: string }>(
    `select o.id::text as id from ${offloads.sqlName} o where o.id = any($1::${idType}[])`,
    [page.map(({ offloadId }) => offloadId)],
  );
  const there = new Set(found.rows.map(({ id }) => id));
  return page.filter(({ offloadId }) => there.has(offloadId));
}
