import type { Run } from "../../../runs/run.ts";
import type { BinaryClient } from "../../../stores/redis/binary-client.ts";
import type { Data } from "../../data/data.ts";
import { ErrorLog } from "../error-log.ts";
import { KeyCopier, type Outcome, type Settled } from "./key-copier.ts";
import type { DirtyRegistry, DirtyState } from "../tracker/dirty-keys.ts";
import { addCounts } from "../run-record.ts";

const states: Record<Exclude<Outcome, "changed">, DirtyState> = {
  written: "applied",
  gone: "deleted",
  unsupported: "skipped",
  failed: "error",
};

/** What copies keys and settles their notes, each in the transaction that has written it. */
export function deltaCopier(
  data: Data,
  redis: BinaryClient,
  registry: DirtyRegistry,
  { runId, batchBytes }: { readonly runId: string; readonly batchBytes: number },
  run: Run,
): (keys: readonly Buffer[]) => Promise<void> {
  const errors = new ErrorLog(data.file, runId);
  const settle = ({ key, events, outcome, bytes, reason }: Settled): void => {
    if (outcome === "changed") return; // its note stays
    registry.settle({ key, events }, states[outcome]);
    if (outcome === "failed") errors.add("dirty_apply", reason!, key);
    addCounts(data.file, runId, {
      dirty_keys_applied: outcome === "written" ? 1 : 0,
      dirty_keys_deleted: outcome === "gone" ? 1 : 0,
      migrated_bytes: outcome === "written" ? key.length + bytes : 0,
    });
  };
  const copier = new KeyCopier(redis, data, registry, {
    batchBytes,
    charge: (bytes) => run.pacing.charge(bytes),
  });
  return (keys) => copier.copy(keys, settle);
}
