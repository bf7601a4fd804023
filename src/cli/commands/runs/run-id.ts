import { Argument } from "commander";
import { z } from "zod";

export const runId = z.string().regex(/^[0-9a-fA-F-]{1,36}$/, "is not the id of a run");

export function runArgument(): Argument {
  return new Argument("<id>", "the run, or the first characters of its id");
}
