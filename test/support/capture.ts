import type { Client } from "pg";
import { installCapture, type InstallReport } from "../../src/workflow-logs/capture/install.ts";
import { captureStatus, type CaptureStatus } from "../../src/workflow-logs/capture/status.ts";
import { uninstallCapture, type UninstallReport } from "../../src/workflow-logs/capture/uninstall.ts";
import type { Stores } from "./compare-stores.ts";
import { withTestConnections } from "./test-connections.ts";

export interface CaptureCall {
  signal?: AbortSignal;
  note?: (text: string) => void;
  giveUpAfterMillis?: number;
}

/** `capture install` as the library has it, over connections of its own. */
export function installOnce(stores: Stores, call: CaptureCall = {}): Promise<InstallReport> {
  return withTestConnections(stores, {}, (connections) => installCapture(connections, watch(call)));
}

export function uninstallOnce(stores: Stores, call: CaptureCall = {}): Promise<UninstallReport> {
  return withTestConnections(stores, {}, (connections) => uninstallCapture(connections, watch(call)));
}

export function statusOnce(stores: Stores): Promise<CaptureStatus> {
  return withTestConnections(stores, {}, captureStatus);
}

function watch({ signal = new AbortController().signal, note = () => {}, giveUpAfterMillis }: CaptureCall) {
  return { signal, progress: { note }, ...(giveUpAfterMillis !== undefined && { giveUpAfterMillis }) };
}

export interface DirtyEntry {
  type: string;
  id: string;
  op: string;
  tenant: string;
  oldTenant: string | null;
  old: string | null;
  now: string | null;
}

/** What was recorded so far, in the order of its versions; forgotten with it. */
export async function takeDirty(sql: Client): Promise<DirtyEntry[]> {
  const { rows } = await sql.query<DirtyEntry>(
    `with d as (delete from log_archive.dirty_rows returning *)
     select data_type as type, record_id as id, operation::text as op, tenant_id as tenant, old_tenant_id as "oldTenant",
            old_created_at::text as old, created_at::text as now
       from d order by d.version`,
  );
  return rows;
}
