import { MongoClient } from "mongodb";
import { join } from "node:path";
import { type Booted, bootAt } from "./boot-at.ts";
import { freePort } from "./free-port.ts";
import { mongodbDistribution } from "./mongodb-distribution.ts";
import { type RunningServer, untilReady } from "./running-server.ts";
import { supervise } from "./supervise.ts";

export interface MongodbOptions {
  signal?: AbortSignal | undefined;
  /** For everything that is kept in it. */
  gigabytes?: number;
}

/**
 * Starts a stand-in for MongoDB on a free port of 127.0.0.1 and resolves when it answers. It speaks the wire protocol
 * and keeps everything in memory: a restart empties it. It has no sessions, transactions, change streams or profiler.
 */
export async function startMongodb({ signal, gigabytes = 1 }: MongodbOptions = {}): Promise<RunningServer> {
  const { home, jdk } = await mongodbDistribution(signal);
  const supervisor = await supervise("mongodb", { signal });
  const classes = `${home}:${join(home, "*")}`;

  async function boot(port: number): Promise<Booted> {
    const args = [`-Xmx${gigabytes}g`, "-XX:-UsePerfData", "-cp", classes, "Server", String(port)];
    const server = await supervisor.start({ file: join(jdk.home, "bin", "java"), args });
    const url = `mongodb://127.0.0.1:${port}/`;
    await untilReady("MongoDB", server, supervisor, () => answers(url));
    return { url, pid: server.pid };
  }

  return bootAt(supervisor, freePort, boot);
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
