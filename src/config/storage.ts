import type { Variables } from "./variables.ts";

/** Where the platform keeps files, by its own settings; only looked at when contents are to be loaded. */
export type StorageConfig =
  | { readonly kind: "folder"; readonly root: string }
  | {
      readonly kind: "s3";
      readonly endpoint?: string | undefined;
      readonly region: string;
      readonly bucket: string;
      readonly accessKey: string;
      readonly secretKey: string;
      readonly addressStyle: "auto" | "virtual" | "path";
    }
  | { readonly kind: "unsupported"; readonly reason: string };

/** A storage that cannot be read is no error here: the platform's .env is used for much that needs none. */
export function storageConfig(given: Variables): StorageConfig {
  const type = given.STORAGE_TYPE.toLowerCase();
  if (type === "local") return { kind: "folder", root: given.STORAGE_LOCAL_PATH };
  if (type === "opendal") {
    if (given.OPENDAL_SCHEME.toLowerCase() === "fs") return { kind: "folder", root: given.OPENDAL_FS_ROOT };
    return { kind: "unsupported", reason: "of OPENDAL_SCHEME only fs is known" };
  }
  if (type !== "s3") return { kind: "unsupported", reason: "of STORAGE_TYPE only opendal, local and s3 are known" };
  if (given.S3_USE_AWS_MANAGED_IAM)
    return { kind: "unsupported", reason: "S3_USE_AWS_MANAGED_IAM is true, and only access keys are known" };
  const { S3_BUCKET_NAME: bucket, S3_ACCESS_KEY: accessKey, S3_SECRET_KEY: secretKey } = given;
  if (bucket === undefined || accessKey === undefined || secretKey === undefined)
    return { kind: "unsupported", reason: "S3_BUCKET_NAME, S3_ACCESS_KEY and S3_SECRET_KEY must all be given" };
  return {
    kind: "s3",
    endpoint: given.S3_ENDPOINT,
    region: given.S3_REGION,
    bucket,
    accessKey,
    secretKey,
    addressStyle: given.S3_ADDRESS_STYLE,
  };
}
