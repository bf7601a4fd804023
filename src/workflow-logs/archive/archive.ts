import { randomUUID } from "node:crypto";
import type { Client } from "@elastic/elasticsearch";
import type { Pool } from "pg";
import { AppError } from "../../engine/errors.ts";
import { type ArchiveClaim, putClaim, readClaims } from "../../stores/elasticsearch/archive-claims.ts";
import {
  addressKey,
  type IndexOwner,
  type Ownership,
  type SharedMonth,
} from "../../stores/elasticsearch/indices/ownership.ts";
import { withoutLimits, withRequestLimit } from "../../stores/elasticsearch/request-limits.ts";
import { type DataType, logTypes } from "../partitions/log-types.ts";
import {
  type ArchiveRow,
  directlyWritten,
  isOwnToken,
  knownIndices,
  knownParts,
  knownUuids,
  readArchive,
  saveToken,
} from "../state/archive.ts";
import type { StateDatabase } from "../state/database.ts";
import { upgradeState } from "../state/upgrade.ts";
import { saveMillis } from "../save-time.ts";
import { adoptIndices } from "./adopt-indices.ts";
import { claimedByOthers, copiedFrom, type Objection } from "./archive-objections.ts";
import { refuseChangedSettings, refuseOtherSchema, type StoredWith } from "./changed-settings.ts";
import { type SourceIdentity, sourceIdentity } from "./source-identity.ts";
import { sourceTypes } from "./source-types.ts";

// src/workflow-logs/archive decides whose indices these are: this database's, another's, or nobody's. It marks and
// claims, and never writes a document.

export interface ArchiveConnections {
  readonly postgres: Pool;
  readonly state: StateDatabase;
  readonly elasticsearch: Client;
  readonly settings: StoredWith;
}

/** What an archive knows of itself, its database and the claims of others. */
export interface ArchiveFacts {
  /** Undefined while there is no state schema, or one older than this. */
  readonly row: ArchiveRow | undefined;
  readonly here: SourceIdentity;
  /** By archive; undefined where the user may not read them. */
  readonly claims: ReadonlyMap<string, ArchiveClaim> | undefined;
  readonly objection: Objection | undefined;
}

/** How long others may go on with indices that a takeover has given to someone else. */
const rememberedMillis = 5_000;
const claimedForMillis = 60_000;

/**
 * The archive of one database, as its table `log_archive.archive` and the marks of its indices have it. It decides
 * whose indices are this archive's, and whether this database may write into them; it never writes documents, and never
 * touches an index that is not known to be the archive's.
 */
export class Archive implements IndexOwner {
  /**
   * The first transaction since this database took the archive over and may be older than it; undefined where that
   * never was. As last looked at.
   */
  setBackXid: string | undefined;
  /**
   * Where the log tables were found when the archive was last compared with its database, else as it remembers them.
   * Null while neither is known.
   */
  sourceSchema: string | null = null;
  private readonly connections: ArchiveConnections;
  private remembered: { readonly ownership: Promise<Ownership>; readonly at: number } | undefined;
  private claimed: { readonly done: Promise<unknown>; readonly at: number } | undefined;

  constructor(connections: ArchiveConnections) {
    this.connections = connections;
  }

  /** As of a few seconds ago at most; the last known one while PostgreSQL is away. */
  async ownership(): Promise<Ownership> {
    const last = this.remembered;
    if (last !== undefined && performance.now() - last.at < rememberedMillis) return last.ownership;
    const ownership = this.readOwnership().catch((error: unknown) => {
      if (last === undefined) this.remembered = undefined;
      else return last.ownership;
      throw error;
    });
    this.remembered = { ownership, at: performance.now() };
    return ownership;
  }

  knownUuids(uuids: readonly string[]): Promise<ReadonlySet<string>> {
    return knownUuids(this.connections.state, uuids);
  }

  async knownParts(
    indices: readonly SharedMonth[],
    tenantId?: string,
  ): Promise<readonly { uuid: string; tenantId: string }[]> {
    const { state } = this.connections;
    const uuids = indices.map(({ uuid }) => uuid);
    const written = Map.groupBy(await directlyWritten(state, tenantId), ({ dataType, month }) =>
      monthKey(logTypes[dataType as DataType].resource, month),
    );
    return [
      ...(await knownParts(state, uuids, tenantId)),
      ...indices.flatMap(({ uuid, resource, month }) =>
        (written.get(monthKey(resource, month)) ?? []).map((part) => ({ uuid, tenantId: part.tenantId })),
      ),
    ];
  }

  /** Reads and compares; refuses and changes nothing. */
  async facts(elasticsearch = this.connections.elasticsearch): Promise<ArchiveFacts> {
    const { postgres, state, settings } = this.connections;
    const { prefix } = settings.template;
    const row = await readArchive(state);
    this.setBackXid = row?.set_back_xid ?? undefined;
    const here = await sourceIdentity(postgres);
    this.sourceSchema = here.schema;
    const claims = await readClaims(elasticsearch, prefix);
    const claim = row && claims?.get(row.id);
    const isOwn = claim !== undefined && (await isOwnToken(state, claim.token));
    const objection = copiedFrom(row, here) ?? (claims && claimedByOthers(row, prefix, claims, isOwn));
    return { row, here, claims, objection };
  }

