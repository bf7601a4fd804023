/**
 * node dev/redis-suite/main.ts REDIS [FILE ...]: runs Redis' own tests of its types against our server and prints what
 * passed, what failed and why. REDIS is a folder with the sources of Redis 7.0.15; FILE a test file such as
 * unit/type/hash. Needs tclsh.
 */
import { spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRESPlite } from "../../src/resplite.ts";
import { type Failure, type Outcomes, outcomes } from "./outcomes.ts";

const files = ["string", "incr", "list", "list-2", "list-3", "set", "zset", "hash"].map((name) => `unit/type/${name}`);
const others = ["unit/expire", "unit/scan", "unit/protocol", "unit/quit"];

/** Longest a file may take: a test may wait for an answer that does not come. */
const minutes = 4;

const [redis, ...wanted] = process.argv.slice(2);
if (redis === undefined) throw new Error("usage: node dev/redis-suite/main.ts REDIS [FILE ...]");
const folder = await mkdtemp(join(tmpdir(), "redis-suite-"));
try {
  await cp(join(redis, "tests"), join(folder, "tests"), { recursive: true });
  await withoutServerSettings(join(folder, "tests"));
  for (const file of wanted.length > 0 ? wanted : [...files, ...others]) {
    const server = await createRESPlite({ db: join(folder, `${file.replaceAll("/", "-")}.db`) });
    const { passed, notListed, failed, ended } = await alone(server.port, file, outcomes(await run(server.port, file)));
    await server.close();
    console.log(
      `${file}: ${passed.length} passed, ${notListed.length} use what is not listed, ${failed.length} failed${ended}`,
    );
    for (const { name, reason } of failed) console.log(`  ${name}\n    ${reason}`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

/**
 * Settings of Redis' encodings, and functions to be flushed, are no part of the server: the suite is told that they are
 * done. Between tests, where an error ends the whole file, a command that is not supported does nothing.
 */
async function withoutServerSettings(tests: string): Promise<void> {
  await replace(
    join(tests, "test_helper.tcl"),
    `    [srv $level "client"] {*}$args`,
    `    if {[lindex $args 0] eq "config"} { return "setting 0" }
    if {[lindex $args 0] eq "function"} { return OK }
    set code [catch {[srv $level "client"] {*}$args} answer options]
    if {$code && !([info exists ::in_test] && $::in_test) && [string match "*not supported yet*" $answer]} { return 0 }
    return -options $options $answer`,
  );
  await replace(
    join(tests, "support", "test.tcl"),
    "    if {[catch {set retval [uplevel 1 $code]} error]} {",
    `    set ::in_test 1
    set caught [catch {set retval [uplevel 1 $code]} error]
    set ::in_test 0
    if {$caught} {
        catch {
            set fresh [lindex $::servers end]
            dict set fresh "client" [redis $::host $::port 0 $::tls]
            lset ::servers end $fresh
        }`,
  );
}

async function replace(path: string, old: string, text: string): Promise<void> {
  const before = await readFile(path, "utf8");
  if (!before.includes(old)) throw new Error(`${path} is not that of Redis 7.0.15`);
  await writeFile(
    path,
    before.replace(old, () => text),
  );
}

/**
 * A test that failed may have met what one with a command that is not listed has left half done: it is run again by
 * itself.
 */
async function alone(port: number, file: string, first: Outcomes): Promise<Outcomes> {
  const [passed, notListed, failed] = [[...first.passed], [...first.notListed], [] as Failure[]];
  for (const failure of first.failed) {
    const again = outcomes(await run(port, file, ["--only", failure.name]));
    if (again.passed.length > 0 && again.failed.length === 0) passed.push(failure.name);
    else if (again.notListed.length > 0 && again.failed.length === 0) notListed.push(failure.name);
    else failed.push(failure);
  }
  return { passed, notListed, failed, ended: first.ended };
}

async function run(port: number, file: string, more: readonly string[] = []): Promise<string> {
  const args = ["--host", "127.0.0.1", "--port", String(port), "--singledb", "--ignore-encoding", "--durable"];
  const suite = spawn(
    "tclsh",
    ["tests/test_helper.tcl", ...args, "--tags", "-slow -needs:debug", "--single", file, ...more],
    {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: minutes * 60_000,
    },
  );
  let printed = "";
  suite.stdout.setEncoding("latin1").on("data", (text: string) => void (printed += text));
  suite.stderr.setEncoding("latin1").on("data", (text: string) => void (printed += text));
  await new Promise((resolve) => suite.on("close", resolve));
  return printed;
}
