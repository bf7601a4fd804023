import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serverUser } from "../../dev/servers/server-user.ts";

export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** A private authority in a temporary folder and what it has signed. */
export class Authority {
  readonly folder = mkdtempSync(join(tmpdir(), "certificates-test-"));
  readonly certificate = join(this.folder, "ca.crt");
  private readonly key = join(this.folder, "ca.key");

  constructor() {
    chmodSync(this.folder, 0o755);
    openssl("req", "-x509", ...newKey(this.key), "-out", this.certificate, "-days", "2", "-subj", "/CN=Test authority");
  }

  /** `names` as in subjectAltName, such as "IP:127.0.0.1"; valid for `days`, which may be gone by. */
  sign(name: string, options: { subject: string; names?: string; expired?: boolean }): Certificate {
    const file = (ending: string): string => join(this.folder, `${name}.${ending}`);
    openssl("req", "-new", ...newKey(file("key")), "-out", file("csr"), "-subj", `/CN=${options.subject}`);
    writeFileSync(file("ext"), options.names === undefined ? "" : `subjectAltName=${options.names}\n`);
    const dates = ["-days", options.expired === true ? "-1" : "2"];
    const signer = ["-CA", this.certificate, "-CAkey", this.key, "-CAcreateserial", "-extfile", file("ext")];
    openssl("x509", "-req", "-in", file("csr"), ...signer, "-out", file("crt"), ...dates);
    return { certificate: file("crt"), key: file("key") };
  }
}

/** PostgreSQL reads its key only when it is its own and closed to others. */
export async function giveToServer({ key }: Certificate): Promise<void> {
  const user = await serverUser();
  if (user !== undefined) chownSync(key, user.uid, user.gid);
  chmodSync(key, 0o600);
}

function newKey(file: string): string[] {
  return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", file];
}

function openssl(...args: string[]): void {
  execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
}
