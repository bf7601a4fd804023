import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { isIP } from "node:net";

/** Who may ask what of the dashboard. */
export interface AccessSettings {
  /** What everybody has to give; undefined where only this machine is listened to. */
  readonly token?: string | undefined;
  /** The address under which browsers reach it through a proxy. */
  readonly publicUrl?: URL | undefined;
}

/** Why a request is refused. */
export interface Refusal {
  readonly status: 401 | 403 | 421;
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

const cookieName = "log_archive_dashboard";

/**
 * Decides by the headers of a request. A name that is not ours is refused, for a page of somebody else can make its
 * name lead here (DNS rebinding); an address and `localhost` cannot be made to.
 */
export class Access {
  readonly settings: AccessSettings;
  private readonly key = randomBytes(32);

  constructor(settings: AccessSettings) {
    this.settings = settings;
  }

  /** For every request: that it came under a name of ours. */
  refusal({ host }: IncomingHttpHeaders): Refusal | undefined {
    if (this.isOurs(host)) return undefined;
    const message = "This name is not one of the dashboard's. Use its address, or start it with --public-url.";
    return refused(421, "unknown_host", message);
  }

  /** For data: that no other site's page asks, and that the token was given, as `Authorization: Bearer` or before. */
  refusalOfData({ authorization, cookie, "sec-fetch-site": site }: IncomingHttpHeaders): Refusal | undefined {
    if (site === "cross-site" || site === "same-site")
      return refused(403, "other_site", "A page of another site asked for this.");
    const { token } = this.settings;
    if (token === undefined) return undefined;
    const given = /^Bearer (.+)$/i.exec(authorization ?? "")?.[1];
    if (given !== undefined && this.isToken(given)) return undefined;
    const session = cookieOf(cookie, cookieName);
    if (session !== undefined && this.equal(session, sessionOf(token))) return undefined;
    return refused(401, "token_needed", "Give the token of the dashboard.");
  }

  /** For what changes something: that a page of ours sent it. Browsers name the page's origin, other programs must. */
  refusalOfChange({ origin, host }: IncomingHttpHeaders): Refusal | undefined {
    const { publicUrl } = this.settings;
    const own = [`http://${host}`, ...(publicUrl === undefined ? [] : [publicUrl.origin])];
    if (origin !== undefined && own.includes(origin)) return undefined;
    return refused(403, "other_origin", "This was not sent by a page of the dashboard.");
  }

  isToken(given: string): boolean {
    const { token } = this.settings;
    return token !== undefined && this.equal(given, token);
  }

  /** The header that lets a browser in which the token was given ask further, until it is closed. */
  cookie(): string {
    const isSecure = this.settings.publicUrl?.protocol === "https:";
    return `${cookieName}=${sessionOf(this.settings.token ?? "")}; HttpOnly; SameSite=Strict; Path=/${isSecure ? "; Secure" : ""}`;
  }

  noCookie(): string {
    return `${cookieName}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0`;
  }

  private isOurs(host: string | undefined): boolean {
    if (host === undefined || !URL.canParse(`http://${host}`)) return false;
    const { hostname } = new URL(`http://${host}`);
    if (hostname === this.settings.publicUrl?.hostname) return true;
    return hostname === "localhost" || isIP(hostname.replace(/^\[(.*)\]$/, "$1")) > 0;
  }

  /** In a time that says nothing of how much is right. */
  private equal(a: string, b: string): boolean {
    return timingSafeEqual(this.digest(a), this.digest(b));
  }

  private digest(text: string): Buffer {
    return createHmac("sha256", this.key).update(text).digest();
  }
}

/** Not the token itself: a cookie is kept by the browser. The same after a restart. */
function sessionOf(token: string): string {
  return createHmac("sha256", token).update("log-archive dashboard session").digest("hex");
}

function cookieOf(header: string | undefined, name: string): string | undefined {
  const pairs = (header ?? "").split(";").map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}

function refused(status: Refusal["status"], code: string, message: string): Refusal {
  return { status, code, message };
}

/** Whether only programs of this machine reach the address. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}
