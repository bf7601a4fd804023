export interface S3Location {
  /** Address of a server other than Amazon's. */
  readonly endpoint?: string | undefined;
  readonly region: string;
  readonly bucket: string;
  readonly addressStyle: "auto" | "virtual" | "path";
}

/**
 * The address of the bucket, without a slash at its end. `auto` is what the platform's client (botocore) makes of it:
 * the path at an endpoint of one's own, and at Amazon the host name where the bucket's name can be part of one.
 */
export function bucketUrl({ endpoint, region, bucket, addressStyle }: S3Location): string {
  const url = new URL(endpoint ?? `https://s3.${region}.amazonaws.com`);
  const path = url.pathname.replace(/\/+$/, "");
  const inHost =
    addressStyle === "virtual" || (addressStyle === "auto" && endpoint === undefined && hostLabel.test(bucket));
  return inHost ? `${url.protocol}//${bucket}.${url.host}${path}` : `${url.origin}${path}/${encoded(bucket)}`;
}

/** A dot would be no part of the certificate's wildcard. */
const hostLabel = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;

/** The key as a path behind the bucket; undefined when the path would lead to another place than the key says. */
export function keyPath(key: string): string | undefined {
  const parts = key.split("/");
  if (key === "" || !key.isWellFormed() || parts.some((part) => part === "." || part === "..")) return undefined;
  return `/${parts.map(encoded).join("/")}`;
}

/** As RFC 3986 has it, which is what signatures are made of. */
function encoded(part: string): string {
  return encodeURIComponent(part).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}
