import { randomUUID } from "node:crypto";
import { hostname, userInfo } from "node:os";

/** Who runs this program, for journals: `alice@host`. */
export function operator(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    return `unknown@${hostname()}`; // in a container the user may have no name
  }
}

/** A process among all workers: `alice@host/1f3a9c20`, another one at each call. */
export function workerName(): string {
  return `${operator()}/${randomUUID().slice(0, 8)}`;
}
