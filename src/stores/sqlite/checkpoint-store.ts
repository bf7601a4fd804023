import type { CheckpointStore } from "../../runs/checkpoint-store.ts";
import type { StateFile } from "./state-file.ts";

/** The checkpoints in the state file. */
export function sqliteCheckpoints(state: StateFile): CheckpointStore {
  return {
    load: (scope) =>
      state.read(
        (db) =>
          db.prepare("select cursor from checkpoints where scope = ?").get(scope)?.["cursor"] as string | undefined,
      ),
    save: async (scope, cursor) => {
      await state.write((db) =>
        db
          .prepare(
            `insert into checkpoints (scope, cursor, updated_at) values (?, ?, ?)
             on conflict do update set cursor = excluded.cursor, updated_at = excluded.updated_at`,
          )
          .run(scope, cursor, new Date().toISOString()),
      );
    },
    forget: async (scope) => {
      await state.write((db) => db.prepare("delete from checkpoints where scope = ?").run(scope));
    },
  };
}
