import type { RunRecord } from "../../../workflow-logs/state/runs.ts";
import { describeLimits } from "../../../workflow-logs/runs/run-limits.ts";
import { formatTime } from "../../output/format.ts";
import { printable } from "../../output/printable.ts";
import { formatTable } from "../../output/table.ts";

export function runsTable(runs: readonly RunRecord[]): string {
  return formatTable(
    ["run", "command", "status", "started", "finished", "waiting"],
    runs.map((run) => [
      run.id,
      run.command,
      run.status,
      formatTime(run.startedAt),
      run.finishedAt === null ? undefined : formatTime(run.finishedAt),
      run.waiting ?? undefined,
    ]),
  );
}

export function runText(run: RunRecord): string {
  const { requested } = run;
  return [
    `Run ${run.id}`,
    `  command:  ${run.command}`,
    `  status:   ${run.status}`,
    `  started:  ${formatTime(run.startedAt)}`,
    `  finished: ${run.finishedAt === null ? "-" : formatTime(run.finishedAt)}`,
    `  last seen: ${formatTime(run.heartbeatAt)}`,
    ...(run.waiting === null ? [] : [`  waiting:  ${printable(run.waiting)}`]),
    ...(run.limits === null ? [] : [`  limits:   ${describeLimits(run.limits)}`]),
    ...(requested.at === null
      ? []
      : [`  request:  ${requested.state}, at ${formatTime(requested.at)} by ${requested.by}`]),
    ...(run.error === null ? [] : [`  error:    ${printable(run.error)}`]),
    `  options:  ${JSON.stringify(run.options)}`,
    `  report:   ${JSON.stringify(run.report, null, 2)}`,
  ].join("\n");
}
