import type { Environment } from "./read-sections.ts";

const secretNames = /(PASSWORD|SECRET|SECRET_KEY|ACCESS_KEY|API_KEY|TOKEN)$/;
const urlNames = /(URL|URI|HOSTS)$/;
/** Lists of name=value, each of which may be a credential. */
const headerNames = /_HEADERS$/;

/** Whether a variable of this name may hold a secret, be it as a part of an address. */
export function isSecretName(name: string): boolean {
  return secretNames.test(name) || urlNames.test(name) || headerNames.test(name);
}

/** Every secret the environment holds, in each form in which it could turn up in a message, longest first. */
export function secretsIn(env: Environment): string[] {
  const found = new Set<string>();
  for (const [name, text] of Object.entries(env)) {
    if (text === undefined) continue;
    if (secretNames.test(name)) found.add(text.trim());
    if (headerNames.test(name)) for (const credential of credentialsIn(text)) found.add(credential);
    if (urlNames.test(name)) for (const password of passwordsInUrls(text)) found.add(password);
  }
  const user = env["ELASTICSEARCH_USERNAME"];
  const password = env["ELASTICSEARCH_PASSWORD"];
  if (user && password) found.add(Buffer.from(`${user}:${password}`).toString("base64"));
  const encoded = [...found].map(encodeURIComponent);
  return [...new Set([...found, ...encoded])].filter((secret) => secret !== "").toSorted((a, b) => b.length - a.length);
}

/** Values of headers, and what stands behind a scheme such as Bearer. */
function credentialsIn(headers: string): string[] {
  return headers.split(",").flatMap((pair) => {
    const given = decoded(pair.slice(pair.indexOf("=") + 1).trim());
    return [given, given.slice(given.indexOf(" ") + 1)];
  });
}

function passwordsInUrls(text: string): string[] {
  return text.split(/[",\s]+/).flatMap((part) => {
    const password = /:\/\/[^:/]*:(.+)@/.exec(part)?.[1];
    const ofKey = /[?&]sslpassword=([^&#]*)/.exec(part)?.[1];
    // where characters of a password were not encoded, a part of it may be taken for a host or a path
    const parts = (password ?? "").split(/[@/?#]/).filter((some) => some !== password && some.length >= leastPart);
    return [password, ofKey, ...parts].flatMap((some) => (some === undefined ? [] : [some, decoded(some)]));
  });
}

/** Shorter ones are no help to anyone, and as words of their own they stand in many messages. */
const leastPart = 3;

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
