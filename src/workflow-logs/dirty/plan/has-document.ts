import { partitionCopy } from "../../copying/copy-run.ts";
import type { SourceTable } from "../../partitions/source-schema.ts";
import type { Place } from "./dirty-records.ts";
import { type DirtyRun, partitionOf } from "../dirty-run.ts";

/** Whether the record has a document in the index of this place, also one written just now. */
export async function hasDocument({ copy }: DirtyRun, source: SourceTable, place: Place, id: string): Promise<boolean> {
  return (await partitionCopy(copy, source, partitionOf(source, place)).target.existing([id])).has(id);
}
