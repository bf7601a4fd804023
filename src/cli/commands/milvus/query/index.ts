import type { Group } from "../../../command.ts";

/** `query ...`: the reads of an application, answered by the store that the tenant's phase names, or by one of them. */
export default {
  entries: [
    { command: "vector <vector>", describe: "The records nearest to a vector", load: () => import("./vector.ts") },
    {
      command: "keyword <keyword>",
      describe: "Records with this text in title or content",
      load: () => import("./keyword.ts"),
    },
    { command: "filter <filter>", describe: "Records whose fields equal these", load: () => import("./filter.ts") },
    { command: "recent", describe: "The records that were modified last", load: () => import("./recent.ts") },
    { command: "ids <id..>", describe: "Records by their ids", load: () => import("./ids.ts") },
    { command: "id <id>", describe: "One record by its id", load: () => import("./id.ts") },
    {
      command: "changes <since>",
      describe: "What was written or deleted since a time",
      load: () => import("./changes.ts"),
    },
  ],
} satisfies Group;
