import { type ConfigOf, type Environment, readSections } from "./read-sections.ts";
import { elasticsearch, type ElasticsearchConfig } from "./sections/elasticsearch.ts";
import { platformStorage, type StorageConfig } from "./sections/platform-storage.ts";
import { type DatabaseConfig, postgres } from "./sections/postgres.ts";
import { repositories, type RepositoriesConfig } from "./sections/repositories.ts";
import { stateFile } from "./sections/state-file.ts";
import { sourceTimeZone } from "./sections/source-time-zone.ts";

// src/config turns variables of the environment into checked configuration, section by section: a command checks the
// sections that it needs and no others. It never reads the environment itself, and knows nothing of the program.

export interface Config {
  readonly elasticsearch: ElasticsearchConfig;
  readonly database: DatabaseConfig;
  /** Where pipelines without a PostgreSQL keep their runs, as an absolute path. */
  readonly stateFile: string;
  readonly sourceTimeZone: string;
  readonly storage: StorageConfig;
  /** PostgreSQL for all of them while Elasticsearch is switched off. */
  readonly repositories: RepositoriesConfig;
}

const sections = {
  elasticsearch,
  database: postgres,
  stateFile,
  sourceTimeZone,
  storage: platformStorage,
  repositories,
};

/**
 * The configuration of workflow logs that the environment describes; empty variables count as unset.
 * @throws ConfigError listing every wrong variable, without any value
 *
 * @example
 * ```ts
 * import { parseConfig } from "log-archive";
 *
 * const { elasticsearch, database } = parseConfig({
 *   DATABASE_URL: "postgresql://archive:secret@localhost:5432/dify",
 *   ELASTICSEARCH_HOSTS: "http://localhost:9200",
 * });
 * console.log(elasticsearch.hosts, database.isNamed);
 * ```
 */
export function parseConfig(env: Environment): Config {
  return readSections(sections, env) satisfies ConfigOf<typeof sections>;
}