  /**
   * Throws AppError when this database is not the one that the archive belongs to, or the prefix is another archive's,
   * and UsageError when a setting is another than what everything was stored with. Changes nothing.
   */
  async check(elasticsearch = this.connections.elasticsearch): Promise<ArchiveFacts> {
    const facts = await this.facts(elasticsearch);
    if (facts.objection !== undefined) throw objected(facts.objection);
    refuseOtherSchema(facts.row, facts.here);
    await refuseChangedSettings(this.connections, facts.row);
    return facts;
  }

  /**
   * Checks, and says to both stores that this database writes into the archive now. Call before anything is written,
   * repaired or deleted in Elasticsearch. The first claim gives the indices that were made before there were such
   * claims their marks. The state schema has to be up to date.
   */
  async claim(elasticsearch = this.connections.elasticsearch): Promise<ArchiveFacts> {
    const { state, settings } = this.connections;
    const facts = await this.check(elasticsearch);
    const { here } = facts;
    const row = facts.row!;
    const token = randomUUID();
    await saveToken(state, token, {
      system_identifier: here.systemIdentifier ?? row.system_identifier,
      database_oid: here.databaseOid,
      table_oid: here.tableOid,
      database_name: here.databaseName,
      timeline: here.timeline ?? row.timeline,
      source_schema: here.schema ?? row.source_schema,
      source_time_zone: settings.sourceTimeZone,
      index_prefix: settings.template.prefix,
      index_layout: settings.template.layout ?? "dedicated",
      claimed_at: new Date().toISOString(),
    });
    const claimedAt = new Date().toISOString();
    await putClaim(elasticsearch, settings.template.prefix, {
      archiveId: row.id,
      token,
      database: here.databaseName,
      claimedAt,
    });
    if (row.adopted_at === null) await adoptIndices({ state, elasticsearch, settings }, row.id, await this.ownership());
    this.remembered = undefined;
    return facts;
  }

  /**
   * For applications, which write all the time: the state schema is brought up to date, and the archive claimed again
   * once a minute. `elasticsearch` is a client that gives up as early as the writes do.
   */
  async claimForWrites(elasticsearch: Client): Promise<void> {
    const last = this.claimed;
    if (last === undefined || performance.now() - last.at >= claimedForMillis) {
      const { state, settings } = this.connections;
      // others wait for it too: it does not end with the save that began it, and takes no longer than one
      const done = withoutLimits(() =>
        upgradeState(state).then(() => withRequestLimit(saveMillis(settings), () => this.claim(elasticsearch))),
      );
      this.claimed = { done, at: performance.now() };
      done.catch(() => (this.claimed = undefined));
    }
    await this.claimed!.done;
  }

  /**
   * Claims the archive again once a minute, until the function that is returned is called; `onLost` gets the refusal.
   */
  hold(onLost: (refusal: AppError) => void): () => void {
    const timer = setInterval(() => {
      this.claim().catch((error: unknown) => {
        if (error instanceof AppError && objectionCodes.has(error.code)) onLost(error);
      });
    }, claimedForMillis);
    return () => clearInterval(timer);
  }

  /** What was remembered of it is read anew: it was changed. */
  forget(): void {
    this.remembered = undefined;
    this.claimed = undefined;
  }

  private async readOwnership(): Promise<Ownership> {
    const { postgres, state } = this.connections;
    const row = await readArchive(state);
    this.sourceSchema ??= row?.source_schema ?? null;
    const { tenantsAreUuids } = await sourceTypes(postgres);
    if (row !== undefined && row.adopted_at !== null) {
      return { archiveId: row.id, unmarked: new Set(), tenantsAreUuids };
    }
    const { uuids, written } = await knownIndices(state);
    const addresses = written.map(({ data_type: dataType, tenant_id: tenantId, month }) =>
      addressKey({ resource: logTypes[dataType as DataType].resource, tenantId, month }),
    );
    return { archiveId: row?.id, unmarked: new Set([...uuids, ...addresses]), tenantsAreUuids };
  }
}

function monthKey(resource: string, month: string): string {
  return `${resource}/${month}`;
}

const objectionCodes: ReadonlySet<string> = new Set<Objection["code"]>([
  "archive_copied",
  "archive_taken_over",
  "archive_of_another",
  "archive_behind",
]);

function objected({ code, message }: Objection): AppError {
  const other = "or choose another ELASTICSEARCH_INDEX_PREFIX for this database, before anything else.";
  return new AppError(code, `${message} Nothing was written.`, {
    hint: `If this database is to go on with the archive: app elasticsearch takeover --dry-run says what that would do. Else leave it to the other one, ${other}`,
  });
}
