import type { Service } from "./service.ts";

const pauseMillis = 1_000;
const keysAtOnce = 500;

/** Deletes what has expired, every second and some at a time, so that it holds nobody up. Returns what ends it. */
export function startSweeper(service: Service): () => void {
  let timer = setTimeout(sweep, pauseMillis);
  timer.unref();

  function sweep(): void {
    const more = sweepSome(service) === keysAtOnce;
    timer = setTimeout(sweep, more ? 1 : pauseMillis);
    timer.unref();
  }

  return () => clearTimeout(timer);
}

/** In a transaction of its own; when the file cannot be written now, the next time. */
function sweepSome(service: Service): number {
  const { data } = service;
  if (data.writing) return 0; // a turn is under way, which is not ours to commit
  data.begin();
  try {
    const swept = data.keys.sweep(keysAtOnce);
    data.commit();
    service.expiredKeys += swept;
    return swept;
  } catch {
    data.rollback();
    return 0;
  }
}
