import type { Group } from "../../command.ts";

/** `llm-cache migrate|errors|retry|validate|workspaces`: LightRAG's LLM caches, from one of its stores to another. */
export default {
  entries: [
    {
      command: "migrate",
      describe: "Copy the caches of one store into another; asks what is not given",
      load: () => import("./migrate.ts"),
    },
    { command: "errors", describe: "Entries that a store did not take", load: () => import("./errors/index.ts") },
    { command: "retry", describe: "Send again what failed, and nothing else", load: () => import("./retry.ts") },
    {
      command: "validate",
      describe: "Compare two stores by key and content, without writing",
      load: () => import("./validate.ts"),
    },
    {
      command: "workspaces",
      describe: "List the workspaces of a store, with their caches",
      load: () => import("./workspaces.ts"),
    },
  ],
} satisfies Group;
