import path from "node:path";
import { backupBucket } from "../../../config/sections/layra.ts";
import type { ConfigOf } from "../../../config/read-sections.ts";
import { stateFile } from "../../../config/sections/state-file.ts";
import { UsageError } from "../../../engine/errors.ts";
import type { BackupPlace } from "../../../layra/backup/place.ts";
import type { Stores } from "../../../layra/stores.ts";
import type { RunHome } from "../../../runs/run-home.ts";
import type { CommandContext } from "../../context.ts";
import { option } from "../../options/values.ts";
import { layraConfig, withStores } from "./connect.ts";

/** What backups need of the configuration. */
export const backupConfig = { ...layraConfig, backupBucket, stateFile };

export type BackupContext = CommandContext<ConfigOf<typeof backupConfig>>;

export const placeOption = option("a folder, or s3://bucket/prefix", (text) =>
  text !== "" && (!text.includes("://") || /^s3:\/\/[a-zA-Z0-9][\w.-]+(\/[^?#]*)?$/.test(text)) ? text : undefined,
);

/** The place that the text names. @throws UsageError for the bucket that is to be backed up itself */
export async function openPlace({ config, workingDirectory }: BackupContext, text: string): Promise<BackupPlace> {
  const { bucketPlace, folderPlace } = await import("../../../layra/backup/place.ts");
  const [, bucket, prefix = ""] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(text) ?? [];
  if (bucket === undefined) return folderPlace(path.resolve(workingDirectory, text));
  const { minio, backupBucket: own } = config;
  const endpoint = own.endpoint ?? minio.endpoint;
  if (endpoint === minio.endpoint && bucket === minio.bucket)
    throw new UsageError("same_bucket", `${bucket} is the bucket that is backed up. Nothing was touched.`, {
      hint: "Name another bucket.",
    });
  const { S3Objects } = await import("../../../stores/blobs/s3-objects.ts");
  const objects = new S3Objects(
    {
      endpoint,
      bucket,
      region: own.region ?? minio.region,
      accessKey: own.accessKey ?? minio.accessKey,
      secretKey: own.secretKey ?? minio.secretKey,
      addressStyle: "path",
    },
    {
      name: "The bucket of backups",
      unreachable: "Look at BACKUP_S3_ENDPOINT and the network, then run the same command again.",
      denied: "Look at BACKUP_S3_ACCESS_KEY and BACKUP_S3_SECRET_KEY.",
      refused: "Look at the bucket's name, and at BACKUP_S3_ENDPOINT and BACKUP_S3_REGION.",
    },
  );
  return bucketPlace(objects, prefix);
}

/** Runs `work` with the five stores, and with the state file as home of its run. */
export async function withStoresAndHome<T>(
  context: BackupContext,
  timeoutSeconds: number,
  work: (stores: Stores, home: RunHome) => Promise<T>,
): Promise<T> {
  const { openStateFile } = await import("../../../stores/sqlite/state-file.ts");
  const { sqliteHome } = await import("../../../stores/sqlite/run-home.ts");
  using file = await openStateFile(context.config.stateFile);
  return await withStores(context, timeoutSeconds, (stores) => work(stores, sqliteHome(file)));
}
