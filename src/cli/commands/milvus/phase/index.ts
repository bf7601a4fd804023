import type { Group } from "../../../command.ts";

/** `phase show|set|rollback`: how far each tenant is on the way from Weaviate to Milvus. */
export default {
  entries: [
    { command: "show", describe: "Phases, backlogs and comparisons", load: () => import("./show.ts") },
    {
      command: "set <phase>",
      describe: "Move a tenant on or back, after looking whether anything would be missed, old or lost",
      load: () => import("./set.ts"),
    },
    { command: "rollback", describe: "Take a tenant's last change back", load: () => import("./rollback.ts") },
  ],
} satisfies Group;
