/** The text itself when it is a URL that names a PostgreSQL database, else undefined. */
export function parseDatabaseUrl(text: string): string | undefined {
  try {
    const url = new URL(text);
    const known = url.protocol === "postgres:" || url.protocol === "postgresql:";
    // An unescaped # in a password ends the URL there; the rest, the host among it, would be ignored without a word.
    const complete = url.hash === "" && url.pathname.length > 1;
    decodeURIComponent(url.username + url.password + url.pathname);
    return known && complete ? text : undefined;
  } catch {
    return undefined;
  }
}

export interface DatabaseParts {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly database: string;
}

/** A URL of Dify's separate settings. A host that starts with a slash is the folder of a Unix socket. */
export function databaseUrl({ host, port, username, password, database }: DatabaseParts): string {
  const bracketed = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  const location = host.startsWith("/") ? encodeURIComponent(host) : bracketed;
  const secret = password === "" ? "" : `:${encodeURIComponent(password)}`;
  return `postgresql://${encodeURIComponent(username)}${secret}@${location}:${port}/${encodeURIComponent(database)}`;
}
