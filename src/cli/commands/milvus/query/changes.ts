import { z } from "zod";
import { command } from "../../../command.ts";
import { value } from "../../../options/flags.ts";
import { option, wholeNumber } from "../../../options/values.ts";
import { withOperations } from "../connect.ts";
import { oneTenant, store } from "../flags.ts";
import { printFound } from "./print.ts";

const instant = option("a time, as an ISO timestamp or milliseconds since 1970", (text) => {
  const millis = /^\d{1,15}$/.test(text) ? Number(text) : Date.parse(text);
  return Number.isNaN(millis) ? undefined : millis;
});

export default command({
  flags: {
    since: value("a minute before this time on", instant),
    tenantId: oneTenant,
    deviceId: value("of the device that asks", z.string().optional()),
    limit: value("at most so many", wholeNumber(1, 10_000).default(100)),
    offset: value("behind so many", wholeNumber(0, 10_000).default(0)),
    store,
  },
  run: ({ since, tenantId, deviceId, limit, offset, store: named }, context) =>
    withOperations(context, named, async (operations) => {
      const page = await operations.syncByLastModified(tenantId, since, deviceId ?? null, limit, offset);
      printFound(context, page.results, { deleted_results: page.deleted_results });
    }),
});
