import { UsageError } from "../../engine/errors.ts";
import type { Naming } from "../../stores/elasticsearch/indices/index-names.ts";

/** Throws UsageError where tenants share indices: `what`, as a sentence, is done with whole indices of one tenant alone. */
export function refuseShared({ layout }: Naming, what: string, hint: string): void {
  if (layout !== "shared") return;
  throw new UsageError("layout_unsupported", `${what} ELASTICSEARCH_INDEX_LAYOUT is shared. Nothing was touched.`, {
    hint,
  });
}
