import type { Group } from "../../../command.ts";

/** `resplite tracker start|stop`: notes what changes in the source while it is imported. */
export default {
  entries: [
    {
      command: "start",
      describe: "Note every key that changes in the source, until it is stopped",
      load: () => import("./start.ts"),
    },
    { command: "stop", describe: "End the tracker of a run, whatever process it is", load: () => import("./stop.ts") },
  ],
} satisfies Group;
