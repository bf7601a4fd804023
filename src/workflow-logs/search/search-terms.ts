/**
 * What a person looks for: every word and every "quoted phrase" of the text, without the quotes; a quote that is not
 * closed ends with the text.
 */
export function searchTerms(text: string): string[] {
  const terms: string[] = [];
  for (const [, phrase, word] of text.matchAll(/"([^"]*)"?|([^\s"]+)/gu)) {
    const term = (phrase ?? word ?? "").trim();
    if (term !== "") terms.push(term);
  }
  return terms;
}
