import { keepTables } from "../cleanup/tables/keep-tables.ts";
import { dataTypes, logTypes, offloadTable } from "../partitions/log-types.ts";

/**
 * What a command asks of its roles, no more than it uses. docs/roles.md has the same as statements, and a test runs
 * each command with these.
 */
export interface CommandNeeds {
  /** Tables of the platform; those that this version of it lacks are not asked for. */
  readonly select: readonly string[];
  readonly insert: readonly string[];
  readonly delete: readonly string[];
  /** Of Elasticsearch: for the whole cluster, and for the indices of the archive. */
  readonly cluster: readonly string[];
  readonly index: readonly string[];
  /** Schedules and jobs are kept beside the archive's state. */
  readonly jobs?: true;
  /** Without these it works, and says or leaves what it could not do. */
  readonly better?: { readonly cluster: readonly string[]; readonly index: readonly string[]; readonly why: string };
}

const logTables: readonly string[] = [...dataTypes.map((type) => logTypes[type].table), offloadTable];
const copiedTables: readonly string[] = [...logTables, "upload_files"];

// view_index_metadata and monitor: find, recognise and measure our indices. maintenance: refresh and flush.
const readIndices = ["read", "view_index_metadata", "monitor", "maintenance"];
const writeIndices = ["create_index", "index", ...readIndices];

const writing: CommandNeeds = {
  select: copiedTables,
  insert: [],
  delete: [],
  // monitor: health, disks, shard limit. manage_index_templates: install our templates, and say whose archive it is
  cluster: ["monitor", "manage_index_templates"],
  index: writeIndices,
};
const reading: CommandNeeds = { ...writing, cluster: ["monitor"], index: readIndices };

const sweeping: CommandNeeds = {
  ...reading,
  index: [...readIndices, "delete_index"],
  better: { cluster: ["create_snapshot"], index: [], why: "--snapshot-repository takes no snapshot, and nothing goes" },
};

const movedRows = "a row that moves to another month leaves its document behind, and its note waits";

export const commandNeeds = {
  migrate: writing,
  "apply-dirty": { ...writing, better: { cluster: [], index: ["delete"], why: movedRows } },
  validate: reading,
  "cleanup-pg": {
    ...reading,
    select: keepTables,
    delete: logTables,
    better: {
      cluster: ["monitor_snapshot"],
      index: [],
      why: "an index without an assigned replica keeps its rows, for its snapshots cannot be seen",
    },
  },
  restore: { ...reading, insert: logTables },
  "retention-sweep": sweeping,
  "retention-schedule": { ...sweeping, jobs: true },
  worker: { ...sweeping, jobs: true },
  // manage: block writes, replicas, tier
  seal: { ...reading, index: [...readIndices, "manage"] },
  search: { ...reading, select: [], cluster: [], index: ["read", "view_index_metadata"] },
} as const satisfies Record<string, CommandNeeds>;

export type ArchiveCommand = keyof typeof commandNeeds;

export const archiveCommands = Object.keys(commandNeeds) as [ArchiveCommand, ...ArchiveCommand[]];
