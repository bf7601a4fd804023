import { once } from "../../../engine/once.ts";
import type { Pool } from "pg";
import type { RelatedRows } from "../../documents/related-rows.ts";
import { inspectRelated } from "../../partitions/source-schema.ts";
import { inspectOnce } from "../records/inspect-once.ts";
import { appLogKind } from "./app-log.ts";

const inspected = new WeakMap<Pool, () => Promise<RelatedRows>>();

/**
 * What app logs are shown with, as it was when it was first asked for through this pool; see inspectOnce. There is a
 * table of app logs.
 */
export function relatedOnce(pool: Pool): Promise<RelatedRows> {
  const ask = inspected.get(pool) ?? once(() => inspect(pool));
  inspected.set(pool, ask);
  return ask();
}

async function inspect(pool: Pool): Promise<RelatedRows> {
  return inspectRelated(pool, (await inspectOnce(pool, appLogKind.logType.table))!, "off");
}
