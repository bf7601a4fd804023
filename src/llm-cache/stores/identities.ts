import { namespaceOf } from "../store-settings.ts";

// What tells a store from others: server, database and workspace; never a user or password.

export function redisIdentity(uri: string, workspace: string): string {
  const { host, pathname } = new URL(uri);
  return `redis:${withPort(host, 6379)}/${pathname.slice(1) || "0"}/${namespaceOf(workspace)}`;
}

export function postgresIdentity(url: string, workspace: string): string {
  const { host, pathname } = new URL(url);
  return `postgres:${withPort(host, 5432)}${pathname}/${workspace}`;
}

/** A URI of MongoDB may name several hosts, so it is no URL. */
export function mongodbIdentity(uri: string, database: string, workspace: string): string {
  const hosts = /^mongodb(?:\+srv)?:\/\/(?:[^/]*@)?([^/?]*)/.exec(uri)?.[1] ?? "";
  return `mongodb:${hosts
    .split(",")
    .map((host) => withPort(host, 27017))
    .toSorted()
    .join(",")}/${database}/${namespaceOf(workspace)}`;
}

function withPort(host: string, port: number): string {
  const named = host.toLowerCase().replace(/^(localhost|\[::1\])(?=:|$)/, "127.0.0.1");
  return /:\d+$/.test(named) ? named : `${named}:${port}`;
}
