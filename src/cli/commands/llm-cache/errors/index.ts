import type { Group } from "../../../command.ts";

/** `llm-cache errors list|retry|discard`: entries that a store did not take. */
export default {
  entries: [
    { command: "list", describe: "What failed and why", load: () => import("./list.ts") },
    { command: "retry", describe: "Send again what failed (llm-cache retry)", load: () => import("../retry.ts") },
    { command: "discard", describe: "Forget what failed; nothing is deleted", load: () => import("./discard.ts") },
  ],
} satisfies Group;
