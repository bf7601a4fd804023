import type { Command } from "commander";
import { z } from "zod";
import { stateDatabase } from "../../../workflow-logs/state/database.ts";
import { installCapture, type InstallReport } from "../../../workflow-logs/capture/install.ts";
import { captureStatus } from "../../../workflow-logs/capture/status.ts";
import { uninstallCapture, type UninstallReport } from "../../../workflow-logs/capture/uninstall.ts";
import type { Connections } from "../../../workflow-logs/connections.ts";
import type { CommandContext } from "../../context.ts";
import { exitCodes } from "../../exit-codes.ts";
import { formatCount } from "../../output/format.ts";
import { nextStep } from "../../output/next-step.ts";
import { action, type Session } from "../../run-command.ts";
import { withDatabase } from "../../wiring.ts";
import { captureText } from "./capture-text.ts";

type Database = Pick<Connections, "postgres" | "state">;

/** `capture install|status|uninstall`: triggers that record every write into the log tables. */
export function addCapture(group: Command, session: Session): void {
  const capture = group.command("capture").description("Recording of what the platform writes, by triggers");
  const add = (
    name: string,
    description: string,
    run: (database: Database, context: CommandContext) => Promise<void>,
  ) =>
    capture
      .command(name)
      .description(description)
      .action(
        action(session, {
          options: z.object({}),
          run: (_, context) =>
            withDatabase(context, async (postgres) => {
              await run({ postgres, state: stateDatabase(postgres) }, context);
              return exitCodes.done;
            }),
        }),
      );
  add("install", "Record every write into the log tables from now on", async (database, context) => {
    const report = await installCapture(database, context);
    context.output.result(report, () => installText(report));
  });
  add("status", "Show what is recorded, what waits and whether anything was missed", async (database, context) => {
    const report = await captureStatus(database);
    context.output.result(report, () => captureText(report));
  });
  add("uninstall", "Take the triggers away again", async (database, context) => {
    const { dirtyRows } = await captureStatus(database);
    if (dirtyRows > 0)
      await context.confirm(
        `Forget ${formatCount(dirtyRows)} writes that wait to be copied? app elasticsearch apply-dirty --until-empty copies them first.`,
      );
    const report = await uninstallCapture(database, context);
    context.output.result(report, () => uninstallText(report));
  });
}

function installText({ added, present, installedAt }: InstallReport): string {
  const tables = added.length === 0 ? present : added;
  return [
    nextStep("capture"),
    `✓ SUCCESS: every write into ${tables.join(", ")} is ${added.length === 0 ? "already " : ""}recorded since ${installedAt}`,
  ].join("\n");
}

function uninstallText({ removed, discarded }: UninstallReport): string {
  const what = removed.length === 0 ? "there were no triggers" : `no triggers on ${removed.join(", ")} any more`;
  return `✓ SUCCESS: ${what}${discarded === 0 ? "" : `; ${formatCount(discarded)} waiting writes forgotten`}`;
}
