import { z } from "zod";
import { value } from "../../options/flags.ts";

export const runId = value(
  "the run, or the first characters of its id",
  z.string().regex(/^[0-9a-fA-F-]{1,36}$/, "is not the id of a run"),
);
