import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { AppError, UsageError } from "../../src/engine/errors.ts";
import type { Bench } from "./bench.ts";

export interface BenchOptions extends Pick<Bench, "rows" | "runs" | "tenantRuns" | "growth"> {
  readonly only: readonly string[];
  readonly json: string | undefined;
  /** After so many it gives up. */
  readonly minutes: number;
}

/**
 * What the command line asks for; throws UsageError for what cannot be asked. `--only` takes several names, or stands
 * several times.
 */
export function benchOptions(names: readonly string[]): BenchOptions {
  const { values, positionals } = parsed();
  const only = [...(values.only ?? []), ...positionals].flatMap((name) => name.split(","));
  const unknown = only.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw usage(`There is no ${unknown.join(", ")}: --only takes ${names.join(", ")}.`);
  if (positionals.length > 0 && values.only === undefined) throw usage(`What is ${positionals.join(" ")}?`);
  return {
    rows: count("rows", values.rows),
    runs: count("runs", values.runs),
    tenantRuns: count("tenant-runs", values["tenant-runs"]),
    growth: values.growth.split(",").map((size) => count("growth", size)),
    only: only.length > 0 ? only : names,
    json: values.json === undefined ? undefined : resolve(values.json),
    minutes: count("minutes", values.minutes),
  };
}

function parsed() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        rows: { type: "string", default: "100000" },
        runs: { type: "string", default: "3" },
        "tenant-runs": { type: "string", default: "100000" },
        growth: { type: "string", default: "100000" },
        only: { type: "string", multiple: true },
        json: { type: "string" },
        minutes: { type: "string", default: "120" },
      },
    });
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error));
  }
}

function count(name: string, text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw usage(`--${name} takes whole numbers above 0, not ${text}.`);
}

function usage(message: string): AppError {
  return new UsageError("usage", message);
}
