/** The helper that the JavaScript client has for this, fed by an iterator over pages. */
import { Client } from "@elastic/elasticsearch";
import { keysetPages, type PeerRow, type PeerTask } from "./peer-rows.ts";
import { onTheClock, task } from "./task.ts";

const given = task() as PeerTask & { flushBytes: number; concurrency: number };
const client = new Client({ node: given.elasticsearchUrl });

await onTheClock(async () => {
  const { successful, failed } = await client.helpers.bulk<PeerRow>({
    datasource: rows(),
    onDocument: ({ index, id, document }) => [{ index: { _index: index, _id: id } }, document],
    flushBytes: given.flushBytes,
    concurrency: given.concurrency,
  });
  if (failed > 0) throw new Error(`${failed} documents were refused`);
  return successful;
});
await client.close();

async function* rows(): AsyncGenerator<PeerRow> {
  for await (const page of keysetPages(given)) yield* page;
}
