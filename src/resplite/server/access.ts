import { createHash, timingSafeEqual } from "node:crypto";

/** Who may come in: everyone when there is no password. */
export class Access {
  readonly #password: Buffer | undefined;

  constructor(password: string | undefined) {
    this.#password = password === undefined ? undefined : digest(Buffer.from(password, "utf8"));
  }

  get required(): boolean {
    return this.#password !== undefined;
  }

  /** Takes as long for a wrong password as for the right one. */
  admits(user: Buffer, password: Buffer): boolean {
    const right = this.#password === undefined || timingSafeEqual(digest(password), this.#password);
    return right && user.toString("latin1") === "default";
  }
}

function digest(password: Buffer): Buffer {
  return createHash("sha256").update(password).digest();
}
