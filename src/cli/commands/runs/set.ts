import type { Command } from "commander";
import { z } from "zod";
import { setLimits } from "../../../workflow-logs/runs/control-runs.ts";
import { describeLimits } from "../../../workflow-logs/runs/run-limits.ts";
import { batchSize, concurrency, rowsOrOff, sizeOrOff } from "../../options.ts";
import { action, type Session } from "../../run-command.ts";
import { withState } from "../../wiring.ts";
import { printRequest } from "./control.ts";
import { runArgument, runId } from "./run-id.ts";

const shape = z
  .object({
    id: runId,
    maxRps: rowsOrOff.optional(),
    maxBytesRate: sizeOrOff.optional(),
    concurrency: concurrency.optional(),
    batchSize: batchSize.optional(),
  })
  .refine(({ id: _id, ...limits }) => Object.values(limits).some((limit) => limit !== undefined), {
    message: "give at least one of --max-rps, --max-bytes-rate, --concurrency and --batch-size",
    when: ({ issues }) => issues.length === 0,
  });

export function addRunsSet(group: Command, session: Session): void {
  group
    .command("set")
    .addArgument(runArgument())
    .description("Give a run other limits while it works")
    .option("--max-rps <rows>", "at most so many rows a second, or off")
    .option("--max-bytes-rate <size>", "at most so many bytes a second, such as 10MB, or off")
    .option("--concurrency <number>", "batches in flight")
    .option("--batch-size <rows>", "rows of one batch")
    .action(
      action(session, {
        options: shape,
        run: (given, context) =>
          withState(context, async (state) => {
            const run = await setLimits(state, given.id, {
              ...(given.maxRps !== undefined && { recordsPerSecond: given.maxRps }),
              ...(given.maxBytesRate !== undefined && { bytesPerSecond: given.maxBytesRate }),
              ...(given.concurrency !== undefined && { concurrency: given.concurrency }),
              ...(given.batchSize !== undefined && { batchRows: given.batchSize }),
            });
            printRequest(
              context,
              run,
              ({ id, limits }) => `Run ${id} obeys within 2 seconds: ${describeLimits(limits!)}`,
            );
          }),
      }),
    );
}
