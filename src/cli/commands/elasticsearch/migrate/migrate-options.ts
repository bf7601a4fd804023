import { migrateDefaults, type MigrateOptions } from "../../../../workflow-logs/copying/options.ts";
import type { Options } from "../../../command.ts";
import { toggle, value } from "../../../options/flags.ts";
import { distributedFlags } from "../../../options/distributed.ts";
import { scopeFlags, scopeOf } from "../../../options/scope.ts";
import { batchSize, concurrency, oneOf, secondsOrOff, size, uuid, wholeNumber } from "../../../options/values.ts";

/**
 * The flags of migrate, which preflight takes too. What was not given is undefined, so that the options of an earlier
 * run can stand in before the defaults do.
 */
export const migrateFlags = {
  ...scopeFlags,
  batchSize: value("rows of one bulk request", batchSize.optional(), { shownDefault: migrateDefaults.batchRows }),
  batchBytes: value("size of one bulk request", size.optional(), { shownDefault: "5MB" }),
  concurrency: value("bulk requests in flight", concurrency.optional(), { shownDefault: migrateDefaults.concurrency }),
  maxRps: value("at most so many rows a second", wholeNumber(1).optional()),
  maxBytesRate: value("at most so many bytes a second, such as 10MB", size.optional()),
  maxLag: value("wait while a standby of PostgreSQL is this many seconds behind, or off", secondsOrOff.optional(), {
    shownDefault: "off",
  }),
  order: value("which month first", oneOf("newest", "oldest").optional(), { shownDefault: migrateDefaults.order }),
  offload: value(
    "contents that the platform moved to files: reference them, or copy them inline into the documents",
    oneOf("reference", "inline").optional(),
    { shownDefault: migrateDefaults.offload },
  ),
  runId: value("with the options of this earlier run", uuid.optional()),
  restart: toggle("copy again from nothing, whatever was copied before"),
};

/** Of commands that look: large tables are estimated without it. */
export const exactFlag = { exact: toggle("count the rows of large tables too, which reads them from end to end") };

/** Those of migrate alone. */
export const migrateOnlyFlags = {
  follow: toggle("stay on after the copy and apply what the platform writes, until stopped; needs capture"),
  followDeletes: toggle("with --follow: delete the documents of rows that the platform deletes"),
  ...distributedFlags,
  dryRun: toggle("say what would be copied, and touch nothing"),
  exact: toggle("with --dry-run: count the rows of large tables too, which reads them from end to end"),
};

type Given = Options<typeof migrateFlags> & Options<typeof migrateOnlyFlags>;

/** `earlier` are the options of the run that --run-id names. */
export function migrateOptions(given: Given, earlier: Partial<MigrateOptions> = {}): MigrateOptions {
  const named =
    given.tenantId.length > 0 ||
    given.dataType.length > 0 ||
    given.startDate !== undefined ||
    given.endDate !== undefined;
  return {
    scope: named || earlier.scope === undefined ? scopeOf(given) : earlier.scope,
    batchRows: given.batchSize ?? earlier.batchRows ?? migrateDefaults.batchRows,
    batchBytes: given.batchBytes ?? earlier.batchBytes ?? migrateDefaults.batchBytes,
    concurrency: given.concurrency ?? earlier.concurrency ?? migrateDefaults.concurrency,
    recordsPerSecond: given.maxRps ?? earlier.recordsPerSecond,
    bytesPerSecond: given.maxBytesRate ?? earlier.bytesPerSecond,
    maxLagSeconds: given.maxLag === Number.POSITIVE_INFINITY ? undefined : (given.maxLag ?? earlier.maxLagSeconds),
    order: given.order ?? earlier.order ?? migrateDefaults.order,
    offload: given.offload ?? earlier.offload ?? migrateDefaults.offload,
    restart: given.restart ?? false,
    distributed: given.distributed ?? earlier.distributed,
    follow: given.follow ?? earlier.follow,
    followDeletes: given.followDeletes ?? earlier.followDeletes,
  };
}
