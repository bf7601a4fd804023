import type { Group } from "../../../command.ts";

/** `rollout list|set|rollback`: where the logs of a tenant are written and read. */
export default {
  entries: [
    {
      command: "list",
      describe: "Tenants that are not on PostgreSQL alone, and the last changes",
      load: () => import("./list.ts"),
    },
    {
      command: "set",
      describe: "Switch a tenant, after looking whether anything would be missed, old or lost",
      load: () => import("./set.ts"),
    },
    {
      command: "rollback",
      describe: "Take a tenant's last change back, and with each further call the one before it",
      load: () => import("./rollback.ts"),
    },
  ],
} satisfies Group;
