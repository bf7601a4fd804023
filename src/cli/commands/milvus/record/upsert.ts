import { readFile } from "node:fs/promises";
import { z } from "zod";
import { UsageError } from "../../../../engine/errors.ts";
import type { RecordInput } from "../../../../vectors/records/records.ts";
import { command } from "../../../command.ts";
import { exitCodes } from "../../../exit-codes.ts";
import { value } from "../../../options/flags.ts";
import { formatCount } from "../../../output/format.ts";
import { withOperations } from "../connect.ts";
import { isObject, oneTenant } from "../flags.ts";

export default command({
  flags: {
    file: value("a JSON list of records, or one record a line", z.string().min(1)),
    tenantId: oneTenant,
    type: value("the recordType of all of them", z.string().optional()),
    longJobId: value("names the job in the progress", z.string().optional()),
    lastUpdateDevice: value("of all of them", z.string().optional()),
    lastUpdateDeviceId: value("of all of them", z.string().optional()),
  },
  run: async ({ file, tenantId, ...options }, context) => {
    const records = await recordsIn(file);
    return withOperations(context, undefined, async (operations) => {
      const { ids, refused } = await operations.upsertRecords(tenantId, records, {
        ...options,
        onProgress: ({ longJobId = "upsert", done, of }) => context.progress.note(`${longJobId}: ${done} of ${of}`),
      });
      context.output.result({ written: ids.length - refused.length, refused }, () =>
        [
          `${formatCount(ids.length - refused.length)} records written.`,
          ...refused.map(({ id, reason }) => `  ${id}: ${reason}`),
        ].join("\n"),
      );
      return refused.length > 0 ? exitCodes.findings : exitCodes.done;
    });
  },
});

async function recordsIn(file: string): Promise<RecordInput[]> {
  try {
    const text = (await readFile(file, "utf8")).trim();
    const lines = text.startsWith("[")
      ? (JSON.parse(text) as unknown[])
      : text.split("\n").map((line) => JSON.parse(line) as unknown);
    if (lines.every(isObject)) return lines;
  } catch (cause) {
    throw new UsageError(
      "unreadable_file",
      `${file} cannot be read: ${(cause as Error).message}. Nothing was written.`,
      { cause },
    );
  }
  throw new UsageError("unreadable_file", `${file} has something that is no JSON object. Nothing was written.`);
}
