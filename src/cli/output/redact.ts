export type Redact = (text: string) => string;

/** Replaces each of `secrets` that stands as a word of its own, also as JSON escapes it. */
export function redactor(secrets: readonly string[]): Redact {
  const forms = new Set(secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]));
  if (forms.size === 0) return (text) => text;
  // Only whole words: a password "elastic" must not take the name of Elasticsearch out of every message.
  const pattern = new RegExp(`(?<![A-Za-z0-9])(?:${[...forms].map(escaped).join("|")})(?![A-Za-z0-9])`, "g");
  return (text) => text.replace(pattern, "[secret]");
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
