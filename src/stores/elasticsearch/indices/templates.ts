import { isDeepStrictEqual } from "node:util";
import type { Client, estypes } from "@elastic/elasticsearch";
import { AppError } from "../../../engine/errors.ts";
import { described } from "../errors.ts";
import { matchesOurNames, patternsOverlap } from "./name-patterns.ts";
import type { IndexTemplate, TemplateSettings } from "./template-files.ts";
import { isMark, loadTemplates, templateBody, templateName } from "./template-files.ts";

type TemplateBody = ReturnType<typeof templateBody>;
type Installed = estypes.IndicesGetIndexTemplateIndexTemplateItem;

/** newer: installed by a newer version of this program. foreign: another template decides over our indices. */
export type TemplateState = "current" | "outdated" | "missing" | "newer" | "foreign";

export interface InstalledTemplate {
  name: string;
  action: "created" | "upgraded" | "unchanged";
}

interface Comparison {
  name: string;
  resource: string;
  body: TemplateBody;
  state: TemplateState;
  /** The templates of others that would decide over our indices instead. */
  foreign: Installed[];
}

/**
 * Afterwards every template is installed with these settings; indices that exist keep theirs. Throws AppError, and
 * changes nothing, when a template of someone else or of a newer version of this program is in the way.
 */
export async function installTemplates(client: Client, settings: TemplateSettings): Promise<InstalledTemplate[]> {
  const comparisons = await compareTemplates(client, settings);
  for (const comparison of comparisons) refuseConflict(comparison);

  const done: InstalledTemplate[] = [];
  for (const { name, body, state } of comparisons) {
    if (state !== "current") await described(client.indices.putIndexTemplate({ name, ...body }));
    done.push({ name, action: state === "current" ? "unchanged" : state === "missing" ? "created" : "upgraded" });
  }
  return done;
}

/** Changes nothing and refuses nothing. */
export async function templateStates(
  client: Client,
  settings: TemplateSettings,
): Promise<{ name: string; state: TemplateState }[]> {
  const comparisons = await compareTemplates(client, settings);
  return comparisons.map(({ name, state }) => ({ name, state }));
}

async function compareTemplates(client: Client, settings: TemplateSettings): Promise<Comparison[]> {
  const { index_templates: installed } = await described(client.indices.getIndexTemplate({ flat_settings: true }));
  return loadTemplates().map((template) => compare(template, settings, installed));
}

function compare(template: IndexTemplate, settings: TemplateSettings, installed: Installed[]): Comparison {
  const name = templateName(settings.prefix, template.resource);
  const body = templateBody(template, settings);
  const ours = installed.find((candidate) => candidate.name === name);
  const foreign = installed.filter((candidate) =>
    candidate === ours
      ? !isMark(candidate.index_template._meta)
      : decidesInstead(candidate, body, settings.prefix, template.resource),
  );
  const state = foreign.length > 0 ? "foreign" : ours === undefined ? "missing" : stateOf(ours, body);
  return { name, resource: template.resource, body, state, foreign };
}

function stateOf({ index_template }: Installed, body: TemplateBody): TemplateState {
  if (isMark(index_template._meta) && index_template._meta.template_version > body._meta.template_version) {
    return "newer";
  }
  return isDeepStrictEqual(comparable(index_template), comparable(body)) ? "current" : "outdated";
}

/** Elasticsearch refuses overlapping patterns of equal priority; of a higher one, only names we make matter. */
function decidesInstead(other: Installed, body: TemplateBody, prefix: string, resource: string): boolean {
  const priority = other.index_template.priority ?? 0;
  if (priority < body.priority) return false;
  return patternsOf(other).some((pattern) =>
    priority === body.priority
      ? body.index_patterns.some((ours) => patternsOverlap(pattern, ours))
      : matchesOurNames(pattern, prefix, resource),
  );
}

function refuseConflict({ name, resource, body, state, foreign: [foreign] }: Comparison): void {
  if (state === "newer") {
    throw new AppError(
      "template_newer",
      `The index template ${name} was installed by a newer version of log-archive.`,
      {
        hint: "Use that version, or delete the template to go back to this version's.",
      },
    );
  }
  if (foreign === undefined) return;
  const whose = `The index template ${foreign.name} matches ${patternsOf(foreign).join(", ")}`;
  if (foreign.name === name) {
    throw new AppError("template_conflict", `${whose}, has the name of ours, and was not made by log-archive.`, {
      hint: `Delete or rename ${foreign.name}, or choose another ELASTICSEARCH_INDEX_PREFIX.`,
    });
  }
  const priority = foreign.index_template.priority ?? 0;
  throw new AppError(
    "template_conflict",
    `${whose} with priority ${priority} and would decide over the indices of ${resource} (priority ${body.priority}).`,
    {
      hint:
        `Delete ${foreign.name}, lower its priority below ${body.priority}, or choose another ` +
        "ELASTICSEARCH_INDEX_PREFIX.",
    },
  );
}

function patternsOf({ index_template }: Installed): string[] {
  return [index_template.index_patterns].flat();
}

/** The parts that decide how an index is made, in one form: Elasticsearch gives numbers and booleans back as text. */
function comparable(template: TemplateBody | Installed["index_template"]): unknown {
  const rest = template as Installed["index_template"];
  return asText({
    index_patterns: [template.index_patterns].flat(),
    priority: template.priority,
    version: template.version,
    allow_auto_create: template.allow_auto_create,
    _meta: template._meta,
    settings: template.template?.settings ?? {},
    mappings: template.template?.mappings ?? {},
    aliases: rest.template?.aliases ?? {},
    composed_of: rest.composed_of ?? [],
    data_stream: rest.data_stream ?? "none",
  });
}

function asText(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asText);
  if (typeof value !== "object" || value === null) return String(value);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, asText(item)]));
}
