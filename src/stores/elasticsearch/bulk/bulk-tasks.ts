import { type Client, errors } from "@elastic/elasticsearch";
import { describeElasticsearchError } from "../errors.ts";

const mayNotAsk = new Set([401, 403]);

/**
 * Whether the cluster is still at work on bulk requests that were sent with this X-Opaque-Id, or one that goes on behind it with a slash, also when their sender is
 * gone. Undefined where the user may not see tasks.
 */
export async function hasBulkTasks(client: Client, opaqueId: string): Promise<boolean | undefined> {
  try {
    const { tasks = [] } = await client.tasks.list({
      actions: ["*bulk*"],
      detailed: true,
      group_by: "none",
      filter_path: "tasks.headers",
    });
    const list = Array.isArray(tasks) ? tasks : Object.values(tasks);
    return list.some(({ headers }) => {
      const id = headers?.["X-Opaque-Id"];
      return id === opaqueId || id?.startsWith(`${opaqueId}/`) === true;
    });
  } catch (error) {
    if (error instanceof errors.ResponseError && mayNotAsk.has(error.statusCode ?? 0)) return undefined;
    throw describeElasticsearchError(error);
  }
}
