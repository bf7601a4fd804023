import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { UsageError } from "../../engine/errors.ts";

/** The private key of Ed25519 in a PEM file. Throws UsageError, which never repeats what is in the file. */
export function readSigningKey(path: string): KeyObject {
  return ed25519(path, "private", createPrivateKey, "openssl genpkey -algorithm ed25519 -out KEY.pem makes one.");
}

/** The public key of Ed25519 in a PEM file. Throws UsageError. */
export function readPublicKey(path: string): KeyObject {
  return ed25519(
    path,
    "public",
    createPublicKey,
    "openssl pkey -in KEY.pem -pubout -out PUBLIC.pem makes it of the private one.",
  );
}

function ed25519(path: string, kind: string, read: (pem: string) => KeyObject, hint: string): KeyObject {
  const wrong = (what: string): UsageError => new UsageError("wrong_key", `The file ${path} ${what}.`, { hint });
  let pem: string;
  try {
    pem = readFileSync(path, "utf8");
  } catch (error) {
    throw wrong(`cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  let key: KeyObject;
  try {
    key = read(pem);
  } catch {
    throw wrong(`holds no ${kind} key in PEM that can be used without a password`);
  }
  if (key.asymmetricKeyType !== "ed25519")
    throw wrong(`holds a key of ${key.asymmetricKeyType ?? "no known kind"}, not of Ed25519`);
  return key;
}
