import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { command, type Entry } from "../../../src/cli/command.ts";
import { commands } from "../../../src/cli/commands/index.ts";
import db from "../../../src/cli/commands/db/index.ts";
import type { CommandContext } from "../../../src/cli/context.ts";
import type { ExitCode } from "../../../src/cli/exit-codes.ts";
import type { Host } from "../../../src/cli/host.ts";
import { Interruption } from "../../../src/cli/interruption.ts";
import { printReport } from "../../../src/cli/print-report.ts";
import { repeated, toggle, value } from "../../../src/cli/options/flags.ts";
import { wholeNumber } from "../../../src/cli/options/values.ts";
import { runCli } from "../../../src/cli/run-cli.ts";
import type { ConfigOf } from "../../../src/config/read-sections.ts";
import { elasticsearch } from "../../../src/config/sections/elasticsearch.ts";
import { postgres } from "../../../src/config/sections/postgres.ts";
import { AppError, UsageError } from "../../../src/engine/errors.ts";
import { type FakeHost, fakeHost } from "../../support/fake-host.ts";

const config = { database: postgres, elasticsearch };
const probeFlags = {
  rows: value("rows", wholeNumber().default(10)),
  name: repeated("a name", z.array(z.string().regex(/^\w+$/, "is no name")).default([])),
  dryRun: toggle("only look"),
};
interface Options {
  readonly rows: number;
  readonly name: readonly string[];
  readonly dryRun?: true | undefined;
}
type Run = (options: Options, context: CommandContext<ConfigOf<typeof config>>) => Promise<ExitCode | void>;

const done: Run = async ({ rows }, { output }) => output.result({ rows }, () => `${rows} rows`);

/** The real program with one more command, `db probe`. */
function withProbe(run: Run): Entry[] {
  const probe = {
    command: "probe",
    describe: "A probe",
    load: async () => ({ default: command({ flags: probeFlags, config, run }) }),
  };
  const group = { entries: [...db.entries, probe] };
  return commands.map((entry) =>
    entry.command === "db" ? { ...entry, load: async () => ({ default: group }) } : entry,
  );
}

async function cli(
  args: string[],
  run: Run = done,
  overrides: Partial<Host> = {},
): Promise<FakeHost & { code: number }> {
  const host = fakeHost(args, overrides);
  return { ...host, code: await runCli(host, withProbe(run)) };
}

const fails =
  (error: unknown): Run =>
  async () => {
    throw error;
  };

