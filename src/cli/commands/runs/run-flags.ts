import { z } from "zod";
import { value } from "../../options/flags.ts";
import { anyText } from "../../options/values.ts";

export const runFlags = {
  id: value(
    "the run, or the first characters of its id",
    z.string().regex(/^[0-9A-Za-z_.-]{1,100}$/, "is not the id of a run"),
  ),
  to: value("ask this file of a Redis import, too", anyText.optional()),
};
