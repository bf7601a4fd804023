import type { Entry } from "../command.ts";

/** Every group and command, one line each. Its module is loaded when it is named. */
export const commands: readonly Entry[] = [
  {
    command: "elasticsearch",
    describe: "Move workflow logs to Elasticsearch and look after them there",
    load: () => import("./elasticsearch/index.ts"),
  },
  {
    command: "milvus",
    describe: "Move notes from Weaviate to Milvus, tenant by tenant, and back if need be",
    load: () => import("./milvus/index.ts"),
  },
  {
    command: "resplite",
    describe: "Redis in an SQLite file: import, and a server on it",
    load: () => import("./resplite/index.ts"),
  },
  {
    command: "llm-cache",
    describe: "Move LightRAG's LLM caches between JSON files, Redis, PostgreSQL and MongoDB",
    load: () => import("./llm-cache/index.ts"),
  },
  {
    command: "stores",
    describe: "Look after an application's MongoDB, Milvus, Redis, MinIO and MySQL, and back them up",
    load: () => import("./stores/index.ts"),
  },
  { command: "db", describe: "The program's own tables in the source database", load: () => import("./db/index.ts") },
  {
    command: "runs",
    describe: "What invocations moved and move, and controls for those under way",
    load: () => import("./runs/index.ts"),
  },
  {
    command: "dashboard",
    describe: "Serve a web page of the archive and its runs, on this machine",
    load: () => import("./dashboard.ts"),
  },
  {
    command: "worker",
    describe: "Do what is scheduled, until it is stopped; any number may run",
    load: () => import("./worker.ts"),
  },
  {
    command: "completion [shell]",
    describe: "Print the completion script for a shell",
    load: () => import("./completion.ts"),
  },
];
