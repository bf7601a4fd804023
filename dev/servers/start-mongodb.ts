import { MongoClient } from "mongodb";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { mongodbDistribution } from "./mongodb-distribution.ts";
import { type RunningServer, untilReady } from "./running-server.ts";
import { severalTimes } from "./several-times.ts";
import { supervise } from "./supervise.ts";

export interface MongodbOptions {
  signal?: AbortSignal | undefined;
}

/**
 * Starts a stand-in for MongoDB on a free port of 127.0.0.1 and resolves when it answers. It speaks the wire protocol and keeps everything in memory: a
 * restart empties it. It has no sessions, transactions, change streams or profiler.
 */
export async function startMongodb({ signal }: MongodbOptions = {}): Promise<RunningServer> {
  const { home, jdk } = await mongodbDistribution(signal);
  const supervisor = await supervise("mongodb", { signal });
  const classes = `${home}:${join(home, "*")}`;
  let pid = 0;

  async function boot(port: number): Promise<string> {
    const args = ["-Xmx1g", "-XX:-UsePerfData", "-cp", classes, "Server", String(port)];
    const server = await supervisor.start({ file: join(jdk.home, "bin", "java"), args });
    const url = `mongodb://127.0.0.1:${port}/`;
    await untilReady("MongoDB", server, supervisor, () => answers(url));
    pid = server.pid;
    return url;
  }

  try {
    const url = await severalTimes(async () => boot(await freePort()));
    return {
      url,
      get pid() {
        return pid;
      },
      kill: (sent) => void process.kill(pid, sent),
      restart: async () => {
        await supervisor.end();
        await severalTimes(() => boot(Number(new URL(url).port)));
      },
      stop: () => supervisor.close(),
    };
  } catch (error) {
    await supervisor.close();
    throw error;
  }
}

async function answers(url: string): Promise<true> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 500 });
  try {
    await client.db("admin").command({ ping: 1 });
    return true;
  } finally {
    await client.close();
  }
}
