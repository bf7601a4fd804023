import type { Group } from "../../../command.ts";

/** `errors list|retry|discard`: records that Milvus does not take as they are. */
export default {
  entries: [
    { command: "list", describe: "Which records, and why", load: () => import("./list.ts") },
    {
      command: "retry",
      describe: "Copy them again, after the cause was mended",
      load: () => import("./retry.ts"),
    },
    { command: "discard", describe: "Forget them; the records themselves stay", load: () => import("./discard.ts") },
  ],
} satisfies Group;
