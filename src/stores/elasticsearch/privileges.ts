import { type Client, errors } from "@elastic/elasticsearch";
import { describeElasticsearchError } from "./errors.ts";
import { resourcePattern } from "./indices/index-names.ts";

/**
 * The privileges asked for that the user or API key lacks, such as "cluster: monitor" or
 * "index dify-workflow-runs-*: read"; none when the cluster runs without security.
 */
export async function missingPrivileges(
  client: Client,
  prefix: string,
  resources: readonly string[],
  { cluster, index }: { cluster: readonly string[]; index: readonly string[] },
): Promise<string[]> {
  const names = resources.map((resource) => resourcePattern(prefix, resource));
  try {
    const granted = await client.security.hasPrivileges({
      cluster: [...cluster],
      index: index.length === 0 ? [] : [{ names, privileges: [...index] }],
    });
    return [
      ...refused(granted.cluster).map((privilege) => `cluster: ${privilege}`),
      ...Object.entries(granted.index).flatMap(([name, privileges]) =>
        refused(privileges).map((privilege) => `index ${name}: ${privilege}`),
      ),
    ];
  } catch (error) {
    if (isWithoutSecurity(error)) return [];
    throw describeElasticsearchError(error);
  }
}

function refused(privileges: Record<string, boolean>): string[] {
  return Object.keys(privileges).filter((privilege) => privileges[privilege] !== true);
}

/** Without security the server has no such question: it knows the path not at all, or not with this method. */
function isWithoutSecurity(error: unknown): boolean {
  if (!(error instanceof errors.ResponseError)) return false;
  const answer = JSON.stringify(error.body);
  return /no handler found for uri|incorrect http method for uri/i.test(answer);
}
