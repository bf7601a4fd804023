import { readFileSync } from "node:fs";
import { Command, Option } from "commander";
import { addCompletion } from "./commands/completion.ts";
import { addDbCurrent } from "./commands/db/current.ts";
import { addDbUpgrade } from "./commands/db/upgrade.ts";
import { addApplyDirty } from "./commands/elasticsearch/apply-dirty.ts";
import { addCapture } from "./commands/elasticsearch/capture.ts";
import { addCleanupPg } from "./commands/elasticsearch/cleanup-pg.ts";
import { addErrors } from "./commands/elasticsearch/errors.ts";
import { addMigrate } from "./commands/elasticsearch/migrate.ts";
import { addPreflight } from "./commands/elasticsearch/preflight.ts";
import { addRestore } from "./commands/elasticsearch/restore.ts";
import { addRetention } from "./commands/elasticsearch/retention.ts";
import { addRollout } from "./commands/elasticsearch/rollout.ts";
import { addSearch } from "./commands/elasticsearch/search.ts";
import { addStatus } from "./commands/elasticsearch/status.ts";
import { addValidate } from "./commands/elasticsearch/validate.ts";
import { addRunControls } from "./commands/runs/control.ts";
import { addRunsList } from "./commands/runs/list.ts";
import { addRunsSet } from "./commands/runs/set.ts";
import { addRunsShow } from "./commands/runs/show.ts";
import { addWorker } from "./commands/worker.ts";
import { logLevels } from "./output/log.ts";
import type { Session } from "./run-command.ts";

/** Adds one command to its group. */
export type AddCommand = (group: Command, session: Session) => void;

interface Group {
  readonly name: string;
  readonly description: string;
  readonly commands: readonly AddCommand[];
}

const groups: readonly Group[] = [
  {
    name: "elasticsearch",
    description: "Move workflow logs to Elasticsearch and look after them there",
    commands: [
      addStatus,
      addPreflight,
      addMigrate,
      addValidate,
      addErrors,
      addCapture,
      addCleanupPg,
      addApplyDirty,
      addRestore,
      addRetention,
      addRollout,
      addSearch,
    ],
  },
  { name: "db", description: "Our own tables in the source database", commands: [addDbUpgrade, addDbCurrent] },
  {
    name: "runs",
    description: "What invocations moved and move, and controls for those under way",
    commands: [addRunsList, addRunsShow, addRunControls, addRunsSet],
  },
];

/** The whole command line. Parsing throws a CommanderError where commander by itself would end the process. */
export function createProgram(session: Session): Command {
  const { stdout, stderr } = session.host;
  const program = new Command("app")
    .description("Moves workflow logs from PostgreSQL to Elasticsearch, exactly and resumably")
    .version(packageVersion(), "--version", "print the version")
    .option("--json", "print one JSON document on stdout and nothing else there")
    .option("--quiet", "print only the result and errors")
    .option("--no-progress", "print no progress")
    .addOption(
      new Option("--log-level <level>", "log on stderr from this level on (default: warn; worker: info)").choices(
        logLevels,
      ),
    )
    .option("--yes", "answer confirmations with yes")
    .option("--env-file <path>", "read this file instead of .env")
    .helpOption("--help", "show help")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
      outputError: () => {}, // runCli prints errors, as text or as a document
    })
    .exitOverride();
  for (const { name, description, commands } of groups) {
    const group = program.command(name).description(description);
    for (const add of commands) add(group, session);
  }
  addWorker(program, session);
  addCompletion(program, session);
  return program;
}

function packageVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
