import type { MongoClient } from "mongodb";
import { AppError } from "../../engine/errors.ts";

// src/stores/mongodb owns the connection to MongoDB: how it is opened, loaded and lost. It knows nothing of what is
// kept there.

export interface MongodbOptions {
  /** `mongodb://` or `mongodb+srv://`, with user and password where they are needed. */
  readonly uri: string;
  readonly connectTimeoutMillis?: number;
  /** Connections to a server, at most and at least; the driver's own where they are not given. */
  readonly maxPoolSize?: number;
  readonly minPoolSize?: number;
}

/**
 * A client that is connected. Loads the driver when it is first called.
 * @throws the driver's error when the server cannot be reached or refuses the login
 */
export async function connectMongodb({
  uri,
  connectTimeoutMillis = 10_000,
  maxPoolSize,
  minPoolSize,
}: MongodbOptions): Promise<MongoClient> {
  const mongodb = await loadMongodb();
  const client = new mongodb.MongoClient(uri, {
    appName: "log-archive",
    serverSelectionTimeoutMS: connectTimeoutMillis,
    ...(maxPoolSize !== undefined && { maxPoolSize }),
    ...(minPoolSize !== undefined && { minPoolSize }),
  });
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.close();
    throw error;
  }
}

/** @throws AppError client_missing */
async function loadMongodb(): Promise<typeof import("mongodb")> {
  try {
    return await import("mongodb");
  } catch (cause) {
    throw new AppError("client_missing", "The client of MongoDB is not installed", {
      cause,
      hint: "Run: npm install mongodb",
    });
  }
}

/** Codes of answers that may be another one later: https://github.com/mongodb/specifications, retryable writes. */
const passingCodes = new Set([6, 7, 89, 91, 112, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436]);

/**
 * Whether the connection failed, or the server refuses everything for the time being; undefined for what is no error of
 * MongoDB.
 */
export function mongodbFailure(error: unknown): "connection" | "passing" | "refused" | undefined {
  if (!(error instanceof Error) || !error.name.startsWith("Mongo")) return undefined;
  if (/Network|ServerSelection|PoolCleared|PoolClosed|NotConnected|Topology|Expired/.test(error.name))
    return "connection";
  const { code } = error as { code?: number | string };
  return passingCodes.has(Number(code)) ? "passing" : "refused";
}
