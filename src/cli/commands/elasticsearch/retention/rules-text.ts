import type { RecordedChange, RetentionRule } from "../../../../workflow-logs/state/retention/rules.ts";
import type { ChangedRules } from "../../../../workflow-logs/retention/rules.ts";
import type { RetentionSchedule } from "../../../../workflow-logs/retention/schedule/schedule.ts";
import { formatTime } from "../../../output/format.ts";
import { printable } from "../../../output/printable.ts";
import { formatTable } from "../../../output/table.ts";
import { scheduleLines } from "./schedule-text.ts";

export function changedText({ rules, beingDeleted }: ChangedRules, width?: number): string {
  return [
    rulesTable(rules, width),
    ...beingDeleted.map(
      (name) => `⚠ WARNING: a sweep had decided to delete ${name} before this change; look whether it is still there.`,
    ),
  ].join("\n");
}

export interface ListedRules {
  readonly rules: readonly RetentionRule[];
  readonly history: readonly RecordedChange[];
  readonly schedule: RetentionSchedule | null;
}

export function rulesText({ rules, history, schedule }: ListedRules, width?: number): string {
  return [
    rulesTable(rules, width),
    "",
    scheduleLines(schedule),
    ...(history.length === 0 ? [] : ["", "History", historyTable(history, width)]),
  ].join("\n");
}

function rulesTable(rules: readonly RetentionRule[], width: number | undefined): string {
  if (rules.length === 0) return "No days and no holds are set: the days of the sweep hold.";
  return formatTable(
    ["tenant", "data type", "days", "held", "reason", "by", "since"],
    rules.map(({ tenantId, dataType, days, held, hold }) => [
      tenantId,
      dataType,
      days,
      held ? "held" : "no",
      hold?.reason,
      hold?.by,
      hold && formatTime(hold.since),
    ]),
    { width, drop: ["by", "since"] },
  );
}

function historyTable(history: readonly RecordedChange[], width: number | undefined): string {
  return formatTable(
    ["when", "who", "tenant", "data type", "what", "reason"],
    history.map(({ changedAt, changedBy, tenantId, dataType, action, days, reason }) => [
      formatTime(changedAt),
      changedBy,
      tenantId,
      dataType,
      action === "set" ? `set ${days ?? "default"}` : action,
      reason === undefined ? undefined : printable(reason),
    ]),
    { width },
  );
}
