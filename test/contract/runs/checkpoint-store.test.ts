import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { CheckpointStore } from "../../../src/runs/checkpoint-store.ts";
import { sqliteCheckpoints } from "../../../src/stores/sqlite/checkpoint-store.ts";
import { openStateFile } from "../../../src/stores/sqlite/state-file.ts";
import { memoryCheckpoints } from "../../support/memory-home.ts";

let folder: string;
beforeEach(async () => (folder = await mkdtemp(path.join(tmpdir(), "log-archive-"))));
afterEach(() => rm(folder, { recursive: true }));

const adapters = {
  memory: async () => ({ checkpoints: memoryCheckpoints(), close: () => {} }),
  sqlite: async () => {
    const state = await openStateFile(path.join(folder, "state.db"));
    return { checkpoints: sqliteCheckpoints(state), close: () => state.close() };
  },
};

describe.each(Object.entries(adapters))("checkpoints in %s", (_name, open) => {
  let checkpoints: CheckpointStore;
  let close: () => void;
  beforeEach(async () => ({ checkpoints, close } = await open()));
  afterEach(() => close());

  test("a scope has the cursor that was saved last, byte by byte, and none before and after", async () => {
    expect(await checkpoints.load("a")).toBeUndefined();
    for (const cursor of ["", "0", '{"last":"é\u{1f600}"}', "x".repeat(100_000)]) {
      await checkpoints.save("a", cursor);
      expect(await checkpoints.load("a")).toBe(cursor);
    }
    await checkpoints.save("A", "other");
    await checkpoints.forget("a");
    expect([await checkpoints.load("a"), await checkpoints.load("A")]).toEqual([undefined, "other"]);
    await checkpoints.forget("a");
  });
});

test("a cursor that cannot be read is an error, not none", async () => {
  const file = path.join(folder, "state.db");
  const state = await openStateFile(file);
  await sqliteCheckpoints(state).save("a", "1");
  state.close();
  await writeFile(file, Buffer.alloc(8192, "damage"));
  await expect(openStateFile(file)).rejects.toMatchObject({ code: "not_a_state_file" });
});
