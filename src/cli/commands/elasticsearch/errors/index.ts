import type { Group } from "../../../command.ts";

/** `errors list|retry|discard`: the rows that could not be archived. */
export default {
  entries: [
    { command: "list", describe: "What was refused and why", load: () => import("./list.ts") },
    { command: "retry", describe: "Send them again, after the cause was mended", load: () => import("./retry.ts") },
    {
      command: "discard",
      describe: "Forget them; the rows stay in PostgreSQL and are not archived",
      load: () => import("./discard.ts"),
    },
  ],
} satisfies Group;
