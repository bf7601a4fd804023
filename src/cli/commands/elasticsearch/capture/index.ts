import type { Group } from "../../../command.ts";

/** `capture install|status|uninstall`: triggers that record every write into the log tables. */
export default {
  entries: [
    {
      command: "install",
      describe: "Record every write into the log tables from now on",
      load: () => import("./install.ts"),
    },
    {
      command: "status",
      describe: "Show what is recorded, what waits and whether anything was missed",
      load: () => import("./status.ts"),
    },
    { command: "uninstall", describe: "Take the triggers away again", load: () => import("./uninstall.ts") },
  ],
} satisfies Group;
