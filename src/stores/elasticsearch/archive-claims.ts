import type { Client, estypes } from "@elastic/elasticsearch";
import { describeElasticsearchError, errorType } from "./errors.ts";
import { validatePrefix } from "./indices/index-names.ts";

/** That an archive's indices have this prefix on this cluster, and who wrote into them last. */
export interface ArchiveClaim {
  readonly archiveId: string;
  /** What the archive's database said last of itself. */
  readonly token: string;
  /** For people: the name of the database. */
  readonly database: string;
  readonly claimedAt: string;
}

/**
 * The claims under a prefix, by archive. They are component templates that no index template uses: they are part of the
 * cluster's state, outlive every index, and need no privilege that installing our templates does not. Undefined where
 * the user may not read them.
 */
export async function readClaims(client: Client, prefix: string): Promise<Map<string, ArchiveClaim> | undefined> {
  try {
    // All of them: for a pattern that matches none the answer is a bare 404, which a proxy gives as well.
    const answer: { component_templates?: estypes.ClusterComponentTemplate[] } =
      await client.cluster.getComponentTemplate({
        filter_path: ["component_templates.name", "component_templates.component_template._meta"],
      });
    const found = answer.component_templates ?? []; // the answer is empty where there are none
    return new Map(found.flatMap((template) => claimOf(prefix, template)).map((claim) => [claim.archiveId, claim]));
  } catch (error) {
    if (errorType(error) === "security_exception") return undefined;
    throw describeElasticsearchError(error);
  }
}

export async function putClaim(client: Client, prefix: string, claim: ArchiveClaim): Promise<void> {
  const { archiveId, token, database, claimedAt } = claim;
  try {
    await client.cluster.putComponentTemplate({
      name: `${base(prefix)}${archiveId}`,
      template: {},
      _meta: { managed_by: "log-archive", archive: archiveId, token, database, claimed_at: claimedAt },
    });
  } catch (error) {
    if (errorType(error) === "security_exception") return; // who may not read claims may not write them either
    throw describeElasticsearchError(error);
  }
}

/** Afterwards there is no claim of this archive. */
export async function deleteClaim(client: Client, prefix: string, archiveId: string): Promise<void> {
  try {
    await client.cluster.deleteComponentTemplate({ name: `${base(prefix)}${archiveId}` });
  } catch (error) {
    if (errorType(error) === "resource_not_found_exception") return;
    throw describeElasticsearchError(error);
  }
}

function base(prefix: string): string {
  return `${validatePrefix(prefix)}-archive-`;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function claimOf(prefix: string, found: Partial<estypes.ClusterComponentTemplate>): ArchiveClaim[] {
  const { name = "", component_template: template } = found;
  const archiveId = name.slice(base(prefix).length);
  const meta = template?._meta;
  if (!name.startsWith(base(prefix)) || !uuid.test(archiveId) || meta?.["managed_by"] !== "log-archive") return [];
  const { token, database, claimed_at: claimedAt } = meta;
  return [{ archiveId, token: String(token), database: String(database), claimedAt: String(claimedAt) }];
}
