import { randomBytes } from "node:crypto";
import { request } from "./retention-archive.ts";

export interface SnapshotRepository {
  name: string;
  /** A second way to the same snapshots, through which none can be taken. */
  readOnly: string;
  /** Deletes the snapshots and forgets the repository. */
  drop(): Promise<void>;
}

/**
 * A repository of the server's file system for one test alone. Fails where the server has no folder for such
 * (path.repo).
 */
export async function createSnapshotRepository(server: { elasticsearchUrl: string }): Promise<SnapshotRepository> {
  const { nodes } = (await request(server, "GET", "_nodes/settings?filter_path=nodes.*.settings.path.repo")) as {
    nodes?: Record<string, { settings: { path: { repo: string | string[] } } }>;
  };
  const folder = [Object.values(nodes ?? {})[0]?.settings.path.repo].flat()[0];
  if (folder === undefined)
    throw new Error("The Elasticsearch of the tests has no path.repo: start it by npm run servers");
  const name = `test-${randomBytes(6).toString("hex")}`;
  const readOnly = `${name}-read-only`;
  const settings = { location: `${folder}/${name}` };
  await request(server, "PUT", `_snapshot/${name}`, { type: "fs", settings });
  await request(server, "PUT", `_snapshot/${readOnly}`, { type: "fs", settings: { ...settings, readonly: true } });
  return {
    name,
    readOnly,
    async drop() {
      await request(server, "DELETE", `_snapshot/${readOnly}`);
      await request(server, "DELETE", `_snapshot/${name}/*`);
      await request(server, "DELETE", `_snapshot/${name}`);
    },
  };
}
