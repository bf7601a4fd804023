import { fileURLToPath } from "node:url";
import type { PeerTask } from "../scripts/peer-rows.ts";
import type { Bench } from "../support/bench.ts";
import type { Contestant, Setting } from "../support/race.ts";
import type { SampleArchive } from "../support/sample-archive.ts";
import { runScript } from "./limit.ts";
import type { Target } from "./target.ts";

/** Ways to copy that a developer would write in an afternoon, on the same table with the same index. */
export function nodePeers({ signal, rows }: Bench, archive: SampleArchive, target: Target): Contestant[] {
  const { databaseUrl, elasticsearchUrl, tenantId } = archive;
  const given: PeerTask = { databaseUrl, elasticsearchUrl, tenantId, indexBase: target.indexBase, batch: 1000 };
  const way = (script: string, label: string, more: object, refresh?: string): Setting => {
    const file = fileURLToPath(new URL(`../scripts/${script}.ts`, import.meta.url));
    return {
      label,
      prepare: () => target.installTemplates(refresh),
      run: () => target.filledBy(() => runScript(file, { ...given, ...more }, signal)),
      clear: () => target.remove(),
    };
  };
  const slice = Math.min(rows, 20);
  return [
    {
      name: "keyset pages, JSON.parse, client.bulk",
      settings: [500, 1000, 2000].map((batch) => way("keyset-bulk", `${batch} rows`, { batch })),
    },
    {
      name: "helpers.bulk over an iterator",
      settings: [
        way("helpers-bulk", "2 in flight, 5 MB", { concurrency: 2, flushBytes: 5 * MB }),
        way("helpers-bulk", "4 in flight, 5 MB", { concurrency: 4, flushBytes: 5 * MB }),
        way("helpers-bulk", "4 in flight, 1 MB", { concurrency: 4, flushBytes: MB }),
      ],
    },
    {
      name: `OFFSET pages, a request for each row (${slice} rows)`,
      settings: [way("index-each-row", "refresh every second", { rows: slice }, "1s")],
    },
  ];
}

const MB = 1024 * 1024;
