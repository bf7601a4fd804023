import type { Group } from "../../../command.ts";

/** `resplite errors list|retry|discard`: keys that could not be copied into the file. */
export default {
  entries: [
    { command: "list", describe: "Which keys, and why", load: () => import("./list.ts") },
    {
      command: "retry",
      describe: "Copy them again, with what has changed since (resplite apply-dirty)",
      load: () => import("../apply-dirty.ts"),
    },
    { command: "discard", describe: "Leave these keys out of the import", load: () => import("./discard.ts") },
  ],
} satisfies Group;
