import type { Client } from "@elastic/elasticsearch";
import type { KeyObject } from "node:crypto";
import { AppError, UsageError } from "../../engine/errors.ts";
import { described } from "../../stores/elasticsearch/errors.ts";
import { isSharedIndex } from "../../stores/elasticsearch/indices/index-names.ts";
import { type EvidenceFile, segmentsOf, type SignatureState, signatureState } from "./evidence-file.ts";
import type { Segment } from "./index-digest.ts";
import { walkIndex } from "./walk-index.ts";

export interface VerifyEvidenceOptions {
  /**
   * The index to be looked at; that of the evidence when not given. A snapshot may have been restored under another
   * name.
   */
  readonly index?: string | undefined;
  /** The public key that must have signed the evidence. */
  readonly trusted?: KeyObject | undefined;
}

/** Ids between which documents are not those of the evidence. */
export interface DifferingRange {
  /** Null before the first. Exclusive. */
  readonly after: string | null;
  /** Null behind the last. Inclusive. */
  readonly upTo: string | null;
  readonly expected: number;
  readonly found: number;
}

export interface VerifyEvidenceReport {
  readonly command: "elasticsearch evidence verify";
  /**
   * `proven`: the index holds the documents of the evidence, every one unchanged, and no others, and the signature is
   * not wrong.
   */
  readonly status: "proven" | "not_proven";
  readonly index: string;
  readonly signature: SignatureState;
  readonly keyId: string | null;
  readonly expected: number;
  readonly found: number;
  readonly differences: readonly DifferingRange[];
  /** The first documents that this program did not write. */
  readonly strangers: readonly string[];
  readonly statement: Pick<
    EvidenceFile["statement"],
    "dataType" | "tenantId" | "month" | "takenAt" | "operator" | "purged" | "unproven" | "others"
  >;
}

/**
 * Compares an index, wherever it came from, with evidence. Reads Elasticsearch alone. Throws AppError when the index
 * cannot be read.
 */
export async function verifyEvidence(
  client: Client,
  evidence: EvidenceFile,
  { index: named, trusted }: VerifyEvidenceOptions,
  signal: AbortSignal,
): Promise<VerifyEvidenceReport> {
  const { statement } = evidence;
  const index = named ?? statement.index.name;
  if (isSharedIndex(index))
    throw new UsageError("layout_unsupported", `${index} has documents of several tenants, and evidence is of one.`, {
      hint: "Name the index that the evidence was taken of, or a copy of it.",
    });
  if (!(await described(client.indices.exists({ index, allow_no_indices: false })))) {
    throw new AppError("index_missing", `There is no index ${index}.`, {
      hint: "Name the index with --index, if a snapshot was restored under another name.",
    });
  }
  const expected = segmentsOf(statement);
  const { digest, strangers } = await walkIndex(
    client,
    index,
    { at: expected.map(({ lastId }) => lastId), segments: expected.length, unpaused: async () => {} },
    signal,
  );
  const signature = signatureState(evidence, trusted);
  const isTrusted = signature === "valid" || (signature === "none" && trusted === undefined);
  const isSame = digest.root === statement.root && strangers.length === 0;
  const { dataType, tenantId, month, takenAt, operator, purged, unproven, others } = statement;
  return {
    command: "elasticsearch evidence verify",
    status: isSame && isTrusted ? "proven" : "not_proven",
    index,
    signature,
    keyId: evidence.signature?.keyId ?? null,
    expected: statement.documents,
    found: digest.documents + strangers.length,
    differences: differing(expected, digest.segments),
    strangers: strangers.slice(0, strangersNamed),
    statement: { dataType, tenantId, month, takenAt, operator, purged, unproven, others },
  };
}

const strangersNamed = 100;

/** Both have the same ends, and what was found may have one more segment behind them. */
function differing(expected: readonly Segment[], found: readonly Segment[]): DifferingRange[] {
  return found.flatMap((segment, at): DifferingRange[] => {
    const before = expected[at - 1]?.lastId ?? null;
    const meant = expected[at];
    if (meant === undefined) return [{ after: before, upTo: null, expected: 0, found: segment.documents }];
    if (meant.hash === segment.hash && meant.documents === segment.documents) return [];
    return [{ after: before, upTo: meant.lastId, expected: meant.documents, found: segment.documents }];
  });
}
