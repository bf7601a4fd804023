import { z } from "zod";
import { anyText, boolean, matching, oneOf, value } from "../values.ts";

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

/** Credentials in it would be sent to nobody, and a query would end up in no signature. */
function parseEndpoint(given: string): string | undefined {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  const isPlain = url !== undefined && /^https?:$/.test(url.protocol) && url.search === "" && url.hash === "";
  return isPlain && url.username === "" && url.password === "" ? given : undefined;
}

const variables = z.object({
  STORAGE_TYPE: anyText
    .default("opendal")
    .describe(
      "the platform's file storage, used by `--offload inline`, `--delete-offloaded-files` and restore: opendal, local or s3",
    ),
  OPENDAL_SCHEME: anyText.default("fs").describe("of opendal; only fs is known"),
  OPENDAL_FS_ROOT: anyText.default("storage").describe("the folder for opendal; give a whole path"),
  STORAGE_LOCAL_PATH: anyText.default("storage").describe("the folder for local; give a whole path"),
  S3_ENDPOINT: value("an http or https address, such as https://minio.internal:9000", parseEndpoint)
    .optional()
    .describe("of s3; Amazon's when not given"),
  S3_REGION: matching(/^[a-zA-Z0-9-]{1,64}$/, "the name of a region, such as us-east-1")
    .default("us-east-1")
    .describe("of s3"),
  S3_BUCKET_NAME: matching(/^[a-zA-Z0-9][a-zA-Z0-9._-]{1,254}$/, "the name of a bucket")
    .optional()
    .describe("of s3"),
  S3_ACCESS_KEY: anyText.optional().describe("of s3"),
  S3_SECRET_KEY: anyText.optional().describe("of s3"),
  S3_ADDRESS_STYLE: oneOf("auto", "virtual", "path")
    .default("auto")
    .describe("whether the bucket is in the path or in the host name; auto: in the path at an endpoint of one's own"),
  S3_USE_AWS_MANAGED_IAM: boolean.default(false).describe("true is refused: give keys"),
});

/** A storage that cannot be read is no error here: the platform's .env is used for much that needs none. */
export const platformStorage = variables.transform(storageConfig);

function storageConfig(given: z.output<typeof variables>): StorageConfig {
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
