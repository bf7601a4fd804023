import type { Connections } from "../../connections.ts";
import type { MigrateOptions } from "../../copying/options.ts";
import { forgetApplied } from "../../state/dirty/applied-rows.ts";
import { finishListed, moveListed } from "../../state/partitions/listed-scopes.ts";
import type { Listings } from "./how-to-list.ts";

/** All that the run has listed is copied: the next one begins from there. */
export async function finishListing(
  { state }: Connections,
  { scope }: MigrateOptions,
  { mark, byDataType }: Listings,
  runId: string,
): Promise<void> {
  await finishListed(state, runId);
  for (const { dataType, only, before, next } of byDataType.values())
    if (only?.by === "created_at") await moveListed(state, dataType, scope, before!, next);
  if (scope.start === undefined && scope.end === undefined) await forgetApplied(state, scope, mark.xmin);
}
