import { hostname, userInfo } from "node:os";

/** Who runs this program, for journals: `alice@host`. */
export function operator(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    return `unknown@${hostname()}`; // in a container the user may have no name
  }
}
