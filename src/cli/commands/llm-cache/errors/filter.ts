import { cacheScopes } from "../../../../llm-cache/migrate-checkpoint.ts";
import type { CacheErrorFilter } from "../../../../llm-cache/cache-state.ts";
import { value } from "../../../options/flags.ts";
import { uuid } from "../../../options/values.ts";

export const runIdFlag = value("only those of this run", uuid.optional());

/** Other pipelines have their record errors in the same file. */
export function cacheErrorFilter(runId: string | undefined): CacheErrorFilter & { readonly scopePrefix: string } {
  return { runId, scopePrefix: cacheScopes };
}
