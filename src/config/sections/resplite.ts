import { z } from "zod";
import { anyText, oneOf, wholeNumber } from "../values.ts";

export interface RespliteConfig {
  /** Path of the SQLite file. */
  readonly db: string;
  readonly port: number;
  readonly host: string;
  readonly pragmaTemplate: "default" | "performance" | "safety" | "minimal" | "none";
  readonly password?: string | undefined;
  /** Paths of PEM files. */
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
}

/** The server that serves an SQLite file to Redis clients. */
export const resplite = z
  .object({
    RESPLITE_DB: anyText.default("./data.db").describe("path of the SQLite file"),
    RESPLITE_PORT: wholeNumber(0, 65_535).default(6379).describe("where the server listens; 0 takes a free one"),
    RESPLITE_HOST: anyText
      .default("127.0.0.1")
      .describe("where the server listens; others than this machine need a password"),
    RESPLITE_PRAGMA_TEMPLATE: oneOf("default", "performance", "safety", "minimal", "none")
      .default("default")
      .describe("durability against speed, see docs/resplite.md"),
    RESPLITE_PASSWORD: z.string().optional().describe("that clients must give"),
    RESPLITE_TLS_CERT: anyText
      .optional()
      .describe("PEM file of the server's certificate; TLS is on with it and its key"),
    RESPLITE_TLS_KEY: anyText.optional().describe("PEM file of the certificate's key"),
  })
  .transform((given): RespliteConfig => ({
    db: given.RESPLITE_DB,
    port: given.RESPLITE_PORT,
    host: given.RESPLITE_HOST,
    pragmaTemplate: given.RESPLITE_PRAGMA_TEMPLATE,
    password: given.RESPLITE_PASSWORD,
    tlsCert: given.RESPLITE_TLS_CERT,
    tlsKey: given.RESPLITE_TLS_KEY,
  }));
