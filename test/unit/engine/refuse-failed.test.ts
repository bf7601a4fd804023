import fc from "fast-check";
import { expect, test } from "vitest";
import { AppError } from "../../../src/engine/errors.ts";
import { Pacing } from "../../../src/engine/pacing.ts";
import type { Batch, Receipt, Sink } from "../../../src/engine/ports.ts";
import { refuseFailed } from "../../../src/engine/refuse-failed.ts";
import { RefusalLimit } from "../../../src/engine/refusal-limit.ts";
import { transfer } from "../../../src/engine/transfer.ts";

interface IdBatch extends Batch {
  readonly ids: readonly string[];
}

const refuseAll = ({ ids }: IdBatch, error: unknown): Receipt => ({
  written: 0,
  refused: ids.map((id) => ({ id, type: "write_failed", reason: (error as Error).message })),
});

/** A transfer of batches of three, of which some cannot be written. */
async function moved(batches: number, failing: ReadonlySet<number>, limit = Infinity) {
  const written: string[] = [];
  const refused: string[] = [];
  const confirmed: number[] = [];
  const refusals = new RefusalLimit(limit);
  const end = await transfer<IdBatch>(
    {
      source: {
        async *batches() {
          for (let at = 0; at < batches; at++)
            yield await Promise.resolve({ ids: [0, 1, 2].map((one) => `${at}.${one}`), records: 3, bytes: 0 });
        },
      },
      sink: refuseFailed(
        {
          write: async ({ ids }) => {
            if (failing.has(Number.parseInt(ids[0]!, 10))) throw new Error("no answer");
            written.push(...ids);
            return { written: ids.length, refused: [] };
          },
        },
        refuseAll,
      ),
      checkpoint: {
        confirm: async ({ ids }, receipt) => {
          confirmed.push(Number.parseInt(ids[0]!, 10));
          refused.push(...receipt!.refused.map(({ id }) => id));
        },
      },
      pacing: new Pacing({ concurrency: 3 }),
      onConfirmed: (_batch, receipt) => refusals.note(receipt),
    },
    new AbortController().signal,
  );
  return { end, written, refused, confirmed };
}

test("whichever batches fail, all are confirmed in order, and each record is written or refused once", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 12 }), fc.uniqueArray(fc.nat(12)), async (batches, failing) => {
      const { end, written, refused, confirmed } = await moved(batches, new Set(failing));
      expect(end).toBe("completed");
      expect(confirmed).toEqual(Array.from({ length: batches }, (_, at) => at));
      expect(new Set([...written, ...refused]).size).toBe(3 * batches);
      expect(written.length + refused.length).toBe(3 * batches);
      expect(new Set(refused.map((id) => Number.parseInt(id, 10)))).toEqual(
        new Set(failing.filter((at) => at < batches)),
      );
    }),
  );
});

test("a target that is down ends the run at the limit of refusals", async () => {
  await expect(moved(20, new Set(Array.from({ length: 20 }, (_, at) => at)), 9)).rejects.toMatchObject({
    code: "too_many_record_errors",
  });
});

function failingSink(error: Error): Sink<IdBatch> {
  return {
    write: async () => {
      throw error;
    },
  };
}

test("a wait that was stopped is no failure, and what concerns every batch is thrown", async () => {
  const abort = new DOMException("stopped", "AbortError");
  const login = new AppError("login", "wrong password");
  const failing = (error: Error) =>
    refuseFailed<IdBatch, Receipt>(failingSink(error), (batch, cause) => {
      if (cause instanceof AppError) throw cause;
      return refuseAll(batch, cause);
    });
  const batch = { ids: ["a"], records: 1, bytes: 0 };
  const { signal } = new AbortController();
  await expect(failing(abort).write(batch, signal)).rejects.toBe(abort);
  await expect(failing(login).write(batch, signal)).rejects.toBe(login);
  expect(await failing(new Error("full")).write(batch, signal)).toMatchObject({
    refused: [{ id: "a", reason: "full" }],
  });
});
