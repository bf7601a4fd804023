import type { Command } from "commander";
import { z } from "zod";
import { migrateDefaults, type MigrateOptions } from "../../../workflow-logs/copying/options.ts";
import {
  batchSize,
  concurrency,
  dataTypeOption,
  endDateOption,
  offload,
  order,
  orderedDates,
  scopeOf,
  scopeShape,
  secondsOrOff,
  size,
  startDateOption,
  tenantIdOption,
  uuid,
  wholeNumber,
} from "../../options.ts";

/** The flags of migrate, which preflight takes too. */
export function addMigrateOptions(command: Command): Command {
  return command
    .addOption(tenantIdOption())
    .addOption(startDateOption())
    .addOption(endDateOption())
    .addOption(dataTypeOption())
    .option("--batch-size <rows>", `rows of one bulk request (default: ${migrateDefaults.batchRows})`)
    .option("--batch-bytes <size>", "size of one bulk request (default: 5MB)")
    .option("--concurrency <number>", `bulk requests in flight (default: ${migrateDefaults.concurrency})`)
    .option("--max-rps <rows>", "at most so many rows a second")
    .option("--max-bytes-rate <size>", "at most so many bytes a second, such as 10MB")
    .option("--max-lag <seconds>", "wait while a standby of PostgreSQL is further behind, or off (default: off)")
    .option("--order <order>", "newest or oldest month first (default: newest)")
    .option(
      "--offload <mode>",
      "contents that the platform moved to files: reference them, or copy them inline into the documents (default: reference)",
    )
    .option("--run-id <id>", "with the options of this earlier run")
    .option("--restart", "copy again from nothing, whatever was copied before");
}

/** Options given on the command line; what was not given is undefined, so that those of an earlier run can stand in. */
export const migrateShape = z
  .object({
    ...scopeShape,
    batchSize: batchSize.optional(),
    batchBytes: size.optional(),
    concurrency: concurrency.optional(),
    maxRps: wholeNumber(1).optional(),
    maxBytesRate: size.optional(),
    maxLag: secondsOrOff.optional(),
    order: order.optional(),
    offload: offload.optional(),
    runId: uuid.optional(),
    restart: z.literal(true).optional(),
    dryRun: z.literal(true).optional(),
    follow: z.literal(true).optional(),
    followDeletes: z.literal(true).optional(),
  })
  .refine(({ follow, followDeletes }) => followDeletes === undefined || follow !== undefined, {
    path: ["followDeletes"],
    message: "needs --follow; for what was recorded already there is app elasticsearch apply-dirty --follow-deletes",
  })
  .refine(({ follow, dryRun }) => follow === undefined || dryRun === undefined, {
    path: ["follow"],
    message: "is nothing that a dry run can do",
  })
  .refine(...orderedDates);

type Given = z.output<typeof migrateShape>;

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
    follow: given.follow ?? earlier.follow,
    followDeletes: given.followDeletes ?? earlier.followDeletes,
  };
}
