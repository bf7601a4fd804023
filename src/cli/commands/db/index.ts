import type { Group } from "../../command.ts";

/** `db upgrade|current|rebuild`: the schema log_archive in the source database. */
export default {
  entries: [
    {
      command: "upgrade",
      describe: "Bring the schema log_archive to what this program needs; the platform's tables stay as they are",
      load: () => import("./upgrade.ts"),
    },
    { command: "current", describe: "The version of the schema log_archive", load: () => import("./current.ts") },
    {
      command: "rebuild",
      describe: "Make the schema log_archive anew from the indices, when it was lost; says what they cannot tell",
      load: () => import("./rebuild.ts"),
    },
  ],
} satisfies Group;
