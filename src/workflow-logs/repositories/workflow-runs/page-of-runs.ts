import type { RunListQuery, RunPage } from "./api-workflow-run-repository.ts";
import { pageLimit, unknownLastId } from "./check-query.ts";
import type { RunLists } from "./run-reads.ts";

export async function pageOfRuns(lists: RunLists, query: RunListQuery): Promise<RunPage> {
  const limit = pageLimit(query.limit);
  const { lastId } = query;
  const after = lastId === undefined ? undefined : await lists.findListed(query, lastId);
  if (lastId !== undefined && after === undefined) throw unknownLastId(lastId);
  const runs = await lists.listRuns(query, after, limit + 1);
  return { data: runs.slice(0, limit), limit, hasMore: runs.length > limit };
}
