import { indexObstacle } from "../../stores/elasticsearch/indices/index-obstacles.ts";
import { type IndexContents, readContents } from "../../stores/elasticsearch/indices/newest-document.ts";
import type { Connections } from "../connections.ts";
import { keptByDocuments, keptByMonth } from "./age-rule.ts";
import type { Policy } from "./retention-days.ts";
import type { KeptReason, SweptIndex } from "./report.ts";
import type { Candidate } from "./list-candidates.ts";
import { ageOf, keptIndex } from "./index-line.ts";

/** What an index is now: it stays, for a reason, or it may go with these documents. */
export type InspectedCandidate =
  | { readonly kept: SweptIndex }
  | { readonly kept: undefined; readonly contents: IndexContents & { readonly newest: string | null } };

/** Looks at the index itself, after a refresh. Changes nothing. */
export async function inspectCandidate(
  { elasticsearch, archive }: Connections,
  candidate: Candidate,
  now: Date,
): Promise<InspectedCandidate> {
  const { index, policy } = candidate;
  const obstacle = await indexObstacle(elasticsearch, archive, index);
  if (obstacle === "index_gone")
    return { kept: keptIndex(candidate, { ...index, documents: 0, bytes: 0 }, policy, "index_missing") };
  if (obstacle !== undefined) return { kept: keptIndex(candidate, index, policy, obstacle) };
  const contents = await readContents(elasticsearch, index.name);
  if (contents?.newest === undefined) return { kept: keptIndex(candidate, index, policy, "newest_unknown") };
  const { documents, newest } = contents;
  const reason = keptByDocuments(contents, policy.days, now);
  if (reason === undefined) return { kept: undefined, contents: { ...contents, newest } };
  return { kept: { ...keptIndex(candidate, { ...index, documents }, policy, reason), ...ageOf(newest, now) } };
}

/** Why the index stays by this policy, which may be another than it was judged by; undefined when it may go. */
export function keptByPolicy(
  policy: Policy,
  { month, contents, now }: { month: string; contents: IndexContents; now: Date },
): KeptReason | undefined {
  if (policy.held) return "held";
  return keptByMonth(month, policy.days, now) ?? keptByDocuments(contents, policy.days, now);
}
