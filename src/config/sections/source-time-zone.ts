import { z } from "zod";
import { timeZone } from "../values.ts";

/** The zone of the platform's timestamps, which have none of their own. */
export const sourceTimeZone = z
  .object({
    SOURCE_TIME_ZONE: timeZone.default("UTC").describe("zone of the platform's timestamps; part of the archive"),
  })
  .transform((given) => given.SOURCE_TIME_ZONE);
