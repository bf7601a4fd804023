/** The obvious program: read a page, parse it, send it, wait, and so on. */
import { Client } from "@elastic/elasticsearch";
import { keysetPages, type PeerTask } from "./peer-rows.ts";
import { onTheClock, task } from "./task.ts";

const given = task() as PeerTask;
const client = new Client({ node: given.elasticsearchUrl });

await onTheClock(async () => {
  let written = 0;
  for await (const page of keysetPages(given)) {
    const operations = page.flatMap(({ index, id, document }) => [{ index: { _index: index, _id: id } }, document]);
    const { errors } = await client.bulk({ operations, filter_path: "errors,items.*.error" });
    if (errors) throw new Error("documents were refused");
    written += page.length;
  }
  return written;
});
await client.close();
