import { z } from "zod";
import { UsageError } from "../../../engine/errors.ts";
import type { FoundRun } from "../../../runs/all-homes.ts";
import type { RequestedState } from "../../../runs/run-record.ts";
import { runDocument } from "../../commands/runs/run-document.ts";
import { limitFlags, limitsOf } from "../../commands/runs/run-limits-flags.ts";
import { runFlags } from "../../commands/runs/run-flags.ts";
import { value } from "../../options/flags.ts";
import { wholeNumber } from "../../options/values.ts";
import { readQuery } from "../read-query.ts";
import { runProgress } from "../run-progress.ts";
import type { Asked, View, ViewParts } from "../view.ts";

const listFlags = { limit: value("how many", wholeNumber(1, 100).default(30)) };

/** A run's report may name thousands of indices; a page shows so much of it. */
const shownCharacters = 200_000;

const actions: Readonly<Record<string, RequestedState>> = { pause: "paused", resume: "running", abort: "aborted" };

/** `app runs`: list and show, and with --allow-control pause, resume, abort and set. */
export function runViews({ sources, allowControl, log }: ViewParts): View[] {
  const controls: View[] = [
    {
      method: "POST",
      path: "runs/:id/:action",
      async answer({ params, from }) {
        const wanted = actions[params["action"] ?? ""];
        if (wanted === undefined)
          throw new UsageError("unknown_action", "A run can be paused, resumed and aborted.", {
            hint: "Ask for pause, resume or abort. Nothing was asked of the run.",
          });
        const { requestState } = await import("../../../runs/control-runs.ts");
        const run = await requestState(sources.homes, idOf(params), wanted);
        log.info({ runId: run.id, wanted, from }, "asked from the dashboard");
        return head(run);
      },
    },
    {
      method: "POST",
      path: "runs/:id/limits",
      async answer({ params, body, from }) {
        const given = z.record(z.string(), z.string()).safeParse(body);
        const limits = limitsOf(readQuery(limitFlags, new URLSearchParams(given.data ?? {})));
        if (Object.keys(limits).length === 0)
          throw new UsageError("no_limits", "No limit was given.", {
            hint: "Give one that the run has; none was changed.",
          });
        const { setLimits } = await import("../../../runs/control-runs.ts");
        const run = await setLimits(sources.homes, idOf(params), limits);
        log.info({ runId: run.id, limits, from }, "asked from the dashboard");
        return head(run);
      },
    },
  ];
  return [
    {
      method: "GET",
      path: "runs",
      async answer({ query }) {
        const { listRuns } = await import("../../../runs/all-homes.ts");
        const { runs, unanswered } = await listRuns(sources.homes, readQuery(listFlags, query).limit);
        return {
          allowControl,
          runs: runs.map(head),
          unanswered: unanswered.map(({ home, error: { code, message } }) => ({ home, code, message })),
        };
      },
    },
    {
      method: "GET",
      path: "runs/:id",
      async answer({ params }) {
        const { knownRun } = await import("../../../runs/all-homes.ts");
        const { run } = await knownRun(sources.homes, idOf(params));
        const { options, report } = runDocument(run);
        return { allowControl, ...head(run), options: shown(options), report: report === null ? null : shown(report) };
      },
    },
    ...(allowControl ? controls : []),
  ];
}

function idOf(params: Asked["params"]): string {
  return readQuery({ id: runFlags.id }, new URLSearchParams({ id: params["id"] ?? "" })).id;
}

/** A run as a list has it. */
function head(run: FoundRun) {
  const { id, home, command, status, startedAt, heartbeatAt, finishedAt, waiting, limits, requested } = run;
  const error = run.error?.slice(0, 2000) ?? null;
  const progress = runProgress(run.report);
  const times = { startedAt: iso(startedAt), heartbeatAt: iso(heartbeatAt), finishedAt: finishedAt && iso(finishedAt) };
  return { id, home, command, status, ...times, waiting, limits, requested, error, progress };
}

function iso(time: string): string {
  return new Date(time).toISOString();
}

function shown(document: object): { readonly text: string; readonly characters: number } {
  const text = JSON.stringify(document, null, 2);
  return { text: text.slice(0, shownCharacters), characters: text.length };
}
