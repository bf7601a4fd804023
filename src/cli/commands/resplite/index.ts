import type { Group } from "../../command.ts";

/** `resplite serve`: Redis in an SQLite file. */
export default {
  entries: [
    {
      command: "serve",
      describe: "Serve an SQLite file to Redis clients, until it is stopped",
      load: () => import("./serve.ts"),
    },
  ],
} satisfies Group;
