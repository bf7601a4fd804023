import type { estypes } from "@elastic/elasticsearch";
import { searchTerms } from "./search-terms.ts";

export const searchField = "archive.search_text";

/** Fields by which a log is found whole when a term is such an id. */
const idFields = ["id", "workflow_run_id", "node_execution_id", "app_id", "workflow_id", "created_by"];

/**
 * The documents in which every term of the text is found: its words next to each other in the decoded text (a word of
 * Chinese or Japanese is a phrase of its characters), or one of their ids is the term.
 */
export function searchQuery(text: string): estypes.QueryDslQueryContainer {
  return { bool: { must: searchTerms(text).map(termQuery) } };
}

function termQuery(term: string): estypes.QueryDslQueryContainer {
  const asId = idFields.map((field) => ({ term: { [field]: term } }));
  return { bool: { should: [{ match_phrase: { [searchField]: term } }, ...asId], minimum_should_match: 1 } };
}
