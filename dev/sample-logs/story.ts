import type { App, Tenant, WorkflowVersion } from "./platform.ts";
import type { Pen } from "./pen.ts";
import type { RunIds } from "./payloads/run-inputs.ts";
import type { SchemaVersion } from "./schema.ts";
import type { TableRow } from "./tables.ts";
import type { Micros } from "./timestamps.ts";

/** Where and when something happens on the platform. */
export interface Scene {
  version: SchemaVersion;
  tenant: Tenant;
  app: App;
  release: WorkflowVersion;
  pen: Pen;
  ids: RunIds;
  start: Micros;
  /** One of many runs started by the same batch call: their rows share one instant. */
  crowded: boolean;
}

/** What a scene leaves in the database and in the file storage. */
export interface Story {
  rows: TableRow[];
  blobs: Blob[];
}

export interface Blob {
  key: string;
  content: Buffer;
}

/** Who a row says it was made by. */
export interface Creator {
  created_by_role: "account" | "end_user";
  created_by: string;
}
