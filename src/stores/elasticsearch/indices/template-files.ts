import { readdirSync, readFileSync } from "node:fs";
import type { estypes } from "@elastic/elasticsearch";
import { type Naming, resourcePattern } from "./index-names.ts";

/** Marks templates and indices as this program's own: nothing else may be changed, read as ours or deleted. */
export interface Mark {
  managed_by: "log-archive";
  template_version: number;
  /** Of an index, the archive that it belongs to; undefined in those that were made before there was such an id. */
  archive?: string;
  /** Of an index that takes no documents because this program sealed it. */
  sealed?: SealNote;
}

/** What a seal leaves in its index. */
export interface SealNote {
  /** When it was sealed. */
  at: string;
  /** Of its primaries on disk, before its segments were merged. */
  bytesBefore: number;
  /** The same afterwards; missing until all was done. */
  bytesAfter?: number;
}

/**
 * Of a mapping in a template: no mark, for every index that matches the template's names gets it, whoever makes that.
 */
export interface TemplateMeta {
  template: "log-archive";
  template_version: number;
}

/** A file of index-templates/: what is the same for every installation. */
export interface IndexTemplate {
  resource: string;
  body: {
    priority: number;
    allow_auto_create: boolean;
    version: number;
    _meta: Mark;
    template: { settings: Record<string, string | number>; mappings: TemplateMapping };
  };
}

export type TemplateMapping = estypes.MappingTypeMapping & { _meta: TemplateMeta };

/** What the operator decides about the indices of this installation. */
export interface TemplateSettings extends Naming {
  shards: number;
  replicas: number;
  /** A time value such as "30s", or "-1". */
  refreshInterval: string;
  /** Undefined: Elasticsearch's default. */
  codec?: string | undefined;
}

// The same from src/ and from dist/.
const FOLDER = new URL("../../../../index-templates/", import.meta.url);

/** One template per data type; the name of its file is its resource. */
export function loadTemplates(): IndexTemplate[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith(".json"));
  return files.toSorted().map((file) => ({
    resource: file.slice(0, -".json".length),
    body: JSON.parse(readFileSync(new URL(file, FOLDER), "utf8")) as IndexTemplate["body"],
  }));
}

/** The mapping that a resource's indices have with this version of the program; their mark is made with them. */
export function mappingOf(resource: string): TemplateMapping {
  const { mappings } = loadTemplates().find((template) => template.resource === resource)!.body.template;
  return mappings;
}

export function templateName(prefix: string, resource: string): string {
  return `${prefix}-${resource}-template`;
}

/** What is installed: the file with this installation's index pattern and settings. */
export function templateBody({ resource, body }: IndexTemplate, settings: TemplateSettings) {
  return {
    ...body,
    index_patterns: [resourcePattern(settings.prefix, resource)],
    template: {
      ...body.template,
      settings: {
        ...body.template.settings,
        "index.number_of_shards": settings.shards,
        "index.number_of_replicas": settings.replicas,
        "index.refresh_interval": settings.refreshInterval,
        ...(settings.codec !== undefined && { "index.codec": settings.codec }),
      },
    },
  };
}

/** What an index that this archive makes says of itself. */
export function markOf(archiveId: string, { _meta }: TemplateMapping): Mark {
  return { managed_by: "log-archive", template_version: _meta.template_version, archive: archiveId };
}

export function isTemplateMeta(meta: unknown): meta is TemplateMeta {
  return typeof meta === "object" && meta !== null && "template" in meta && meta.template === "log-archive";
}

export function isMark(meta: unknown): meta is Mark {
  return typeof meta === "object" && meta !== null && "managed_by" in meta && meta.managed_by === "log-archive";
}
