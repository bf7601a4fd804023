import type { PartKind } from "./attempt.ts";

/** What workers can do, by the command whose run it is. */
export const partKinds: Readonly<Record<string, () => Promise<PartKind>>> = {
  "elasticsearch migrate": async () => (await import("../migrate/copy-part.ts")).copyPart,
  "elasticsearch validate": async () => (await import("../validate/validate-part.ts")).validatePart,
};
