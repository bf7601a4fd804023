import type { Pool, PoolConnection } from "mysql2/promise";
import { AppError, UsageError } from "../../engine/errors.ts";

// src/stores/mysql owns the connection to MySQL or MariaDB: its address, pool and errors. It knows nothing of what is
// kept there.

export interface MysqlOptions {
  /** `mysql://user:password@host:3306/database`; SQLAlchemy's `mysql+aiomysql://` is taken too. */
  readonly uri: string;
  /** Connections that stay open. */
  readonly poolSize?: number;
  /** Connections beyond these, for as long as they are needed. */
  readonly maxOverflow?: number;
  readonly connectTimeoutMillis?: number;
}

export interface MysqlAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** @throws UsageError for an address that is none; never repeats its password */
function mysqlAddress(uri: string): MysqlAddress {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  const isMysql = url !== undefined && /^(mysql|mariadb)(\+\w+)?:$/.test(url.protocol);
  const database = decodeURIComponent(url?.pathname.slice(1) ?? "");
  if (!isMysql || url.hostname === "" || database === "")
    throw new UsageError("invalid_mysql_url", "The address of MySQL is not one of a database.", {
      hint: "It looks like mysql+aiomysql://user:password@host:3306/database; signs of the password such as @ and / are written %40 and %2F.",
    });
  const tls = [...url.searchParams.keys()].filter((name) => /^(ssl|tls)/i.test(name));
  if (tls.length > 0)
    throw new UsageError(
      "invalid_mysql_url",
      `The address of MySQL asks for TLS (${tls.join(", ")}), which is not spoken to it here.`,
      {
        hint: "Leave it out where nobody listens in between, or reach MySQL through a tunnel. Nothing was sent.",
      },
    );
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || 3306),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database,
  };
}

/**
 * A pool that opens connections when they are needed, and looks at each before it is given out, as `pool_pre_ping`
 * does.
 */
export class Mysql {
  readonly address: MysqlAddress;
  private readonly options: MysqlOptions;
  private pool: Promise<Pool> | undefined;

  constructor(options: MysqlOptions) {
    this.address = mysqlAddress(options.uri);
    this.options = options;
  }

  /**
   * Runs `work` on a connection that has just answered. Errors are AppErrors that say which of address, login, database
   * or statement is wrong.
   */
  async use<T>(work: (connection: PoolConnection) => Promise<T>): Promise<T> {
    try {
      const connection = await this.pinged();
      try {
        return await work(connection);
      } finally {
        connection.release();
      }
    } catch (error) {
      throw this.described(error);
    }
  }

  async close(): Promise<void> {
    await this.pool?.then((pool) => pool.end()).catch(() => {});
    this.pool = undefined;
  }

  /** One that the server has closed meanwhile is given up for a new one. */
  private async pinged(): Promise<PoolConnection> {
    const pool = await (this.pool ??= this.open());
    for (let stale = 0; ; stale++) {
      const connection = await pool.getConnection();
      try {
        await connection.ping();
        return connection;
      } catch (error) {
        connection.destroy();
        if (stale === (this.options.poolSize ?? 10)) throw error;
      }
    }
  }

  private async open(): Promise<Pool> {
    const { createPool } = await loadMysql();
    const { poolSize = 10, maxOverflow = 20, connectTimeoutMillis = 10_000 } = this.options;
    return createPool({
      ...this.address,
      connectionLimit: poolSize + maxOverflow,
      maxIdle: poolSize,
      connectTimeout: connectTimeoutMillis,
      charset: "utf8mb4",
      timezone: "Z",
      supportBigNumbers: true,
      bigNumberStrings: true,
      dateStrings: true,
    });
  }

  private described(error: unknown): unknown {
    if (!(error instanceof Error) || error instanceof AppError) return error;
    const { code, sqlMessage } = error as { code?: string; sqlMessage?: string };
    const { host, port } = this.address;
    if (sqlMessage === undefined && code === undefined) return error;
    return new AppError(
      sqlMessage === undefined ? "mysql_unreachable" : "mysql_refused",
      sqlMessage === undefined
        ? `MySQL at ${host}:${port} does not answer: ${error.message || code}`
        : `MySQL refused: ${sqlMessage} (${code})`,
      { cause: error, hint: "Check DB_URL: host, port, user, password and database." },
    );
  }
}

/** @throws AppError client_missing */
async function loadMysql(): Promise<typeof import("mysql2/promise")> {
  try {
    return await import("mysql2/promise");
  } catch (cause) {
    throw new AppError("client_missing", "The client of MySQL is not installed", {
      cause,
      hint: "Run: npm install mysql2",
    });
  }
}
