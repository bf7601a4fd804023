import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runCli } from "../../../../src/cli/run-cli.ts";
import { SqliteRecordErrors } from "../../../../src/stores/sqlite/record-errors.ts";
import { openStateFile } from "../../../../src/stores/sqlite/state-file.ts";
import { fakeHost } from "../../../support/fake-host.ts";

let folder: string;
let stateFile: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "log-archive-"));
  stateFile = path.join(folder, "state.db");
});
afterEach(() => rm(folder, { recursive: true }));

async function errors(...args: string[]): Promise<{ code: number; document: Record<string, unknown> }> {
  const host = fakeHost(["llm-cache", "errors", ...args, "--json"], { env: { STATE_FILE: stateFile } });
  const code = await runCli(host);
  return { code, document: JSON.parse(host.out()) as Record<string, unknown> };
}

const runs = ["5a0c1a52-0b5e-4c6e-9d13-3f8f5a1b7c01", "5a0c1a52-0b5e-4c6e-9d13-3f8f5a1b7c02"] as const;

async function saveSome(): Promise<void> {
  using file = await openStateFile(stateFile);
  const saved = new SqliteRecordErrors(file);
  await saved.save("llm-cache a -> b", runs[0], [{ id: "k1", type: "WrongTypeError", reason: "a list" }]);
  await saved.save("llm-cache a -> c", runs[1], [{ id: "k2", type: "InvalidJsonError", reason: "cut off" }]);
  await saved.save("vectors sync acme", runs[1], [{ id: "v1", type: "dimension_mismatch", reason: "7" }]);
}

test("llm-cache errors lists what failed by run and route, and none of another pipeline", async () => {
  await saveSome();
  expect(await errors("list")).toMatchObject({
    code: 0,
    document: {
      total: 2,
      byType: { WrongTypeError: 1, InvalidJsonError: 1 },
      errors: [
        { scope: "llm-cache a -> b", id: "k1", type: "WrongTypeError", reason: "a list", attempts: 1 },
        { scope: "llm-cache a -> c", id: "k2" },
      ],
    },
  });
  expect(await errors("list", "--run-id", runs[1])).toMatchObject({ document: { total: 1, errors: [{ id: "k2" }] } });
  expect(await errors("list", "--limit", "1")).toMatchObject({ document: { total: 2, errors: [{ id: "k1" }] } });
});

test("llm-cache errors discard asks, and forgets only what is meant", async () => {
  await saveSome();
  expect(await errors("discard")).toMatchObject({ code: 2, document: { error: { code: "confirmation_needed" } } });
  expect(await errors("discard", "--run-id", runs[0], "--yes")).toMatchObject({ document: { discarded: 1 } });
  expect(await errors("discard", "--yes")).toMatchObject({ document: { discarded: 1 } });
  using file = await openStateFile(stateFile);
  expect(await new SqliteRecordErrors(file).countByType({})).toEqual({ dimension_mismatch: 1 });
});

test("where nothing was ever recorded there are none, and no state file is made", async () => {
  expect(await errors("list")).toMatchObject({ code: 0, document: { total: 0, errors: [] } });
  expect(await errors("discard", "--yes")).toMatchObject({ document: { discarded: 0 } });
  expect(existsSync(stateFile)).toBe(false);
});
