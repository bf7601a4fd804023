import { readdirSync } from "node:fs";
import { z } from "zod";
import { cell, table } from "./markdown.ts";

export interface Variable {
  readonly name: string;
  readonly description: string | undefined;
  /** What a value must be, where that can be asked of the schema. */
  readonly expectation: string | undefined;
  readonly standsIn: string | undefined;
}

export interface Section {
  readonly title: string;
  readonly variables: readonly Variable[];
}

const folder = new URL("../../src/config/sections/", import.meta.url);
const titles: Readonly<Record<string, string>> = {
  "postgres.ts": "PostgreSQL: the platform's database",
  "source-time-zone.ts": "Time zone of the platform",
  "elasticsearch.ts": "Elasticsearch",
  "platform-storage.ts": "Offloaded contents",
  "evidence.ts": "Evidence",
  "dashboard.ts": "Dashboard",
  "hooks.ts": "Hooks",
  "tracing.ts": "OpenTelemetry",
  "repositories.ts": "Repositories of the platform",
  "state-file.ts": "State of pipelines without a PostgreSQL",
  "weaviate.ts": "Weaviate",
  "milvus.ts": "Milvus",
  "resplite.ts": "Server on an SQLite file",
  "layra.ts": "The five stores of an application (app stores)",
};
/** Of the system; they are no settings of ours. */
const ofTheSystem = ["HOME", "XDG_STATE_HOME"];

/** The variables of every section of the configuration, each in the first section that has it. */
export async function readSections(): Promise<Section[]> {
  const known = Object.keys(titles);
  const files = readdirSync(folder).toSorted((a, b) => placeOf(known, a) - placeOf(known, b));
  const seen = new Set(ofTheSystem);
  const sections: Section[] = [];
  for (const file of files) {
    const exported = (await import(new URL(file, folder).href)) as Record<string, unknown>;
    const names = Object.keys(exported).toSorted(); // their order is not the same in every module loader
    const fields = names.flatMap((name) => fieldsOf(exported[name]));
    const variables = fields.filter(([name]) => !seen.has(name)).map(([name, schema]) => variable(name, schema));
    for (const { name } of variables) seen.add(name);
    if (variables.length > 0) sections.push({ title: titles[file] ?? file.replace(".ts", ""), variables });
  }
  return sections;
}

function placeOf(known: readonly string[], file: string): number {
  const place = known.indexOf(file);
  return place < 0 ? known.length : place;
}

/** The fields of an object schema, also of one with rules and a transformation behind it. */
function fieldsOf(schema: unknown): [string, z.ZodType][] {
  if (schema instanceof z.ZodObject) return Object.entries(schema.shape);
  return schema instanceof z.ZodPipe ? fieldsOf(schema.in) : [];
}

function variable(name: string, schema: z.ZodType): Variable {
  const message = schema.safeParse("\u0001 no value has this text").error?.issues[0]?.message;
  const standsIn: unknown = schema instanceof z.ZodDefault ? schema.def.defaultValue : undefined;
  return {
    name,
    description: schema.description,
    expectation: message?.replace("must be ", ""),
    standsIn: textOf(standsIn),
  };
}

function textOf(value: unknown): string | undefined {
  if (typeof value === "object" && value !== null && "kind" in value) return String(value.kind); // a repository
  return value === undefined ? undefined : `${value as string | number | boolean}`;
}

export function configurationReference(sections: readonly Section[]): string {
  return [
    "# Configuration",
    "Written by `npm run references` from the program itself. Variables come from the environment, and from `.env` in the working directory or the file that `--env-file` names; the environment goes first. The file is read as the platform reads it: quotes, `export`, `#` behind a space, values of several lines, `${NAME:-default}`. An empty variable counts as unset. A command reads and checks only the variables that it needs, and lists all that are wrong at once. What LightRAG's stores need is in [llm-cache.md](llm-cache.md#variables).",
    ...sections.flatMap(({ title, variables }) => [
      `## ${title}`,
      table(
        ["variable", "default", "what it is"],
        variables.map(({ name, description, expectation, standsIn }) => [
          `\`${name}\``,
          standsIn === undefined ? "" : `\`${standsIn}\``,
          [description ?? "", ...(expectation === undefined ? [] : [cell(expectation)])].join("; "),
        ]),
      ),
    ]),
  ].join("\n\n");
}

export function envExample(sections: readonly Section[]): string {
  const parts = sections.map(({ title, variables }) =>
    [
      `# ${title}`,
      ...variables.map(({ name, description = "", standsIn = "" }) => `# ${description}\n#${name}=${standsIn}`),
    ].join("\n"),
  );
  return `# Every variable with its default. Written by npm run references; see docs/configuration.md.\n\n${parts.join("\n\n")}\n`;
}
