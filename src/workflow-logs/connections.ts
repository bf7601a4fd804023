import type { Client } from "@elastic/elasticsearch";
import type { Pool } from "pg";
import type { TemplateSettings } from "../stores/elasticsearch/template-files.ts";
import type { StateDatabase } from "../stores/postgres/state/database.ts";
import type { SearchTextMode } from "./documents/document-renderer.ts";

/** What the use cases work with: both stores, opened by whoever calls, and how the archive is to look. */
export interface Connections {
  readonly postgres: Pool;
  readonly state: StateDatabase;
  readonly elasticsearch: Client;
  readonly settings: ArchiveSettings;
}

export interface ArchiveSettings {
  readonly template: TemplateSettings;
  readonly searchText: SearchTextMode;
  /** The zone of the source's timestamps without zone. */
  readonly sourceTimeZone: string;
  /** Attempts after the first when Elasticsearch does not answer. */
  readonly maxRetries: number;
  readonly retentionDays: number;
}
