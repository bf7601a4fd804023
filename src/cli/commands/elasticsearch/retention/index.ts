import type { Group } from "../../../command.ts";

/** `retention sweep|set|hold|release|list|schedule|unschedule`: how long indices stay. */
export default {
  entries: [
    {
      command: "sweep",
      describe:
        "Delete from Elasticsearch the months whose newest document is past its retention; PostgreSQL is left alone",
      load: () => import("./sweep.ts"),
    },
    {
      command: "set",
      describe: "Set how many days the logs of a tenant stay in Elasticsearch",
      load: () => import("./set.ts"),
    },
    {
      command: "hold",
      describe: "Keep all that a tenant has in Elasticsearch until it is released",
      load: () => import("./hold.ts"),
    },
    {
      command: "release",
      describe: "End a hold, as it was made: of one data type or of all",
      load: () => import("./release.ts"),
    },
    {
      command: "list",
      describe: "Show days and holds that are set, every change of them, and the schedule",
      load: () => import("./list.ts"),
    },
    {
      command: "schedule",
      describe: "Sweep again and again without asking, by app worker; in the place of the schedule before",
      load: () => import("./schedule.ts"),
    },
    {
      command: "unschedule",
      describe: "Sweep no more by itself; a sweep under way goes on to its end",
      load: () => import("./unschedule.ts"),
    },
  ],
} satisfies Group;
