import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const clients = [
  ["redis", "redis", `store.connectRedis({ uri: "redis://127.0.0.1:9" })`],
  ["mysql2", "mysql", `new store.Mysql({ uri: "mysql://u:p@127.0.0.1:9/d" }).use(async () => {})`],
  ["@zilliz/milvus2-sdk-node", "milvus", "store.loadDriver()"],
  ["mongodb", "mongodb", `store.connectMongodb({ uri: "mongodb://127.0.0.1:9", database: "d" })`],
  ["weaviate-client", "weaviate", "store.loadDriver()"],
] as const;

/** Loads a store where its client is not installed, in a process of its own. */
async function withoutClient(client: string, store: string, connect: string): Promise<Record<string, string>> {
  const file = pathToFileURL(path.resolve(`src/stores/${store}/client.ts`)).href;
  const script = `
    import { registerHooks } from "node:module";
    registerHooks({
      resolve(name, context, next) {
        if (name === ${JSON.stringify(client)} || name.startsWith(${JSON.stringify(`${client}/`)}))
          throw Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
        return next(name, context);
      },
    });
    const store = await import(${JSON.stringify(file)});
    try {
      await ${connect};
      console.log("{}");
    } catch ({ code, message, hint }) {
      console.log(JSON.stringify({ code, message, hint }));
    }`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);
  return JSON.parse(stdout) as Record<string, string>;
}

test.concurrent.each(clients)(
  "V30: without %s the error says which client is missing and how to install it",
  async (client, store, connect) => {
    const found = await withoutClient(client, store, connect);
    expect(found).toMatchObject({
      code: "client_missing",
      hint: expect.stringContaining(`npm install ${client}`) as string,
    });
    const { dependencies } = JSON.parse(readFileSync("package.json", "utf8")) as {
      dependencies: Record<string, string>;
    };
    expect(dependencies).toHaveProperty([client]);
  },
);
