import { UsageError } from "../../engine/errors.ts";

const base = {
  journal_mode: "WAL",
  foreign_keys: "ON",
  temp_store: "MEMORY",
  busy_timeout: 5_000,
  wal_autocheckpoint: 1_000,
} as const;

/** Settings of a connection. What each lets survive: docs/resplite.md, Durability. */
const templates = {
  default: { ...base, synchronous: "NORMAL", cache_size: -20_000 },
  performance: {
    ...base,
    synchronous: "OFF",
    cache_size: -64_000,
    mmap_size: 512 * 1024 * 1024,
    wal_autocheckpoint: 2_000,
    locking_mode: "EXCLUSIVE",
  },
  safety: { ...base, synchronous: "FULL", cache_size: -20_000 },
  minimal: { journal_mode: "WAL", foreign_keys: "ON" },
  none: {},
} satisfies Record<string, Record<string, string | number>>;

export type PragmaTemplate = keyof typeof templates;

export const pragmaTemplates = Object.keys(templates) as PragmaTemplate[];

/** @throws UsageError that lists the names */
export function pragmaTemplate(name: string): PragmaTemplate {
  if (Object.hasOwn(templates, name)) return name as PragmaTemplate;
  throw new UsageError("invalid_pragma_template", `${name} is no template of pragmas.`, {
    hint: `Take one of ${pragmaTemplates.join(", ")}.`,
  });
}

/** Statements in the order they are to be run in. `shared` leaves out what keeps other processes from the file. */
export function pragmaStatements(template: PragmaTemplate, { shared }: { shared: boolean }): string[] {
  return Object.entries(templates[template])
    .filter(([name]) => !(shared && name === "locking_mode"))
    .map(([name, value]) => `PRAGMA ${name} = ${value}`);
}
