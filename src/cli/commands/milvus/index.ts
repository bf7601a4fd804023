import type { Group } from "../../command.ts";

/** `milvus ...`: notes from Weaviate to Milvus, in five phases. */
export default {
  entries: [
    {
      command: "setup",
      describe: "Make the collection in Milvus when it is missing",
      load: () => import("./setup.ts"),
    },
    {
      command: "check",
      describe: "Look whether drivers, records, both stores and their schemas are as they must be",
      load: () => import("./check.ts"),
    },
    {
      command: "phase",
      describe: "How far each tenant is, and to move it on or back",
      load: () => import("./phase/index.ts"),
    },
    {
      command: "sync",
      describe: "Copy what is in Weaviate into Milvus; the same command again goes on where it was",
      load: () => import("./sync.ts"),
    },
    { command: "verify", describe: "Compare both stores, record by record", load: () => import("./verify.ts") },
    {
      command: "apply-dirty",
      describe: "Copy the writes that one store has and the other one has not",
      load: () => import("./apply-dirty.ts"),
    },
    { command: "errors", describe: "Records that Milvus does not take", load: () => import("./errors/index.ts") },
    {
      command: "record",
      describe: "Write and delete records, as an application does",
      load: () => import("./record/index.ts"),
    },
    { command: "query", describe: "Read records, as an application does", load: () => import("./query/index.ts") },
  ],
} satisfies Group;
