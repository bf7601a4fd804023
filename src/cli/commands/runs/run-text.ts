import type { FoundRun, Unanswered } from "../../../runs/all-homes.ts";
import type { RunRecord } from "../../../runs/run-record.ts";
import type { Sharing } from "../../../runs/sharing.ts";
import { describeLimits } from "../../../runs/run-limits.ts";
import { formatTime } from "../../output/format.ts";
import { printable } from "../../output/printable.ts";
import { formatTable } from "../../output/table.ts";

/** With a column of the homes where they are known. */
export function runsTable(runs: readonly (RunRecord & Partial<Pick<FoundRun, "home">>)[], width?: number): string {
  const withHome = runs.some(({ home }) => home !== undefined);
  return formatTable(
    ["run", "command", "status", "started", "finished", ...(withHome ? ["home"] : []), "waiting"],
    runs.map((run) => [
      run.id,
      run.command,
      run.status,
      formatTime(run.startedAt),
      run.finishedAt === null ? undefined : formatTime(run.finishedAt),
      ...(withHome ? [run.home] : []),
      run.waiting ?? undefined,
    ]),
    { width, drop: ["finished", "home", "started"] },
  );
}

/** The runs with their homes, and which homes did not answer. */
export function runListText(runs: readonly FoundRun[], unanswered: readonly Unanswered[], width?: number): string {
  const notes = unanswered.map(
    ({ home, error }) => `${home} does not answer, so its runs are missing: ${error.message}`,
  );
  return [runs.length === 0 ? "There was no run yet." : runsTable(runs, width), ...notes].join("\n");
}

export function runText(run: FoundRun, width?: number): string {
  const { requested } = run;
  return [
    `Run ${run.id}`,
    `  command:  ${run.command}`,
    `  home:     ${run.home}`,
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
    ...(run.sharing === undefined ? [] : sharingText(run.sharing, width)),
    `  options:  ${JSON.stringify(run.options)}`,
    `  report:   ${JSON.stringify(run.report, null, 2)}`,
  ].join("\n");
}

function sharingText({ workers, parts, shown }: Sharing, width: number | undefined): string[] {
  const counts = (["done", "working", "waiting", "failed"] as const).map((state) => `${parts[state]} ${state}`);
  const unfinished = shown.filter(({ state }) => state !== "done");
  return [
    `  partitions: ${parts.total}, ${counts.join(", ")}`,
    formatTable(
      ["worker", "last seen", "working", "done", "waiting"],
      workers.map(({ worker, seenAt, working, done, waiting, refusal }) => [
        printable(worker),
        formatTime(seenAt),
        working,
        done,
        printable(refusal ?? waiting ?? ""),
      ]),
      { width, drop: ["last seen"] },
    ),
    ...(unfinished.length === 0
      ? []
      : [
          formatTable(
            ["partition", "state", "worker", "attempts", "last error"],
            unfinished.map(({ key, state, worker, attempts, error }) => [
              key,
              state,
              printable(worker ?? ""),
              attempts,
              printable(error?.message ?? ""),
            ]),
            { width, drop: ["attempts"] },
          ),
        ]),
  ];
}
