import type { Group } from "../../command.ts";

/** `runs list|show|pause|resume|abort|set`: what invocations moved and move, and controls for those under way. */
export default {
  entries: [
    { command: "list", describe: "The newest runs", load: () => import("./list.ts") },
    {
      command: "show <id>",
      describe: "One run with its options, limits and report, and why it waits",
      load: () => import("./show.ts"),
    },
    {
      command: "pause <id>",
      describe: "Make a run wait, without a transaction or a statement in either store",
      load: () => import("./pause.ts"),
    },
    { command: "resume <id>", describe: "Let a paused run go on", load: () => import("./resume.ts") },
    {
      command: "abort <id>",
      describe: "Stop a run as SIGTERM would, from any machine",
      load: () => import("./abort.ts"),
    },
    { command: "set <id>", describe: "Give a run other limits while it works", load: () => import("./set.ts") },
  ],
} satisfies Group;
