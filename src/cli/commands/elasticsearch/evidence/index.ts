import type { Group } from "../../../command.ts";
import take from "./take.ts";

/** `evidence` and `evidence verify FILE`: what an index held, provable later. */
export default {
  own: take,
  entries: [
    {
      command: "verify <file>",
      describe: "Prove that an index holds what a file of evidence says, without PostgreSQL",
      load: () => import("./verify.ts"),
    },
  ],
} satisfies Group;
