import type { CommandContext } from "../../context.ts";
import { value } from "../../options/flags.ts";
import {
  batchSize,
  concurrency,
  oneOf,
  option,
  rowsOrOff,
  size,
  sizeOrOff,
  anyText,
  wholeNumber,
} from "../../options/values.ts";

export const runIdFlag = value(
  "name of the migration, of your choice",
  option("a name of letters, digits, _ - . of at most 100 characters", (given) =>
    /^[A-Za-z0-9_.-]{1,100}$/.test(given) ? given : undefined,
  ),
);

export const toFlag = value("the SQLite file that is filled", anyText);

export const fromFlag = value("the source, such as redis://user:password@host:6379/0", anyText.optional(), {
  shownDefault: "RESPLITE_IMPORT_FROM, else redis://127.0.0.1:6379",
});

/** The source as the flag, or else the environment, names it. */
export function sourceOf(from: string | undefined, { env }: CommandContext): string {
  return from ?? (env["RESPLITE_IMPORT_FROM"] || "redis://127.0.0.1:6379");
}

export const templateFlag = value(
  "what is kept when the machine fails",
  oneOf("default", "performance", "safety", "minimal", "none").optional(),
  { shownDefault: "default" },
);

export const limitFlags = {
  maxConcurrency: value("batches that are read at once", concurrency.default(32)),
  maxRps: value("at most so many keys a second, or off", rowsOrOff.default(2000)),
  maxBytesRate: value("at most so many bytes a second, such as 10MB, or off", sizeOrOff.default(null), {
    shownDefault: "off",
  }),
  batchKeys: value("keys of one transaction", batchSize.default(200)),
  batchBytes: value("bytes of one transaction, and of the values in memory", size.default(64 * 1024 * 1024), {
    shownDefault: "64MB",
  }),
  ttlMode: value("preserve: keys keep the time they have left", oneOf("preserve").default("preserve")),
};

export const scanCountFlag = value("COUNT of SCAN", wholeNumber(1, 100_000).default(1000));

/** The limits as the library takes them. */
export function limitsOf(given: {
  readonly maxConcurrency: number;
  readonly maxRps: number | null;
  readonly maxBytesRate: number | null;
  readonly batchKeys: number;
  readonly batchBytes: number;
}) {
  const { maxConcurrency, batchKeys, batchBytes } = given;
  return {
    maxConcurrency,
    maxRps: given.maxRps ?? undefined,
    maxBytesRate: given.maxBytesRate ?? undefined,
    batchKeys,
    batchBytes,
  };
}