describe("the exit code", () => {
  test.each<[string, Run, number]>([
    ["nothing said", done, 0],
    ["findings", async () => 3, 3],
    ["an AppError", fails(new AppError("lost", "It is lost.", { hint: "Look again." })), 1],
    ["a UsageError", fails(new UsageError("wrong", "It is wrong.")), 2],
    ["any other error", fails(new TypeError("x is undefined")), 1],
    ["something that is no error", fails("text"), 1],
  ])("of %s is that of the contract", async (_name, run, code) => {
    expect((await cli(["db", "probe"], run)).code).toBe(code);
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("after %s is %i, whether the command returns or its wait is cut", async (name, code) => {
    const stopping = new AbortController();
    stopping.abort(new Interruption(name));
    const { signal } = stopping;
    const waits: Run = async (_options, context) => context.signal.throwIfAborted();
    const cut = fails(new DOMException("aborted", "AbortError"));
    for (const run of [done, async () => 3 as const, waits, cut]) {
      expect((await cli(["db", "probe"], run, { signal })).code).toBe(code);
    }
    expect((await cli(["db", "probe"], fails(new AppError("lost", "lost")), { signal })).code).toBe(1);
  });
});

describe("wrong arguments", () => {
  test.each<[string[], string, string]>([
    [["db", "prob"], "unknown_command", "probe"],
    [["elasticserch"], "unknown_command", "elasticsearch"],
    [["db", "probe", "--row", "5"], "unknown_option", "--rows"],
    [["db", "probe", "--jsn"], "unknown_option", "--json"],
    [["--quite", "db", "probe"], "unknown_option", "--quiet"],
    [["db", "probe", "--rows"], "option_missing_argument", "--help"],
    [["db", "probe", "extra"], "excess_arguments", "--help"],
    [["db", "probe", "--log-level", "loud"], "invalid_argument", "--help"],
    [["db", "probe", "--dry-run=yes"], "unexpected_value", "--help"],
    [["db", "probe", "--dry-run", "false"], "excess_arguments", "--help"],
    [["db", "probe", "--", "--rows"], "excess_arguments", "--help"],
    [["db", "probe", "-x"], "unknown_option", "app db probe --help"],
    [["db"], "missing_command", "app db --help"],
    [[], "missing_command", "--help"],
  ])("%j end with code 2, %s, and a hint with %s", async (args, code, hint) => {
    const text = await cli(args);
    expect(text.code).toBe(2);
    expect(text.out()).toBe("");
    expect(text.err()).toContain(hint);
    const json = await cli(["--json", ...args]);
    expect(json.code).toBe(2);
    const document = JSON.parse(json.out()) as { error: { code: string; hint: string } };
    expect(document.error.code).toBe(code);
    expect(document.error.hint).toContain(hint);
  });

  test("all problems of options and configuration are listed at once, and nothing runs", async () => {
    const args = ["db", "probe", "--rows", "-5", "--name", "ok", "--name", "a b", "--json"];
    const result = await cli(args, fails(new Error("ran")), { env: { DB_PORT: "x", ELASTICSEARCH_TIMEOUT: "y" } });
    expect(result.code).toBe(2);
    const document = JSON.parse(result.out()) as { command: string; error: Record<string, string> };
    const { error } = document;
    expect(document.command).toBe("db probe");
    expect(error["code"]).toBe("invalid_options");
    for (const part of ['--rows: "-5"', "--name: is no name", "DB_PORT", "ELASTICSEARCH_TIMEOUT"]) {
      expect(error["message"]).toContain(part);
    }
    expect(error["hint"]).toContain("app db probe --help");
  });

  test("all missing flags are named at once, with the command's own help", async () => {
    const { code, out } = await cli(["elasticsearch", "cleanup-pg", "--json", "--batch-size", "x"]);
    expect(code).toBe(2);
    const { error } = JSON.parse(out()) as { error: Record<string, string> };
    expect(error["message"]).toMatch(/--tenant-id: is missing\n.*--before-date: is missing\n.*--batch-size: "x"/);
    expect(error["hint"]).toBe("See app elasticsearch cleanup-pg --help.");
    const missing = JSON.parse((await cli(["elasticsearch", "cleanup-pg", "--json"])).out()) as typeof error;
    expect(missing).toMatchObject({ error: { code: "missing_mandatory_option_value" } });
  });

  test("a positional argument is named as help names it", async () => {
    expect((await cli(["runs", "pause"])).err()).toContain("<id>: is missing");
    expect((await cli(["runs", "pause", "a b"])).err()).toContain("<id>: is not the id of a run");
  });

  test("wrong configuration alone ends with code 2 before anything runs", async () => {
    const result = await cli(["db", "probe"], fails(new Error("ran")), { env: { DB_PORT: "x" } });
    expect(result).toMatchObject({ code: 2 });
    expect(result.err()).toContain("DB_PORT");
  });
});

test("a command checks the variables of its own sections and no others", async () => {
  const env = {
    ELASTICSEARCH_HOSTS: "[",
    S3_REGION: "?",
    SOURCE_TIME_ZONE: "?",
    DATABASE_URL: "postgres://u@127.0.0.1:1/d",
    STATE_FILE: "/nonexistent/state.db", // not the developer's own
  };
  for (const args of [
    ["runs", "list"],
    ["db", "current"],
    ["elasticsearch", "capture", "status"],
  ]) {
    const result = await cli(args, done, { env });
    expect(result.code).toBe(1);
    expect(result.err()).toContain("PostgreSQL does not answer");
  }
  const both = await cli(["elasticsearch", "status"], done, { env });
  expect(both.code).toBe(2);
  for (const name of ["ELASTICSEARCH_HOSTS", "SOURCE_TIME_ZONE"]) expect(both.err()).toContain(`✖ ${name} must be`);
  expect(both.err()).not.toContain("S3_REGION");
  expect(await cli(["completion", "bash"], done, { env })).toMatchObject({ code: 0 });
});

describe("global flags", () => {
  test.each([
    [["--json", "db", "probe", "--rows", "7"]],
    [["db", "--json", "probe", "--rows", "7"]],
    [["db", "probe", "--rows", "7", "--json"]],
  ])("are taken in any place: %j", async (args) => {
    const { out, err, code } = await cli(args);
    expect({ code, err: err() }).toEqual({ code: 0, err: "" });
    expect(JSON.parse(out())).toEqual({ command: "db probe", rows: 7 });
  });

  test("--version and --help go to stdout with code 0", async () => {
    const version = await cli(["--version"]);
    expect(version).toMatchObject({ code: 0 });
    expect(version.out()).toMatch(/^\d+\.\d+\.\d+\n$/);
    const help = await cli(["db", "probe", "--help"]);
    expect(help).toMatchObject({ code: 0 });
    expect(help.out()).toMatch(/--rows +rows +.*\[default: 10\]/);
    expect(help.out()).toContain("--json");
    expect(help.out()).toMatch(/Options:[^]*Global options:/);
    const cleanup = await cli(["elasticsearch", "cleanup-pg", "--help"]);
    expect(cleanup.out()).toMatch(/--tenant-id .*\[required\]/);
    expect(cleanup.out()).toMatch(/Examples:\n +app elasticsearch cleanup-pg/);
  });

  test("the word help is searched for like any other, and a flag's name behind --", async () => {
    for (const args of [["help"], ["--", "--help"]]) {
      const { code, err, out } = await cli(["elasticsearch", "search", ...args]);
      expect({ code, out: out() }).toEqual({ code: 2, out: "" });
      expect(err()).toContain("No Elasticsearch is configured");
    }
  });

  test("--quiet silences remarks and progress but neither result nor errors", async () => {
    const run: Run = async (options, context) => {
      context.output.note("a remark");
      context.progress.plan(5);
      context.progress.note("paused");
      return done(options, context);
    };
    expect((await cli(["db", "probe"], run)).err()).toBe("a remark\npaused\n");
    const quiet = await cli(["db", "probe", "--quiet"], run);
    expect([quiet.out(), quiet.err()]).toEqual(["10 rows\n", ""]);
    expect((await cli(["db", "probe", "--quiet"], fails(new AppError("lost", "It is lost.")))).err()).toContain("lost");
  });

  const logged = (text: string): Record<string, unknown>[] =>
    text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  test("--log-level decides what is logged, on stderr only: ISO times, levels by name, the command's begin and end", async () => {
    const run: Run = async (_options, { log }) => log.info({ rows: 5 }, "page read");
    expect((await cli(["db", "probe"], run)).err()).toBe("");
    const result = await cli(["db", "probe", "--log-level", "info"], run);
    expect(result.out()).toBe("");
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;
    expect(logged(result.err())).toEqual([
      { level: "info", time, command: "db probe", msg: "command begins" },
      { level: "info", time, rows: 5, msg: "page read" },
      {
        level: "info",
        time,
        command: "db probe",
        code: 0,
        durationMs: expect.any(Number) as number,
        msg: "command ended",
      },
    ]);
  });

  test("a run tells its begin and end, its partitions and remarks, batches at level debug, all with its id", async () => {
    const run: Run = async (_options, { progress }) => {
      progress.runStarted?.("r1", "db probe");
      progress.plan(10, 1);
      progress.partitionStarted("app_logs/acme/2024-01", "app_logs acme 2024-01", 10, 4);
      progress.advanced("app_logs/acme/2024-01", 6, 600);
      progress.note("waiting for a standby");
      progress.partitionFinished("app_logs/acme/2024-01");
      progress.runEnded?.("r1", "completed", { totals: { migrated: 6 } });
    };
    const about = { run: "r1", partition: "app_logs/acme/2024-01" };
    const { err } = await cli(["db", "probe", "--log-level", "debug", "--no-progress"], run);
    expect(logged(err().replace("waiting for a standby\n", "")).slice(1, -1)).toMatchObject([
      { run: "r1", command: "db probe", msg: "run begins" },
      { run: "r1", rows: 10, partitions: 1, msg: "planned" },
      { ...about, rows: 10, done: 4, msg: "partition begins" },
      { ...about, level: "debug", rows: 6, bytes: 600, msg: "batch confirmed" },
      { run: "r1", msg: "waiting for a standby" },
      { ...about, rows: 6, bytes: 600, msg: "partition ended", durationMs: expect.any(Number) as number },
      { run: "r1", status: "completed", totals: { migrated: 6 }, msg: "run ended" },
    ]);
  });

  test("--log-format pretty is one line for people, whose data cannot steer the terminal", async () => {
    const run: Run = async (_options, { log }) => log.warn({ id: "\u001b[2J7\u009b" }, "row \u001b[2J \\u001b");
    const { err } = await cli(["db", "probe", "--log-format", "pretty"], run);
    expect(err()).toMatch(/^\[[-\d]+T[:\d]+Z\] WARN: row \\u001b\[2J \\u001b \{"id":"\\u001b\[2J7\\u009b"\}\n$/);
  });

  test("--quiet is one line of a run, with the time and how it went, also where it fails", async () => {
    const run: Run = async (_options, context) => {
      const report = { status: "completed" } as const;
      return printReport(context, report, () => "Statistics\n  many\n\n✓ SUCCESS: 5 records are there", 0);
    };
    const { out, err } = await cli(["db", "probe", "--quiet"], run);
    expect(out()).toMatch(/^\d{4}-[-\d]+T[.:\d]+Z app db probe: ✓ SUCCESS: 5 records are there\n$/);
    expect(err()).toBe("");
    const failed = await cli(["db", "probe", "--quiet"], fails(new AppError("lost", "It is lost.")));
    expect(failed.err()).toMatch(/^\d{4}-[-\d]+T[.:\d]+Z app db probe: Error: It is lost\.\n$/);
  });

  test("the first signal is answered, though the command says nothing", async () => {
    const stop = new AbortController();
    const run: Run = async () => stop.abort(new Interruption("SIGINT"));
    const { code, err } = await cli(["db", "probe"], run, { signal: stop.signal });
    expect({ code, err: err() }).toEqual({
      code: 130,
      err: "\nFinishing what is in flight, then stopping. Press Ctrl-C again to stop at once.\n",
    });
  });
});

describe("failures", () => {
  const error = new AppError("lost", "Row \u001b[2J7 is lost.", { hint: "Look again." });

  test("are printed with their hint and without control characters", async () => {
    const result = await cli(["db", "probe"], fails(error));
    expect(result.err()).toBe("Error: Row \\u001b[2J7 is lost.\nLook again.\n");
    expect(result.out()).toBe("");
  });

  test("are one document with --json", async () => {
    const result = await cli(["db", "probe", "--json"], fails(error));
    expect(result.err()).toBe("");
    expect(JSON.parse(result.out())).toEqual({
      command: "db probe",
      error: { code: "lost", message: error.message, hint: "Look again." },
    });
  });

  test("never show a secret, neither in messages nor in logs", async () => {
    const env = {
      ELASTICSEARCH_HOSTS: "http://es:9200",
      ELASTICSEARCH_USERNAME: "elastic",
      ELASTICSEARCH_PASSWORD: 'pa"ss-1',
      DATABASE_URL: "postgresql://u:in%2Furl@h/db",
    };
    const run: Run = async (_options, { log }) => {
      log.error({ password: "other", nested: { apiKey: "key" } }, 'login with pa"ss-1 and in/url failed');
      throw new AppError("login", 'Login with pa"ss-1 or in%2Furl failed.', { hint: 'Is pa"ss-1 right?' });
    };
    for (const flags of [[], ["--json"]]) {
      const { out, err } = await cli(["db", "probe", ...flags], run, { env });
      expect(out() + err()).toContain("[secret]");
      expect(out() + err()).not.toMatch(/ss-1|in\/url|in%2Furl|"other"|"key"/);
    }
  });
});

describe("the environment", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "env-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  writeFileSync(path.join(folder, ".env"), "\uFEFFDB_HOST=from-file\nDB_DATABASE='file'\n");
  writeFileSync(path.join(folder, "other.env"), "DB_HOST=from-other\n");
  const showUrl: Run = async (_options, context) => context.output.result({}, () => context.config.database.url);
  const url = async (args: string[], env = {}): Promise<string> =>
    (await cli(["db", "probe", ...args], showUrl, { env, workingDirectory: folder })).out().trim();

  test("comes from .env in the working directory, and the process goes before it", async () => {
    expect(await url([])).toBe("postgresql://postgres@from-file:5432/file");
    expect(await url([], { DB_HOST: "from-process" })).toBe("postgresql://postgres@from-process:5432/file");
  });

  test("comes from --env-file instead when that is given", async () => {
    expect(await url(["--env-file", "other.env"])).toBe("postgresql://postgres@from-other:5432/dify");
  });

  test.each(["missing.env", "."])("--env-file %s is a usage error", async (file) => {
    const result = await cli(["db", "probe", "--env-file", file], done, { workingDirectory: folder });
    expect(result.code).toBe(2);
    expect(result.err()).toContain("cannot be read");
  });
});
