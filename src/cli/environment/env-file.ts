// Read as the platform itself reads its .env: python-dotenv, under pydantic. No library for Node does: Node's own
// parseEnv and dotenv end an unquoted value at any #, which cuts passwords, and know neither its escapes nor its
// ${NAME:-default}.

export interface EnvFile {
  readonly values: Readonly<Record<string, string>>;
  /** Numbers of the lines, from 1, that are no assignment and were left out, as the platform leaves them out. */
  readonly unreadable: readonly number[];
}

const name = /(?:export[^\S\r\n]+)?(?:'(?<quotedName>[^']+)'|(?<name>[^=#\s]+))[^\S\r\n]*/;
const single = /'(?<single>(?:\\'|[^'])*)'/;
const double = /"(?<double>(?:\\"|[^"])*)"/;
const plain = /(?![^\S\r\n]*['"])(?<plain>[^\r\n]*)/;
const rest = /[^\S\r\n]*(?:#[^\r\n]*)?(?:\r\n|\n|\r|$)/;
const comment = /#[^\r\n]*(?:\r\n|\n|\r|$)/y;
const space = /\s*/y;
const line = /[^\r\n]*(?:\r\n|\n|\r|$)/y;
const assignment = new RegExp(
  `${name.source}(?:=(?:[^\\S\\r\\n]*(?:${single.source}|${double.source})|${plain.source}))?${rest.source}`,
  "y",
);

/** `env` is what ${NAME} takes where the file says nothing of NAME before. */
export function parseEnvFile(text: string, env: Readonly<Record<string, string | undefined>>): EnvFile {
  const values: Record<string, string> = {};
  const unreadable: number[] = [];
  let at = skip(space, text, 0);
  while (at < text.length) {
    assignment.lastIndex = at;
    const found = text[at] === "#" ? null : assignment.exec(text);
    if (found !== null) {
      const given = valueOf(found.groups ?? {});
      if (given !== undefined) {
        values[found.groups?.["quotedName"] ?? found.groups?.["name"] ?? ""] = interpolate(given, {
          ...env,
          ...values,
        });
      }
      at = assignment.lastIndex;
    } else if (text[at] === "#") {
      at = skip(comment, text, at);
    } else {
      unreadable.push(text.slice(0, at).split(/\r\n|\n|\r/).length);
      at = skip(line, text, at);
    }
    at = skip(space, text, at);
  }
  return { values, unreadable };
}

/** Undefined for a name without a value, which the platform takes for unset. */
function valueOf(groups: Readonly<Record<string, string | undefined>>): string | undefined {
  if (groups["single"] !== undefined) return groups["single"].replace(/\\([\\'])/g, "$1");
  if (groups["double"] !== undefined)
    return groups["double"].replace(/\\([\\'"abfnrtv])/g, (_, mark: string) => escapes[mark] ?? mark);
  return groups["plain"]?.replace(/\s+#.*/, "").trim();
}

const escapes: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

function interpolate(text: string, known: Readonly<Record<string, string | undefined>>): string {
  return text.replace(
    /\$\{([^}:]*)(?::-([^}]*))?\}/g,
    (_, key: string, fallback = "") => known[key] ?? (fallback as string),
  );
}

function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}
