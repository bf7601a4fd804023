import type { Group } from "../../command.ts";

/** `stores ...`: the five stores of one application. */
export default {
  entries: [
    { command: "health", describe: "Whether each store answers", load: () => import("./health.ts") },
    { command: "doctor", describe: "Look for known troubles, and say what helps", load: () => import("./doctor.ts") },
    { command: "stats", describe: "What each store holds", load: () => import("./stats.ts") },
    {
      command: "slow-queries",
      describe: "What MongoDB took long for; its profiler is set back afterwards",
      load: () => import("./slow-queries.ts"),
    },
    { command: "profile <user>", describe: "Everything of one user", load: () => import("./profile.ts") },
    {
      command: "search <kb>",
      describe: "The pages of a knowledge base that fit a query, with their files",
      load: () => import("./search.ts"),
    },
    {
      command: "orphans",
      describe: "Delete temporary knowledge bases that no conversation or chatflow names",
      load: () => import("./orphans.ts"),
    },
    {
      command: "backup [action]",
      describe: "Back the stores up, or verify a backup (backup verify)",
      load: () => import("./backup.ts"),
    },
    {
      command: "restore",
      describe: "Write a backup into empty or the same stores, and compare",
      load: () => import("./restore.ts"),
    },
    {
      command: "schedule",
      describe: "Back up again and again, by app worker; without flags: what is scheduled",
      load: () => import("./schedule.ts"),
    },
    { command: "fix-index", describe: "Make the index that chatflows need", load: () => import("./fix-index.ts") },
  ],
} satisfies Group;
