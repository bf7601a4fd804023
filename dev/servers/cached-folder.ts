import { access, chmod, mkdir, rename, stat } from "node:fs/promises";
import { homedir, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { AppError } from "../../src/engine/errors.ts";
import { canUse, type ServerUser } from "./server-user.ts";
import { supervise, type Supervisor } from "./supervise.ts";

/**
 * The folder `name` of this user's cache, which the servers' user can read. When it is missing, `fill` makes it in the
 * supervisor's folder and returns its path, and it is moved in place whole: a cached folder is complete, also when
 * several programs fill it at once or one is killed on the way.
 */
export async function cachedFolder(
  name: string,
  options: { user?: ServerUser | undefined; signal?: AbortSignal | undefined },
  fill: (workplace: Supervisor) => Promise<string>,
): Promise<string> {
  const parent = await cacheRoot(options.user);
  const folder = join(parent, name);
  if (await exists(folder)) return folder;
  const workplace = await supervise("unpack", { parent, signal: options.signal });
  try {
    const filled = await fill(workplace);
    await rename(filled, folder).catch(async (error: unknown) => {
      if (!(await exists(folder))) throw error; // else another program was faster
    });
    return folder;
  } finally {
    await workplace.close();
  }
}

export async function isCached(name: string, user: ServerUser | undefined): Promise<boolean> {
  return exists(join(await cacheRoot(user), name));
}

/** The first usable one; root's home is usually closed to the user its servers run as. */
async function cacheRoot(user: ServerUser | undefined): Promise<string> {
  const { uid } = userInfo();
  const candidates = [
    join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "log-archive"),
    ...(user ? ["/var/cache/log-archive"] : []),
    join(tmpdir(), `log-archive-cache-${uid}`),
  ];
  for (const candidate of candidates) {
    if (await becomesUsable(candidate, uid, user)) return candidate;
  }
  throw new AppError("no_cache_folder", `None of these folders can be used: ${candidates.join(", ")}`, {
    hint: "Set XDG_CACHE_HOME to a folder of yours.",
  });
}

async function becomesUsable(folder: string, uid: number, user: ServerUser | undefined): Promise<boolean> {
  try {
    await mkdir(folder, { recursive: true });
    // In a shared temporary folder somebody else could have put programs there for us to run.
    if ((await stat(folder)).uid !== uid) return false;
    await chmod(folder, 0o755);
  } catch {
    return false;
  }
  return canUse(folder, user);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
