/** An Elasticsearch address as it was given. `scheme` is undefined when it is left to ELASTICSEARCH_USE_SSL. */
export interface Host {
  readonly scheme: "http" | "https" | undefined;
  /** Host, port and path, without scheme and credentials. */
  readonly address: string;
  readonly username: string;
  readonly password: string;
}

/**
 * The hosts of a JSON array, of one whose quotes a shell took (`. ./.env`), or of a comma separated list; undefined
 * when one of them is no http address or there is none.
 */
export function parseHosts(text: string): Host[] | undefined {
  const entries = text.startsWith("[") ? jsonStrings(text) : text.split(",");
  const hosts = entries?.map((entry) => parseHost(entry.trim()));
  return hosts && hosts.length > 0 && hosts.every((host) => host !== undefined) ? hosts : undefined;
}

function jsonStrings(text: string): string[] | undefined {
  try {
    const entries: unknown = JSON.parse(text);
    return Array.isArray(entries) && entries.every((entry) => typeof entry === "string") ? entries : undefined;
  } catch {
    const [, inside] = /^\[([^'"]*)\]$/.exec(text) ?? [];
    return inside?.split(",");
  }
}

function parseHost(text: string): Host | undefined {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== "http" && scheme !== "https") return undefined;
  if (text === "" || /[\s?#\\*]/.test(text)) return undefined;
  try {
    const url = new URL(scheme === undefined ? `http://${text}` : text);
    const port = scheme === undefined && url.port === "" ? ":9200" : "";
    return {
      scheme,
      address: `${url.host}${port}${url.pathname.replace(/\/+$/, "")}`,
      username: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
    };
  } catch {
    return undefined;
  }
}
