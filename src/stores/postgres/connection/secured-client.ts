import pg from "pg";
import type { ConnectionTarget, Security } from "./tls.ts";

const loginRefused = "28000"; // also: pg_hba.conf has no line for a connection (not) encrypted

/**
 * A class of clients that connect as the target says. Where that leaves a choice (sslmode allow or prefer), the first
 * of them finds out with a connection of its own what the server takes, and the others do the same.
 */
export function securedClient({ url, attempts }: ConnectionTarget): typeof pg.Client {
  let chosen: Promise<Security> | undefined;
  const choose = (): Promise<Security> => {
    chosen ??= firstThatWorks(url, attempts);
    chosen.catch(() => (chosen = undefined)); // a server that was away is asked again
    return chosen;
  };
  return class SecuredClient extends pg.Client {
    override connect(): Promise<pg.Client>;
    override connect(told: (error: Error) => void): void;
    override connect(told?: (error: Error) => void): Promise<pg.Client> | void {
      const connected = choose().then((security) => {
        const inner = this as unknown as { ssl: Security; connection: { ssl: Security } };
        inner.ssl = security;
        inner.connection.ssl = security;
        return super.connect();
      });
      if (told === undefined) return connected;
      connected.then(() => (told as () => void)(), told);
    }
  };
}

async function firstThatWorks(url: string, attempts: ConnectionTarget["attempts"]): Promise<Security> {
  for (const security of attempts.slice(0, -1)) {
    const trial = new pg.Client({ connectionString: url, ssl: security, connectionTimeoutMillis: 10_000 });
    trial.on("error", () => {});
    try {
      await trial.connect();
      return security;
    } catch (error) {
      if (!isAboutSecurity(error)) throw error;
    } finally {
      trial.end().catch(() => {});
    }
  }
  return attempts.at(-1)!;
}

/**
 * Codes of Node and OpenSSL, and the driver's words for a server without TLS; an error of the network is none of them.
 */
function isAboutSecurity(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof pg.DatabaseError) return error.code === loginRefused;
  return isTlsFailure(error) || /server does not support SSL connections/.test(error.message);
}

/**
 * https://nodejs.org/api/tls.html#x509-certificate-error-codes, and errors of OpenSSL, which begin with ERR_SSL_ or
 * ERR_TLS_.
 */
export function isTlsFailure(error: Error): boolean {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  return /^ERR_(SSL|TLS|OSSL)_|CERT|^CRL_|^UNABLE_TO_|SELF_SIGNED|^(INVALID_CA|PATH_LENGTH_EXCEEDED|INVALID_PURPOSE|HOSTNAME_MISMATCH|EPROTO)$/.test(
    code,
  );
}
