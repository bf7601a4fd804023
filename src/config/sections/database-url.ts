/**
 * The text itself when it is a URL that names a PostgreSQL database, else undefined. A password with an unescaped @, /
 * or # would put a part of itself into the host, the path or nowhere: a second @ or / behind the scheme, or a fragment,
 * is refused.
 */
export function parseDatabaseUrl(text: string): string | undefined {
  try {
    const url = new URL(text);
    const known = url.protocol === "postgres:" || url.protocol === "postgresql:";
    const [location = ""] = text.slice(text.indexOf("//") + 2).split("?");
    const plain =
      !url.hostname.includes(",") &&
      !text.includes("#") &&
      location.split("@").length <= 2 &&
      location.split("/").length === 2;
    const parametersArePlain = !(url.search + url.hash).replaceAll(/%[0-9a-f]{2}/gi, "").includes("@");
    decodeURIComponent(url.username + url.password + url.pathname);
    return known && plain && parametersArePlain && url.pathname.length > 1 ? text : undefined;
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

/**
 * The parameters of TLS that the platform's DB_EXTRAS has, such as "sslmode=require&sslrootcert=/ca.crt"; what else it
 * has is SQLAlchemy's.
 */
export function tlsOfExtras(extras: string | undefined): Record<string, string> {
  const parameters = [...new URLSearchParams(extras ?? "")];
  return Object.fromEntries(parameters.filter(([name]) => name.startsWith("ssl")));
}

/** The URL with the parameters that it does not have itself. */
export function withParameters(url: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const given = new URLSearchParams(url.split("?")[1] ?? "");
  const more = Object.entries(parameters).filter(
    (parameter): parameter is [string, string] => parameter[1] !== undefined && !given.has(parameter[0]),
  );
  if (more.length === 0) return url;
  return `${url}${url.includes("?") ? "&" : "?"}${new URLSearchParams(more).toString()}`;
}
