import type { Command } from "commander";
import { z } from "zod";
import { nextTimes } from "../../../stores/postgres/jobs/cron.ts";
import type { Connections } from "../../../workflow-logs/connections.ts";
import { dataTypes } from "../../../workflow-logs/partitions/log-types.ts";
import { mostRetentionDays } from "../../../workflow-logs/retention/options.ts";
import {
  type RetentionSchedule,
  scheduleRetention,
  type ScheduleOptions,
  unscheduleRetention,
} from "../../../workflow-logs/retention/schedule.ts";
import type { CommandContext } from "../../context.ts";
import { operator } from "../../operator.ts";
import { scopeShape, tenantIdOption, wholeNumber } from "../../options.ts";
import { action, type Session } from "../../run-command.ts";
import { withDatabase, withStores } from "../../wiring.ts";
import { scheduleLines } from "./retention-schedule-text.ts";
import { tenants, whatWouldGo, wordOfConsent } from "./sweep-consent.ts";

const shape = z.object({
  cron: z.string(),
  timezone: z.string(),
  tenantId: scopeShape.tenantId,
  retentionDays: wholeNumber(1, mostRetentionDays).optional(),
  snapshotRepository: z.string().min(1).optional(),
});

/** `retention schedule|unschedule`: sweeps that start by themselves, done by `app worker`. */
export function addRetentionSchedule(retention: Command, session: Session): void {
  retention
    .command("schedule")
    .description("Sweep again and again without asking, by app worker; in the place of the schedule before")
    .requiredOption("--cron <expression>", 'minute, hour, day, month, day of the week, such as "0 3 * * *"')
    .option("--timezone <name>", "of the expression, such as Asia/Shanghai", "UTC")
    .addOption(tenantIdOption())
    .option(
      "--retention-days <days>",
      "where retention set says nothing else (default: ELASTICSEARCH_RETENTION_DAYS as it is now)",
    )
    .option("--snapshot-repository <name>", "take a snapshot there, verify it, and only then delete")
    .action(
      action(session, {
        options: shape,
        run: (given, context) =>
          withStores(context, async (connections) => {
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
      }),
    );
  retention
    .command("unschedule")
    .description("Sweep no more by itself; a sweep under way goes on to its end")
    .action(
      action(session, {
        options: z.object({}),
        run: (_, context) =>
          withDatabase(context, async (postgres) => {
            const removed = await unscheduleRetention({ postgres });
            context.output.result({ removed }, () => unscheduledText(removed));
          }),
      }),
    );
}

/** A schedule deletes without asking: so this is asked now, with what it means. */
async function agree(connections: Connections, options: ScheduleOptions, context: CommandContext): Promise<void> {
  const next = await nextTimes(connections.postgres, options);
  if (context.yes) return;
  const { cron, timezone, tenantIds, retentionDays, scheduledBy } = options;
  const sweep = { ...options, dataTypes, operator: scheduledBy };
  const { indices, warning } = await whatWouldGo(connections, sweep, context.signal);
  const question = [
    `From now on delete all that is older than ${retentionDays} days, of ${tenants(tenantIds)}, at ${cron} (${timezone}), without asking again?`,
    `The next times are ${next.map((time) => time.toISOString()).join(", ")}.`,
    `Now it would delete ${indices}.${warning}`,
  ];
  await context.confirmByTyping(question.join("\n"), wordOfConsent(tenantIds));
}

function unscheduledText(removed: RetentionSchedule | null): string {
  if (removed === null) return "✓ SUCCESS: nothing was scheduled";
  const underWay = removed.lastRun?.state === "running" ? "; the sweep under way goes on (app runs abort ends it)" : "";
  return `✓ SUCCESS: ${removed.cron} (${removed.timezone}) is no longer scheduled${underWay}`;
}
