export async function* pagesOf(ids: readonly string[], size: number): AsyncGenerator<string[]> {
  for (let at = 0; at < ids.length; at += size) yield ids.slice(at, at + size);
}
