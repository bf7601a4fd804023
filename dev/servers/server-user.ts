import { execFile } from "node:child_process";
import { userInfo } from "node:os";
import { promisify } from "node:util";
import { AppError } from "../../src/engine/errors.ts";

const execute = promisify(execFile);
const NAME = "log-archive";

export interface ServerUser {
  uid: number;
  gid: number;
}

/**
 * The user the servers run as: nobody else for a normal user, but for root, as whom both servers refuse to run, the
 * system user log-archive, which is created when missing.
 */
export async function serverUser(): Promise<ServerUser | undefined> {
  if (userInfo().uid !== 0) return undefined;
  return (await findUser()) ?? (await createUser());
}

async function findUser(): Promise<ServerUser | undefined> {
  const [uid, gid] = await Promise.all([id("-u"), id("-g")]);
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
}

async function id(which: "-u" | "-g"): Promise<number | undefined> {
  const answer = await execute("id", [which, NAME]).catch(() => undefined);
  return answer && Number(answer.stdout);
}

async function createUser(): Promise<ServerUser> {
  // Without a lock of ours, two useradd at once both succeed, and the first one's user id is gone again (seen on Debian
  // 12).
  const create = `id -u ${NAME} || useradd --system --user-group --no-create-home --shell /bin/false ${NAME}`;
  const failure: unknown = await execute("flock", ["/etc", "sh", "-c", create]).catch((error: unknown) => error);
  const user = await findUser();
  if (user) return user;
  throw new AppError("no_server_user", `The user ${NAME}, as whom the servers run, could not be created`, {
    hint: `Create the system user ${NAME}, or start the servers as a normal user: neither server runs as root.`,
    cause: failure,
  });
}

/** Whether the servers, running as `user`, can read (and, for a folder or a program, enter or run) this path. */
export async function canUse(path: string, user: ServerUser | undefined): Promise<boolean> {
  return execute("test", ["-r", path, "-a", "-x", path], { cwd: "/", ...user }).then(
    () => true,
    () => false,
  );
}
