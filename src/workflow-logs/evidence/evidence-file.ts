import { createHash, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { z } from "zod";
import { UsageError } from "../../engine/errors.ts";
import { dataTypes } from "../partitions/log-types.ts";
import { compareIds, rootOf } from "./index-digest.ts";

export const evidenceFormat = "log-archive-evidence/1";
/** A file of 256 segments has about 30 KB. */
export const mostSegments = 256;
/** Never a pattern, a list or a path. */
export const exactIndexName = /^[a-z0-9][^\s*,/\\?"<>|#:%]{0,254}$/;
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const id = z.string().min(1).max(10_000);
const count = z.int().nonnegative();

const statement = z.strictObject({
  format: z.literal(evidenceFormat),
  /** What the hashes are made of, for whoever verifies without this program. */
  hashes: z.string(),
  archive: z.strictObject({ id: z.string().nullable(), database: z.string().nullable() }),
  index: z.strictObject({ name: z.string().regex(exactIndexName), uuid: z.string() }),
  dataType: z.enum(dataTypes),
  tenantId: z.string(),
  month: z.string().regex(/^\d{4}-\d{2}$/),
  documents: count,
  firstId: id.nullable(),
  lastId: id.nullable(),
  /**
   * Documents of purged rows that are what they were when the rows were deleted; those of rows purged without a
   * fingerprint; all others.
   */
  purged: count,
  unproven: count,
  others: count,
  root: hash,
  segments: z.array(z.tuple([id, count, hash])).max(4 * mostSegments),
  begunAt: z.string(),
  takenAt: z.string(),
  operator: z.string(),
  runId: z.string(),
  versions: z.strictObject({
    program: z.string(),
    elasticsearch: z.string(),
    postgres: z.string(),
  }),
});

const file = z.strictObject({
  statement,
  /** Ed25519 over the JSON text of the statement as it stands in the file, without white space between its parts. */
  signature: z
    .strictObject({ algorithm: z.literal("ed25519"), keyId: z.string(), publicKey: z.string(), value: z.string() })
    .nullable(),
});

export type EvidenceStatement = z.output<typeof statement>;
export type EvidenceFile = z.output<typeof file>;

export const howHashed =
  "sha256 over the _source of each document without archive.search_text and archive.copied_at; of a segment over length (4 bytes), id and hash of each; root over the JSON text and a line feed of each segment";

/** The file's text, signed where there is a private key of Ed25519. */
export function evidenceText(what: EvidenceStatement, key: KeyObject | undefined): string {
  const text = JSON.stringify(what);
  return `${JSON.stringify({ statement: what, signature: key === undefined ? null : signed(text, key) }, null, 1)}\n`;
}

function signed(text: string, key: KeyObject): NonNullable<EvidenceFile["signature"]> {
  const publicKey = createPublicKey(key);
  return {
    algorithm: "ed25519",
    keyId: keyIdOf(publicKey),
    publicKey: publicBytes(publicKey).toString("base64"),
    value: sign(null, Buffer.from(text), key).toString("base64"),
  };
}

/** Throws UsageError for a text that is no evidence, or contradicts itself. */
export function readEvidence(text: string, name: string): EvidenceFile {
  const wrong = (what: string): UsageError =>
    new UsageError("not_evidence", `${name} is no evidence file: ${what}`, {
      hint: "Give a file as `app elasticsearch evidence` wrote it.",
    });
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    throw wrong("it is no JSON.");
  }
  const parsed = file.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw wrong(`${issue!.path.join(".") || "its content"}: ${issue!.message}.`);
  }
  // as it stands in the file: the order of members is part of what was signed
  const evidence = { ...parsed.data, statement: (given as { statement: EvidenceStatement }).statement };
  const { segments, documents, root } = evidence.statement;
  const sum = segments.reduce((total, [, inSegment]) => total + inSegment, 0);
  const isOrdered = segments.every(([last], at) => at === 0 || compareIds(segments[at - 1]![0], last) < 0);
  if (sum !== documents || !isOrdered || rootOf(segmentsOf(evidence.statement)) !== root)
    throw wrong("its root, its counts and its segments contradict each other.");
  return evidence;
}

export function segmentsOf({ segments }: EvidenceStatement) {
  return segments.map(([lastId, documents, ofSegment]) => ({ lastId, documents, hash: ofSegment }));
}

/**
 * `valid`: signed with the key that was given, or, where none was given, with the one that the file names, which proves
 * that nothing was changed since, not who signed it. `other_key`: signed, but not with the key given.
 */
export type SignatureState = "none" | "valid" | "other_key" | "wrong";

export function signatureState(evidence: EvidenceFile, trusted: KeyObject | undefined): SignatureState {
  const { signature } = evidence;
  if (signature === null) return "none";
  const named = publicKeyOf(signature.publicKey);
  if (named === undefined) return "wrong";
  if (trusted !== undefined && !publicBytes(trusted).equals(publicBytes(named))) return "other_key";
  const isRight = verify(
    null,
    Buffer.from(JSON.stringify(evidence.statement)),
    named,
    Buffer.from(signature.value, "base64"),
  );
  return isRight ? "valid" : "wrong";
}

function publicKeyOf(base64: string): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(base64, "base64"), format: "der", type: "spki" });
    return key.asymmetricKeyType === "ed25519" ? key : undefined;
  } catch {
    return undefined;
  }
}

/** To tell keys apart by eye. */
function keyIdOf(publicKey: KeyObject): string {
  return createHash("sha256").update(publicBytes(publicKey)).digest("hex").slice(0, 16);
}

function publicBytes(key: KeyObject): Buffer {
  return key.export({ format: "der", type: "spki" });
}
