import { afterAll, beforeAll, expect, test } from "vitest";
import { onTerminal, type Seen } from "../../support/terminal.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";

/** F7 to F9 and point 14 of the mends: what a person sees on a real pseudo-terminal, drawn by a terminal emulator. */
let archive: TestArchive;
let tenantId: string;
beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 200, tenants: 2, months: 3 });
  // rows that are refused, for lists of errors
  await archive.sql.query(
    "update workflow_app_logs set created_at = 'infinity' where id in (select id from workflow_app_logs limit 2)",
  );
  const { rows } = await archive.sql.query<{ id: string }>("select tenant_id::text as id from workflow_runs limit 1");
  tenantId = rows[0]!.id;
});
afterAll(() => archive?.drop());

const app = (args: readonly string[], columns: number, env: NodeJS.ProcessEnv = {}): Promise<Seen> =>
  onTerminal(archive, ["elasticsearch", ...args], { columns, rows: 12, env });
const isWhole = (line: string): boolean => /[█░]+ +\d+\.\d\d%/.test(line);
const isBar = (line: string): boolean => /[█░]/.test(line);

test.each([60, 80, 120])(
  "on %i columns the line of the whole is on every frame, first and once, and nothing is left of it (F7, F8)",
  async (columns) => {
    const seen = await app(["migrate", "--restart", "--max-rps", "60"], columns);
    expect(seen.code).toBeOneOf([0, 3]); // the rows that are refused are told once
    const first = seen.frames.findIndex((frame) => frame.some(isWhole));
    const last = seen.frames.findLastIndex((frame) => frame.some(isBar));
    expect(last - first).toBeGreaterThan(2);
    for (const frame of seen.frames.slice(first, last + 1)) {
      const bars = frame.filter(isBar);
      if (bars.length === 0) continue; // taken away while a remark is written above
      expect(frame.filter(isWhole), frame.join("\n")).toHaveLength(1);
      expect(bars[0], frame.join("\n")).toMatch(/%, (\d.* left|time left unknown)/);
    }
    const ids = seen.lines.filter(({ text }) => text.includes("app runs resume"));
    for (const { text } of ids) expect(text).toMatch(/resume [0-9a-f-]{36}/);
    expect(seen.lines.filter(({ text }) => isBar(text))).toEqual([]);
    const note = seen.lines.findIndex(({ text }) => text.startsWith("Note: Without capture"));
    expect(seen.lines[note + 1]).toMatchObject({ isBroken: false, text: expect.stringMatching(/^\S+ /) as string });
    expect(seen.lines.some(({ text }) => text.includes("`app elasticsearch capture install`"))).toBe(true);
    expect(seen.lines.some(({ text }) => /^[⚠✓] (WARNING|SUCCESS): /.test(text))).toBe(true);
  },
);

const of = (): string[] => ["--tenant-id", tenantId];
const tables: readonly (readonly [columns: number, args: () => readonly string[]])[] = [
  [60, () => ["status"]],
  [80, () => ["status", "--exact"]],
  [60, () => ["validate", "--full"]],
  [60, () => ["errors", "list"]],
  [60, () => ["retention", "sweep", "--dry-run"]],
  [60, () => ["seal", "--dry-run"]],
  [60, () => ["capture", "status"]],
  [60, () => ["migrate", "--dry-run"]],
  [60, () => ["restore", ...of(), "--dry-run"]],
  [80, () => ["restore", ...of(), "--dry-run"]],
  [60, () => ["cleanup-pg", ...of(), "--before-date", "2100-01-01", "--dry-run", "--allow-unreplicated"]],
];

test.each(tables)("no table breaks on %i columns: %s (F9)", async (columns, args) => {
  expect(brokenTables(await app(args(), columns))).toEqual([]);
});

test("no table of runs list breaks (F9)", async () => {
  expect(brokenTables(await onTerminal(archive, ["runs", "list"], { columns: 60 }))).toEqual([]);
});

/** Lines of tables with three columns or more that the terminal had to continue. */
function brokenTables({ lines }: Seen): string[] {
  return lines.flatMap(({ isBroken }, at) => {
    const start = lines[at - 1]?.text ?? "";
    return isBroken && /\S {2,}\S.*\S {2,}\S/.test(start) ? [start] : [];
  });
}

test("ids are short where they have to be, and whole with --wide", async () => {
  await migrateOnce(archive);
  const narrow = await app(["status"], 80);
  const wide = await app(["status", "--wide"], 80);
  const shown = ({ lines }: Seen): string => lines.map(({ text }) => text).join("");
  expect(shown(narrow)).not.toContain(tenantId);
  expect(shown(narrow)).toContain(tenantId.slice(0, 8));
  expect(shown(wide)).toContain(tenantId);
});

test("colour is for terminals that want it", async () => {
  const colour = "\u001B[32m✓ SUCCESS";
  const args = ["migrate", "--start-date", "2100-01-01"];
  expect((await app(args, 80)).raw).toContain(colour);
  for (const env of [{ NO_COLOR: "1" }, { TERM: "dumb" }]) {
    const { raw } = await app(args, 80, env);
    expect(raw).toContain("✓ SUCCESS");
    expect(raw.split("\u001B").filter((piece) => /^\[\d*m/.test(piece))).toEqual([]);
  }
});

test("with --quiet a terminal gets one line, with --no-progress nothing that moves", async () => {
  const quiet = await app(["migrate", "--quiet"], 80);
  expect(quiet.raw.trim().split("\n")).toHaveLength(1);
  const still = await app(["migrate", "--restart", "--no-progress"], 80, { NO_COLOR: "1" });
  expect(still.raw).not.toContain("\u001B");
});
