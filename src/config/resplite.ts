import { z } from "zod";
import { ConfigError } from "./config-error.ts";
import type { Environment } from "./config.ts";
import { oneOf, value, wholeNumber } from "./values.ts";

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

const text = value("text", (given) => given);

const variables = z
  .object({
    RESPLITE_DB: text.default("./data.db"),
    RESPLITE_PORT: wholeNumber(0, 65_535).default(6379),
    RESPLITE_HOST: text.default("127.0.0.1"),
    RESPLITE_PRAGMA_TEMPLATE: oneOf("default", "performance", "safety", "minimal", "none").default("default"),
    RESPLITE_PASSWORD: z.string().optional(),
    RESPLITE_TLS_CERT: text.optional(),
    RESPLITE_TLS_KEY: text.optional(),
  })
  .refine((given) => (given.RESPLITE_TLS_CERT === undefined) === (given.RESPLITE_TLS_KEY === undefined), {
    path: ["RESPLITE_TLS_KEY"],
    message: "must be given together with RESPLITE_TLS_CERT",
  });

/** What the server's variables say; a variable that is empty is one that is not set. @throws ConfigError that lists all problems */
export function parseResplite(env: Environment): RespliteConfig {
  const set = Object.fromEntries(Object.entries(env).filter(([, given]) => given !== undefined && given !== ""));
  const read = variables.safeParse(set);
  if (!read.success) throw new ConfigError(z.prettifyError(read.error));
  const given = read.data;
  return {
    db: given.RESPLITE_DB,
    port: given.RESPLITE_PORT,
    host: given.RESPLITE_HOST,
    pragmaTemplate: given.RESPLITE_PRAGMA_TEMPLATE,
    password: given.RESPLITE_PASSWORD,
    tlsCert: given.RESPLITE_TLS_CERT,
    tlsKey: given.RESPLITE_TLS_KEY,
  };
}
