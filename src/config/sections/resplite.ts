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
    RESPLITE_DB: anyText.default("./data.db"),
    RESPLITE_PORT: wholeNumber(0, 65_535).default(6379),
    RESPLITE_HOST: anyText.default("127.0.0.1"),
    RESPLITE_PRAGMA_TEMPLATE: oneOf("default", "performance", "safety", "minimal", "none").default("default"),
    RESPLITE_PASSWORD: z.string().optional(),
    RESPLITE_TLS_CERT: anyText.optional(),
    RESPLITE_TLS_KEY: anyText.optional(),
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
