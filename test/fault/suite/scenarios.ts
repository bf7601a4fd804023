import type { Client } from "pg";
import { expect } from "vitest";
import { dumpLogs, tenantsOf } from "../../integration/restore/restore-archive.ts";
import { installOnce } from "../../support/capture.ts";
import { cleanupOnce } from "../../support/cleanup-archive.ts";
import { compareStores } from "../../support/compare-stores.ts";
import { afterPurge, readAllRows } from "../../support/purge-oracle.ts";
import { migrateOnce, type TestArchive } from "../../support/test-archive.ts";

/** A command under faults, with what has to hold whatever happened to it. */
export interface Scenario {
  readonly args: readonly string[];
  /** Must hold after every end of the command, also one with an error. */
  always(): Promise<void>;
  /** Must hold once it has ended well. */
  inTheEnd(): Promise<void>;
}

export const scenarios: Readonly<Record<string, (archive: TestArchive) => Promise<Scenario>>> = {
  migrate: async (archive) => ({
    args: ["migrate", "--batch-size", "20"],
    always: nothing,
    inTheEnd: () => expectEqualStores(archive),
  }),

  "apply-dirty": async (archive) => {
    await installOnce(archive);
    await migrateOnce(archive);
    await archive.sql.query("UPDATE workflow_runs SET outputs = '\"changed\"'");
    await archive.sql.query("UPDATE workflow_node_executions SET title = title || '!'");
    return {
      args: ["apply-dirty", "--until-empty"],
      always: nothing,
      inTheEnd: () => expectEqualStores(archive),
    };
  },

  validate: async (archive) => {
    await migrateOnce(archive);
    return {
      args: ["validate", "--full", "--repair"],
      always: nothing,
      inTheEnd: () => expectEqualStores(archive),
    };
  },

  "cleanup-pg": async (archive) => {
    await migrateOnce(archive);
    const before = await readAllRows(archive.sql);
    const purge = () => afterPurge(archive.sql, archive, before);
    return {
      args: [
        "cleanup-pg",
        ...(await tenant(archive.sql)),
        "--before-date",
        "2026-01-01",
        "--batch-size",
        "20",
        "--allow-unreplicated",
        "--yes",
      ],
      always: async () => expect((await purge()).problems).toEqual([]),
      inTheEnd: async () => expect((await purge()).gone.get("workflow_node_executions")!.size).toBeGreaterThan(0),
    };
  },

  restore: async (archive) => {
    await migrateOnce(archive);
    const before = await dumpLogs(archive.sql);
    const [tenantId] = await tenantsOf(archive.sql);
    await cleanupOnce(archive, { tenantId: tenantId! });
    return {
      args: ["restore", "--tenant-id", tenantId!, "--yes"],
      always: nothing,
      inTheEnd: async () => expect(await dumpLogs(archive.sql)).toEqual(before),
    };
  },
};

async function nothing(): Promise<void> {}

async function expectEqualStores(archive: TestArchive): Promise<void> {
  expect((await compareStores(archive)).differences).toEqual([]);
}

async function tenant(sql: Client): Promise<string[]> {
  return ["--tenant-id", (await tenantsOf(sql))[0]!];
}
