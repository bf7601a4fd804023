/** Of a request to Elasticsearch, by its path. */
export function requestKind(path: string): string {
  const [, kind] = /\/_(bulk|msearch|search|mget|count|refresh|stats)\b/.exec(path) ?? [];
  return kind ?? "other";
}
