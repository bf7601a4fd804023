import type { Group } from "../../command.ts";

/** `elasticsearch ...`: workflow logs from PostgreSQL to Elasticsearch, and all that is done with them there. */
export default {
  entries: [
    {
      command: "status",
      describe: "Show both stores, what was copied and what is left",
      load: () => import("./status.ts"),
    },
    {
      command: "preflight",
      describe: "Check what a migrate with the same flags needs, and touch nothing",
      load: () => import("./preflight.ts"),
    },
    {
      command: "migrate",
      describe: "Copy workflow logs from PostgreSQL to Elasticsearch; the same command again goes on where it was",
      load: () => import("./migrate/migrate.ts"),
    },
    {
      command: "validate",
      describe: "Compare Elasticsearch with PostgreSQL, column by column",
      load: () => import("./validate.ts"),
    },
    { command: "errors", describe: "Rows that could not be archived", load: () => import("./errors/index.ts") },
    {
      command: "capture",
      describe: "Recording of what the platform writes, by triggers",
      load: () => import("./capture/index.ts"),
    },
    {
      command: "cleanup-pg",
      describe: "Delete logs from PostgreSQL whose documents in Elasticsearch hold the very same; the rest stays",
      load: () => import("./cleanup-pg.ts"),
    },
    {
      command: "apply-dirty",
      describe: "Copy again what the platform wrote since it was copied, as capture recorded it",
      load: () => import("./apply-dirty.ts"),
    },
    {
      command: "restore",
      describe: "Bring archived rows of a tenant back into PostgreSQL; rows that are there are compared and left alone",
      load: () => import("./restore.ts"),
    },
    {
      command: "evidence",
      describe: "Write files that prove later, and without PostgreSQL, what the indices of a tenant hold now",
      load: () => import("./evidence/index.ts"),
    },
    {
      command: "retention",
      describe: "How long months stay in Elasticsearch",
      load: () => import("./retention/index.ts"),
    },
    {
      command: "seal",
      describe:
        "Make old, proven months small: no more writes, one segment for each shard, another tier; a write unseals",
      load: () => import("./seal.ts"),
    },
    {
      command: "rollout",
      describe: "Where the logs of each tenant are written and read",
      load: () => import("./rollout/index.ts"),
    },
    {
      command: "takeover",
      describe:
        "Make this database the one that the archive belongs to; whoever held it before is refused from then on",
      load: () => import("./takeover.ts"),
    },
    {
      command: "search [query]",
      describe: "Find logs by the text of their inputs, outputs, errors, titles and process data, in any language",
      load: () => import("./search.ts"),
    },
    {
      command: "show <run>",
      describe: "Show a run of the platform with its nodes, from whichever store has them",
      load: () => import("./show.ts"),
    },
    {
      command: "export [query]",
      describe: "Write archived logs of a tenant into files; the same command again goes on where it was",
      load: () => import("./export.ts"),
    },
    {
      command: "import <from>",
      describe: "Write documents of exported NDJSON back into the archive; what is there stays",
      load: () => import("./import.ts"),
    },
  ],
} satisfies Group;
