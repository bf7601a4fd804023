import type { Group } from "../../../command.ts";

/** `record ...`: the writes of an application, into the stores that the tenant's phase names. */
export default {
  entries: [
    {
      command: "insert <record>",
      describe: "Write a record over one of the same id",
      load: () => import("./insert.ts"),
    },
    { command: "upsert", describe: "Write the records of a file", load: () => import("./upsert.ts") },
    {
      command: "update-vector <id> <vector>",
      describe: "Give a record another vector",
      load: () => import("./update-vector.ts"),
    },
    {
      command: "update-metadata <id>",
      describe: "Change properties of a record",
      load: () => import("./update-metadata.ts"),
    },
    { command: "delete <id..>", describe: "Delete records", load: () => import("./delete.ts") },
    {
      command: "delete-all",
      describe: "Delete every record of a tenant, after confirmation",
      load: () => import("./delete-all.ts"),
    },
  ],
} satisfies Group;
