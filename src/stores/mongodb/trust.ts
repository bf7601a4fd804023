/** Options of the address that take a certificate unseen: https://www.mongodb.com/docs/manual/reference/connection-string-options/ */
const unseeing: ReadonlySet<string> = new Set([
  "tlsinsecure",
  "tlsallowinvalidcertificates",
  "tlsallowinvalidhostnames",
  "sslallowinvalidcertificates",
  "sslallowinvalidhostnames",
]);

/** Whether connections to this address go through TLS, and still take whoever answers for the server. */
export function trustsAnybody(uri: string): boolean {
  const options = new URLSearchParams(/\?(.*)$/s.exec(uri)?.[1] ?? "");
  const given = new Map(Array.from(options, ([name, value]) => [name.toLowerCase(), value]));
  const tls = given.get("tls") ?? given.get("ssl") ?? String(uri.startsWith("mongodb+srv:"));
  return tls === "true" && [...given].some(([name, value]) => unseeing.has(name) && value === "true");
}
