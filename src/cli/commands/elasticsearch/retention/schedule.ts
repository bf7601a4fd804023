import { z } from "zod";
import type { Connections } from "../../../../workflow-logs/connections.ts";
import { dataTypes } from "../../../../workflow-logs/partitions/log-types.ts";
import { mostRetentionDays } from "../../../../workflow-logs/retention/options.ts";
import type { ScheduleOptions } from "../../../../workflow-logs/retention/schedule/schedule.ts";
import { command } from "../../../command.ts";
import type { CommandContext } from "../../../context.ts";
import { operator } from "../../../../runs/operator.ts";
import { value } from "../../../options/flags.ts";
import { tenantIds as tenantIdFlag } from "../../../options/scope.ts";
import { wholeNumber } from "../../../options/values.ts";
import { storesConfig, withStores } from "../../../wiring.ts";
import { tenants, whatWouldGo, wordOfConsent } from "./consent.ts";
import { scheduleLines } from "./schedule-text.ts";

/** `retention schedule`: sweeps that start by themselves, done by `app worker`. */
export default command({
  flags: {
    cron: value('minute, hour, day, month, day of the week, such as "0 3 * * *"', z.string()),
    timezone: value("of the expression, such as Asia/Shanghai", z.string().default("UTC")),
    tenantId: tenantIdFlag,
    retentionDays: value("where retention set says nothing else", wholeNumber(1, mostRetentionDays).optional(), {
      shownDefault: "ELASTICSEARCH_RETENTION_DAYS as it is now",
    }),
    snapshotRepository: value("take a snapshot there, verify it, and only then delete", z.string().min(1).optional()),
  },
  examples: [['elasticsearch retention schedule --cron "0 3 * * *" --timezone Asia/Shanghai', "every night at three"]],
  config: storesConfig,
  run: (given, context) =>
    withStores(context, async (connections) => {
      const { scheduleRetention } = await import("../../../../workflow-logs/retention/schedule/schedule.ts");
      const options: ScheduleOptions = {
        cron: given.cron,
        timezone: given.timezone,
        tenantIds: [...new Set(given.tenantId)],
        retentionDays: given.retentionDays ?? connections.settings.retentionDays,
        snapshotRepository: given.snapshotRepository,
        scheduledBy: operator(),
      };
      await agree(connections, options, context);
      const schedule = await scheduleRetention(connections, options);
      context.output.result({ schedule }, () => `✓ SUCCESS: scheduled\n${scheduleLines(schedule)}`);
    }),
});

/** A schedule deletes without asking: so this is asked now, with what it means. */
async function agree(connections: Connections, options: ScheduleOptions, context: CommandContext): Promise<void> {
  const { nextTimes } = await import("../../../../stores/postgres/jobs/cron.ts");
  const next = await nextTimes(connections.postgres, options);
  const { cron, timezone, tenantIds, retentionDays, scheduledBy } = options;
  const sweep = { ...options, dataTypes, operator: scheduledBy };
  const { indices, warning } = await whatWouldGo(connections, sweep, context.signal);
  const [first, second] = next;
  if (first !== undefined && second !== undefined && second.getTime() - first.getTime() < 3_600_000)
    context.output.note(`Warning: ${cron} is more often than once an hour; a sweep once a day finds the same.`);
  if (context.yes) return context.output.note(`Now it would delete ${indices}.${warning}`);
  const question = [
    `From now on delete all that is older than ${retentionDays} days, of ${tenants(tenantIds)}, at ${cron} (${timezone}), without asking again?`,
    `The next times are ${next.map((time) => time.toISOString()).join(", ")}.`,
    `Now it would delete ${indices}.${warning}`,
  ];
  await context.confirmByTyping(question.join("\n"), wordOfConsent(tenantIds));
}
