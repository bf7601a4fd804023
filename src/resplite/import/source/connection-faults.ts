import { setTimeout as sleep } from "node:timers/promises";
import { backOff } from "../../../engine/back-off.ts";
import { AppError } from "../../../engine/errors.ts";
import { type BinaryClient, reason } from "../../../stores/redis/binary-client.ts";
import { isConnectionLost } from "../../../stores/redis/client.ts";

const networkCodes = new Set(["ECONNRESET", "ECONNREFUSED", "EPIPE", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH"]);

/** Whether the source may answer again: the connection is lost, or the server is loading its data. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError) return error.errors.every(isPassing);
  return (
    isConnectionLost(error) ||
    error.constructor.name === "AbortError" || // of a command that waited to be sent
    networkCodes.has((error as NodeJS.ErrnoException).code ?? "") ||
    /^(LOADING|BUSY|MASTERDOWN|TRYAGAIN)\b/.test(error.message)
  );
}

const patienceMillis = 120_000;
const pauses = { first: 100, longest: 2000 };

/** Resolves when the source answers again. @throws AppError redis_away after two minutes; AbortError */
export async function untilAnswers(redis: BinaryClient, signal: AbortSignal): Promise<void> {
  const giveUp = performance.now() + patienceMillis;
  for (let failures = 1; ; failures++) {
    try {
      await redis.send("PING");
      return;
    } catch (cause) {
      if (performance.now() > giveUp)
        throw new AppError("redis_away", `Redis has not answered for two minutes: ${reason(cause)}`, {
          cause,
          hint: "Nothing is lost: start it and run the same command again, it goes on where it was.",
        });
    }
    await sleep(backOff(failures, pauses), undefined, { signal });
  }
}
