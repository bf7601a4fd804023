import type { MigrateWatch } from "../../../llm-cache/migrate.ts";
import type { CommandContext } from "../../context.ts";
import { formatCount, formatDuration } from "../../output/format.ts";
import { batchText } from "./report-text.ts";

const rateMillis = 5000;

/** Says each batch as it ends, and from time to time how fast it goes and how long it will take. */
export function watchBatches({ dialogue, progress, signal }: CommandContext): MigrateWatch {
  const begun = performance.now();
  let saidAt = begun;
  let before = 0;
  return {
    signal,
    progress,
    onCounted: (_total, goesOnAt) => {
      before = goesOnAt;
      if (goesOnAt > 0) dialogue.say(`Going on after ${formatCount(goesOnAt)} records`);
    },
    onBatch: (batch) => {
      dialogue.say(batchText(batch));
      const now = performance.now();
      if (now - saidAt < rateMillis || batch.done >= batch.total) return;
      saidAt = now;
      const perMilli = (batch.done - before) / (now - begun);
      const left = formatDuration((batch.total - batch.done) / perMilli);
      progress.note(`${formatCount(1000 * perMilli)} records/s, about ${left} left`);
    },
    onPersist: () => dialogue.say("\nPersisting data to disk..."),
  };
}
