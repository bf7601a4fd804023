import type { Log } from "../../../engine/log.ts";
import type { ProgressSink } from "../../../runs/progress.ts";

interface Partition {
  readonly startedAt: number;
  rows: number;
  bytes: number;
}

/**
 * The sink that passes everything on to `sink`, and logs what a run does: its begin and end, its partitions and
 * remarks, its batches at level debug.
 */
export function loggedProgress(sink: ProgressSink, log: Log): ProgressSink {
  const partitions = new Map<string, Partition>();
  let run: { readonly run: string; readonly startedAt: number } | undefined;
  const about = (): object => (run === undefined ? {} : { run: run.run });
  return {
    runStarted(id, command) {
      run = { run: id, startedAt: performance.now() };
      log.info({ run: id, command }, "run begins");
      sink.runStarted?.(id, command);
    },
    runEnded(id, status, counts) {
      log.info({ run: id, status, durationMs: since(run?.startedAt), ...counts }, "run ended");
      sink.runEnded?.(id, status, counts);
      run = undefined;
    },
    plan(totalRows, totalPartitions) {
      log.info({ ...about(), rows: totalRows, partitions: totalPartitions }, "planned");
      sink.plan(totalRows, totalPartitions);
    },
    partitionStarted(key, label, totalRows, doneRows) {
      partitions.set(key, { startedAt: performance.now(), rows: 0, bytes: 0 });
      log.info({ ...about(), partition: key, rows: totalRows, done: doneRows }, "partition begins");
      sink.partitionStarted(key, label, totalRows, doneRows);
    },
    advanced(key, rows, bytes) {
      const partition = partitions.get(key);
      if (partition) Object.assign(partition, { rows: partition.rows + rows, bytes: partition.bytes + bytes });
      log.debug({ ...about(), partition: key, rows, bytes }, "batch confirmed");
      sink.advanced(key, rows, bytes);
    },
    partitionFinished(key) {
      const partition = partitions.get(key);
      if (partition) {
        const { startedAt, rows, bytes } = partition;
        log.info({ ...about(), partition: key, rows, bytes, durationMs: since(startedAt) }, "partition ended");
      }
      partitions.delete(key);
      sink.partitionFinished(key);
    },
    note(text) {
      log.info(about(), text);
      sink.note(text);
    },
    stop: () => sink.stop(),
  };
}

function since(startedAt: number | undefined): number | undefined {
  return startedAt === undefined ? undefined : Math.round(performance.now() - startedAt);
}
