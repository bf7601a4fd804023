import fc from "fast-check";
import { expect, test } from "vitest";
import type { RolloutModes } from "../../../../src/workflow-logs/state/rollouts.ts";
import { stepBack } from "../../../../src/workflow-logs/state/rollouts.ts";

const writes = ["postgres", "both", "elasticsearch"] as const;
const reads = ["postgres", "shadow", "elasticsearch"] as const;
const modes = fc.record({ write: fc.constantFrom(...writes), read: fc.constantFrom(...reads) });
const rank = ({ write, read }: RolloutModes): [number, number] => [writes.indexOf(write), reads.indexOf(read)];

test("each step back leads away from Elasticsearch, until PostgreSQL alone is reached where the history began there", () => {
  fc.assert(
    fc.property(fc.array(modes, { minLength: 1, maxLength: 8 }), (history) => {
      let now = history.at(-1)!;
      const all = [{ write: "postgres", read: "postgres" } as const, ...history.slice(0, -1)];
      let changes = all.map((before) => ({ before })).toReversed();
      for (;;) {
        const { after, used } = stepBack(now, changes);
        if (used === 0) break;
        const [write, read] = rank(after);
        const [writeBefore, readBefore] = rank(now);
        expect(write <= writeBefore && read <= readBefore && write + read < writeBefore + readBefore).toBe(true);
        now = after;
        changes = changes.slice(used);
      }
      expect(now).toEqual({ write: "postgres", read: "postgres" });
    }),
  );
});

test("a switch towards PostgreSQL that was made by hand is not taken back", () => {
  const changes = [
    { before: { write: "both", read: "elasticsearch" } as const },
    { before: { write: "both", read: "shadow" } as const },
    { before: { write: "postgres", read: "postgres" } as const },
  ];
  expect(stepBack({ write: "both", read: "postgres" }, changes)).toEqual({
    after: { write: "postgres", read: "postgres" },
    used: 3,
  });
});
