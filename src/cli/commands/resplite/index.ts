import type { Group } from "../../command.ts";

/** `resplite ...`: Redis in an SQLite file, and the way into it. */
export default {
  entries: [
    {
      command: "serve",
      describe: "Serve an SQLite file to Redis clients, until it is stopped",
      load: () => import("./serve.ts"),
    },
    {
      command: "preflight",
      describe: "What is in a Redis, and what stands in the way of importing it",
      load: () => import("./preflight.ts"),
    },
    { command: "bulk", describe: "Copy every key of a live Redis into the file", load: () => import("./bulk.ts") },
    {
      command: "tracker",
      describe: "Note what changes in the source while it is imported",
      load: () => import("./tracker/index.ts"),
    },
    {
      command: "apply-dirty",
      describe: "Take over what changed since the bulk import",
      load: () => import("./apply-dirty.ts"),
    },
    { command: "verify", describe: "Compare the file with the source", load: () => import("./verify.ts") },
    { command: "errors", describe: "Keys that could not be copied", load: () => import("./errors/index.ts") },
    { command: "status", describe: "How an import is", load: () => import("./status.ts") },
    { command: "pause", describe: "Let an import pause", load: () => import("./pause.ts") },
    { command: "resume", describe: "Let a paused import go on", load: () => import("./resume.ts") },
    { command: "abort", describe: "Stop an import in order", load: () => import("./abort.ts") },
    { command: "set", describe: "Give an import under way other limits", load: () => import("./set.ts") },
    {
      command: "import",
      describe: "Copy a Redis that nobody writes to, in one go",
      load: () => import("./one-shot.ts"),
    },
  ],
} satisfies Group;
