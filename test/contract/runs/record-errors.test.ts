import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { eachErrorPage, type RecordError, type RecordErrors, reportErrors } from "../../../src/runs/record-errors.ts";
import { createPool } from "../../../src/stores/postgres/connection/pool.ts";
import { SqliteRecordErrors } from "../../../src/stores/sqlite/record-errors.ts";
import { openStateFile } from "../../../src/stores/sqlite/state-file.ts";
import { stateDatabase } from "../../../src/workflow-logs/state/database.ts";
import { archiveRecordErrors } from "../../../src/workflow-logs/state/record-errors.ts";
import { upgradeState } from "../../../src/workflow-logs/state/upgrade.ts";
import { createDatabase } from "../../support/database.ts";
import { memoryRecordErrors } from "../../support/memory-home.ts";

/** An adapter with two scopes, its filters, and runs that may be named. */
interface Opened<Scope = never, Filter = unknown> {
  readonly errors: RecordErrors<Scope, Filter, RecordError>;
  readonly scopes: readonly [Scope, Scope];
  readonly only: (chosen: { scope?: Scope; runId?: string }) => Filter;
  readonly newRun: () => Promise<string>;
  close(): Promise<void>;
}

const adapters = {
  memory: async (): Promise<Opened<string, object>> => ({
    errors: memoryRecordErrors(),
    scopes: ["toy a", "toy b"],
    only: (chosen) => chosen,
    newRun: async () => randomUUID(),
    close: async () => {},
  }),
  postgresql: async () => {
    const database = await createDatabase();
    const pool = createPool(database.url);
    const state = stateDatabase(pool);
    await upgradeState(state);
    type Scope = { readonly dataType: string; readonly tenantId: string; readonly month: string };
    const opened: Opened<Scope> = {
      errors: archiveRecordErrors(state),
      scopes: [
        { dataType: "app_logs", tenantId: "t", month: "2025-01" },
        { dataType: "workflow_runs", tenantId: "t", month: "2025-01" },
      ],
      only: ({ scope, runId }) => ({ runId, dataTypes: scope && [scope.dataType] }),
      newRun: async () => {
        const { rows } = await pool.query<{ id: string }>(
          "insert into log_archive.runs (command, options) values ('toy', '{}') returning id",
        );
        return rows[0]!.id;
      },
      close: () => pool.end().then(database.drop),
    };
    return opened;
  },
  sqlite: async (): Promise<Opened<string, object>> => {
    const folder = await mkdtemp(path.join(tmpdir(), "log-archive-"));
    const state = await openStateFile(path.join(folder, "state.db"));
    return {
      errors: new SqliteRecordErrors(state),
      scopes: ["toy a", "toy b"],
      only: ({ scope, runId }) => ({ runId, scopes: scope === undefined ? undefined : [scope] }),
      newRun: async () => randomUUID(),
      close: async () => {
        state.close();
        await rm(folder, { recursive: true });
      },
    };
  },
} as unknown as Readonly<Record<string, () => Promise<Opened<unknown>>>>;

describe.each(Object.entries(adapters))("record errors in %s", (_name, open) => {
  let opened: Opened<unknown>;
  let runId: string;
  beforeEach(async () => {
    opened = await open();
    runId = await opened.newRun();
  });
  afterEach(() => opened.close());

  function save(scope: unknown, keys: readonly string[], type = "mapping", reason = "no number", run = runId) {
    const refused = keys.map((id) => ({ id, type, reason }));
    return opened.errors.save(scope, run, refused);
  }

  async function ids(chosen: { scope?: unknown; runId?: string } = {}): Promise<string[]> {
    const found: string[] = [];
    for await (const page of eachErrorPage(opened.errors, opened.only(chosen))) found.push(...page.map(({ id }) => id));
    return found;
  }

  test("a record is one of them once, with its last reason", async () => {
    const [a] = opened.scopes;
    await save(a, ["1", "2"]);
    await save(a, ["2"], "too_large", "too large");
    const found = await opened.errors.list(opened.only({}), 10);
    expect(found).toMatchObject([
      { id: "1", type: "mapping", reason: "no number", attempts: 1 },
      { id: "2", type: "too_large", reason: "too large", attempts: 2 },
    ]);
    for (const { lastSeenAt } of found) expect(Date.parse(lastSeenAt)).toBeGreaterThan(0);
    expect(await reportErrors(opened.errors, opened.only({}), 1)).toMatchObject({
      total: 2,
      byType: { mapping: 1, too_large: 1 },
      errors: [{ id: "1" }],
    });
  });

  test("the same id in two scopes is two records, and filters tell them apart", async () => {
    const [a, b] = opened.scopes;
    const other = await opened.newRun();
    await save(a, ["1", "2"]);
    await save(b, ["1"], "mapping", "no date", other);
    expect([await ids({ scope: a }), await ids({ scope: b }), await ids()]).toEqual([
      ["1", "2"],
      ["1"],
      ["1", "2", "1"],
    ]);
    expect([await ids({ runId: other }), await ids({ runId, scope: b })]).toEqual([["1"], []]);
    await opened.errors.forget(a, ["1", "none"]);
    expect([await ids({ scope: a }), await ids({ scope: b })]).toEqual([["2"], ["1"]]);
    expect(await opened.errors.discard(opened.only({ scope: b }))).toBe(1);
    expect(await ids()).toEqual(["2"]);
    expect(await opened.errors.discard(opened.only({}))).toBe(1);
    expect(await opened.errors.countByType(opened.only({}))).toEqual({});
  });

  test("all are listed, page by page, also while those that were listed are forgotten", async () => {
    const [a, b] = opened.scopes;
    const many = Array.from({ length: 1500 }, (_, at) => String(at).padStart(5, "0"));
    await save(a, many);
    await save(b, many);
    const seen: string[] = [];
    for await (const page of eachErrorPage(opened.errors, opened.only({}))) {
      seen.push(...page.map(({ id }) => id));
      if (seen.length > 1000) continue;
      for (const scope of opened.scopes) await opened.errors.forget(scope, many.slice(0, 5)); // of both
    }
    expect(seen).toHaveLength(3000 - 5);
    expect(seen.slice(0, 1500)).toEqual(many);
  });

  test("a reason is shortened and may hold what a store cannot", async () => {
    const [a] = opened.scopes;
    await save(a, ["1"], "mapping", `\0${"x".repeat(5000)}`);
    const [error] = await opened.errors.list(opened.only({}), 1);
    expect(error!.reason).toBe(`\ufffd${"x".repeat(999)}`);
    await save(a, []);
    expect(await ids()).toEqual(["1"]);
  });
});
