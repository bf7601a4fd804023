import { once } from "node:events";
import type { Writable } from "node:stream";

/** What became of a stream that this program writes to. */
export interface OutputWatch {
  /**
   * Waits until all that was written is gone, or cannot go; returns why it could not, undefined where the reader only
   * left (`| head`).
   */
  lost(): Promise<NodeJS.ErrnoException | undefined>;
}

/** From now on a failure of `stream` ends nothing: what cannot be written is written nowhere and the work goes on. */
export function watchOutput(stream: Writable): OutputWatch {
  let failure: NodeJS.ErrnoException | undefined;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    failure ??= error;
  });
  return {
    async lost() {
      if (!stream.destroyed)
        await Promise.race([new Promise<void>((done) => stream.write("", () => done())), once(stream, "close")]);
      // a failed write tells its callback before it tells the stream
      await new Promise((settled) => setImmediate(settled));
      return failure?.code === "EPIPE" ? undefined : failure;
    },
  };
}
