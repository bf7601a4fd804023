import { appendFile, chown, cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { elasticsearchDistribution } from "./elasticsearch-distribution.ts";
import type { ElasticsearchMajor } from "./jdk.ts";
import { untilReady, type RunningServer } from "./running-server.ts";
import { serverUser, type ServerUser } from "./server-user.ts";
import { supervise, type Supervisor } from "./supervise.ts";

export interface ElasticsearchOptions {
  /** The newest that the newest JDK runs when not given. */
  major?: ElasticsearchMajor | undefined;
  /** As Java writes it; "1g" when not given. */
  heap?: string;
  /** More lines of elasticsearch.yml. */
  settings?: Record<string, string | number | boolean>;
  /** Turns security on, with this superuser. */
  user?: { name: string; password: string };
  /** More users by their names, with the same password, each with a role as `PUT _security/role` takes it. */
  roles?: Readonly<Record<string, object>>;
  signal?: AbortSignal | undefined;
}

/** Starts an Elasticsearch of its own on a free port of 127.0.0.1 and resolves when it answers. */
export async function startElasticsearch(options: ElasticsearchOptions = {}): Promise<RunningServer> {
  const runAs = await serverUser();
  const { home, jdk } = await elasticsearchDistribution({ asked: options.major, user: runAs, signal: options.signal });
  const supervisor = await supervise("elasticsearch", { user: runAs, signal: options.signal });
  try {
    await writeFolders(supervisor.folder, home, options, runAs);
    const env = environment(supervisor.folder, jdk.home, options.heap ?? "1g");
    if (options.user) await addUsers(supervisor, home, env, { user: options.user, roles: options.roles ?? {} });
    return await start(supervisor, home, env, options);
  } catch (error) {
    await supervisor.close();
    throw error;
  }
}

/** snapshots: where file-system repositories may lie (path.repo); GET _nodes/settings tells. */
const ownFolders = ["data", "logs", "tmp", "snapshots"];

async function writeFolders(
  folder: string,
  home: string,
  options: ElasticsearchOptions,
  runAs: ServerUser | undefined,
): Promise<void> {
  const config = join(folder, "config");
  await cp(join(home, "config"), config, { recursive: true });
  await writeSettings(folder, options, 0);
  await Promise.all(ownFolders.map((name) => mkdir(join(folder, name))));
  if (!runAs) return;
  const owned = ownFolders.map((name) => join(folder, name));
  const files = ["jvm.options", "log4j2.properties", "users", "users_roles", "roles.yml", "role_mapping.yml"];
  owned.push(config, join(config, "jvm.options.d"), ...files.map((name) => join(config, name)));
  await Promise.all(owned.map((path) => chown(path, runAs.uid, runAs.gid)));
}

async function writeSettings(folder: string, options: ElasticsearchOptions, port: number): Promise<void> {
  const settings = {
    "discovery.type": "single-node",
    "network.host": "127.0.0.1",
    "http.port": port,
    "transport.port": 0,
    "node.portsfile": true,
    "path.data": join(folder, "data"),
    "path.logs": join(folder, "logs"),
    "path.repo": join(folder, "snapshots"),
    "xpack.security.enabled": options.user !== undefined,
    "xpack.security.autoconfiguration.enabled": false,
    // On a nearly full disk the server would refuse to allocate shards.
    "cluster.routing.allocation.disk.threshold_enabled": false,
    ...(isLight() ? unusedOff : {}),
    ...options.settings,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`);
  await writeFile(join(folder, "config", "elasticsearch.yml"), lines.join(""));
}

/** Servers of tests live for seconds or minutes, and hold little. */
function isLight(): boolean {
  return process.env["LIGHT_SERVERS"] === "1";
}

/** Each takes threads, templates and part of every start. */
const unusedOff = { "xpack.ml.enabled": false, "xpack.watcher.enabled": false, "xpack.profiling.enabled": false };

/** The second compiler pays off after minutes only; until then it takes half of the processor time. */
const quickCompiler = "-XX:TieredStopAtLevel=1";

function environment(folder: string, javaHome: string, heap: string): Record<string, string> {
  const tmp = join(folder, "tmp");
  return {
    HOME: folder,
    ES_JAVA_HOME: javaHome,
    ES_PATH_CONF: join(folder, "config"),
    ES_TMPDIR: tmp,
    // Without these both Java processes leave files in the system's temporary folder.
    ES_JAVA_OPTS: `-Xms${heap} -Xmx${heap} -XX:-UsePerfData${isLight() ? ` ${quickCompiler}` : ""}`,
    CLI_JAVA_OPTS: `-Djava.io.tmpdir=${tmp} -XX:-UsePerfData`,
  };
}

/** In files: this distribution lacks a filter that the index of users and roles needs, so the API cannot make any. */
async function addUsers(
  supervisor: Supervisor,
  home: string,
  env: Record<string, string>,
  { user, roles }: Required<Pick<ElasticsearchOptions, "user" | "roles">>,
): Promise<void> {
  const args = ["useradd", user.name, "-p", user.password, "-r", "superuser"];
  await supervisor.run({ file: join(home, "bin", "elasticsearch-users"), args, env, asUser: true });
  const config = join(supervisor.folder, "config");
  const [, hash] = (await readFile(join(config, "users"), "utf8")).trim().split(":");
  const lines = (line: (name: string, role: object) => string): string =>
    Object.entries(roles)
      .map(([name, role]) => `${line(name, role)}\n`)
      .join("");
  await appendFile(
    join(config, "users"),
    lines((name) => `${name}:${hash}`),
  );
  await appendFile(
    join(config, "users_roles"),
    lines((name) => `${name}:${name}`),
  );
  // JSON is YAML
  await appendFile(join(config, "roles.yml"), `\n${lines((name, role) => `${name}: ${JSON.stringify(role)}`)}`);
}

async function start(
  supervisor: Supervisor,
  home: string,
  env: Record<string, string>,
  options: ElasticsearchOptions,
): Promise<RunningServer> {
  const pidFile = join(supervisor.folder, "pid");
  let pid = 0;
  let url: string | undefined;

  async function boot(): Promise<string> {
    const file = join(home, "bin", "elasticsearch");
    const launcher = await supervisor.start({ file, args: ["-p", pidFile], env, asUser: true });
    const address = await untilReady("Elasticsearch", launcher, supervisor, async () => {
      const bound = url ?? (await boundUrl(supervisor.folder));
      return (await answers(bound, options.user)) ? bound : undefined;
    });
    pid = Number(await readFile(pidFile, "utf8"));
    return address;
  }

  const address = await boot();
  url = address;
  return {
    url: address,
    get pid() {
      return pid;
    },
    kill: (signal) => void process.kill(pid, signal),
    restart: async () => {
      await supervisor.end();
      await writeSettings(supervisor.folder, options, Number(new URL(address).port));
      await boot();
    },
    stop: () => supervisor.close(),
  };
}

/** The server writes the port it was given by the system into this file, so no other program can take it in between. */
async function boundUrl(folder: string): Promise<string> {
  const addresses = await readFile(join(folder, "logs", "http.ports"), "utf8");
  return `http://${addresses.trim().split("\n")[0]}`;
}

async function answers(url: string, user: { name: string; password: string } | undefined): Promise<boolean> {
  const headers: Record<string, string> = {};
  if (user) {
    headers["authorization"] = `Basic ${Buffer.from(`${user.name}:${user.password}`).toString("base64")}`;
  }
  // Yellow: after a restart the primary shards are back.
  const health = `${url}/_cluster/health?wait_for_status=yellow&timeout=5s`;
  const response = await fetch(health, { headers, signal: AbortSignal.timeout(10_000) });
  await response.body?.cancel();
  return response.ok;
}
