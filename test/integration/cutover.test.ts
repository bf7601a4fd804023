import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runAppHere } from "../support/app-here.ts";
import { createTestArchive, insertRows, type TestArchive } from "../support/test-archive.ts";
import { dumpLogs, tenantsOf } from "./restore/restore-archive.ts";

let archive: TestArchive;
let tenantId: string;
beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 300, tenants: 2, months: 2 });
  [tenantId = ""] = await tenantsOf(archive.sql);
});
afterAll(() => archive?.drop());

/** The commands of the guide's table and of its safety sweep, in their order. */
async function commandsOfGuide(): Promise<string[][]> {
  const guide = await readFile(new URL("../../docs/cutover.md", import.meta.url), "utf8");
  const rows = guide.split("\n").filter((line) => /^\| \d/.test(line));
  const [sweep = ""] = /## Safety sweep[\s\S]*?```bash\n([\s\S]*?)```/.exec(guide)?.slice(1) ?? [];
  const cells = rows.map((row) => row.split(" | ")[0]!);
  return [...cells, ...sweep.split("\n")]
    .flatMap((text) => [...text.matchAll(/app (elasticsearch [^`]+)/g)].map(([, command]) => command!))
    .map((command) => command.replaceAll("$T", tenantId).replace(/"\$\(.*\)"/, "2025-08-01"))
    .map((command) => command.trim().split(/\s+/));
}

/** What the platform does between two steps. */
async function platformWrites(): Promise<void> {
  const like = `tenant_id = '${tenantId}'`;
  await insertRows(archive.sql, { table: "workflow_runs", count: 3, like, createdAt: "timestamp '2025-09-20 12:00'" });
  await insertRows(archive.sql, { table: "workflow_node_executions", count: 5, like, createdAt: "now()::timestamp" });
  await archive.sql.query(`UPDATE workflow_runs SET total_tokens = total_tokens + 1 WHERE ${like}`);
}

test("the guide's commands, one after the other while the platform writes, all succeed and name what comes next", async () => {
  const commands = await commandsOfGuide();
  const words = commands.map(([, command, sub]) =>
    /^(capture|rollout)$/.test(command!) ? `${command} ${sub}` : command,
  );
  expect(words).toEqual([
    "preflight",
    "capture install",
    "migrate",
    "validate",
    "apply-dirty",
    "rollout set",
    "apply-dirty",
    "validate",
    "rollout set",
    "cleanup-pg",
    "capture uninstall",
    "apply-dirty",
    "validate",
    "validate",
  ]);
  const uninstall = commands.splice(words.indexOf("capture uninstall"), 1)[0]!;
  for (const command of [...commands, uninstall]) {
    const args =
      command[1] === "cleanup-pg"
        ? [...command.filter((word) => word !== "--dry-run"), "--yes", "--allow-unreplicated"]
        : command;
    if (command[1] === "cleanup-pg") {
      expect((await runAppHere(archive, command)).stdout).toContain("Next: give the indices a replica");
      const dry = await runAppHere(archive, [...command, "--allow-unreplicated"]);
      expect(dry.stdout).toContain("Next: the same without --dry-run");
    }
    const { code, stdout, stderr } = await runAppHere(archive, args);
    expect(code, `${args.join(" ")}\n${stdout}\n${stderr}`).toBe(0);
    if (args[2] !== "uninstall") expect(stdout, args.join(" ")).toMatch(/^Next: /m);
    if (["migrate", "apply-dirty"].includes(args[1]!) && !args.includes("--until-empty")) await platformWrites();
  }
  const left = await dumpLogs(archive.sql);
  expect(Object.keys(left["workflow_runs"]!).length).toBeGreaterThan(0);
  const { rows } = await archive.sql.query("SELECT FROM pg_trigger WHERE tgname LIKE 'log_archive%'");
  expect(rows).toEqual([]);
}, 180_000);
