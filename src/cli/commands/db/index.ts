import type { Group } from "../../command.ts";

/** `db upgrade|current`: the schema log_archive in the source database. */
export default {
  entries: [
    {
      command: "upgrade",
      describe: "Bring the schema log_archive to what this program needs; the platform's tables stay as they are",
      load: () => import("./upgrade.ts"),
    },
    { command: "current", describe: "The version of the schema log_archive", load: () => import("./current.ts") },
  ],
} satisfies Group;
