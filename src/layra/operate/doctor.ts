import { hasCollection } from "../../stores/milvus/collection.ts";
import { collectionOf } from "../milvus/knowledge.ts";
import { collection } from "../mongodb/documents.ts";
import type { Stores } from "../stores.ts";
import { lookAtChatflowIndex } from "./chatflow-index.ts";
import { answerWithin } from "./each-store.ts";
import { findOrphans } from "./orphans.ts";

export interface Finding {
  readonly name: string;
  /** `unknown`: it could not be looked at. */
  readonly state: "ok" | "warning" | "unknown";
  readonly message: string;
  /** What to do. */
  readonly hint?: string;
}

type Check = (stores: Stores) => Promise<Omit<Finding, "name">>;

const ok = (message: string): Omit<Finding, "name"> => ({ state: "ok", message });
const warning = (message: string, hint: string): Omit<Finding, "name"> => ({ state: "warning", message, hint });
const unknown = (message: string, hint?: string): Omit<Finding, "name"> => ({
  state: "unknown",
  message,
  ...(hint === undefined ? {} : { hint }),
});

/** Beyond this share of what the server allows, the next application that opens its pool may get none. */
const crowded = 0.8;
/** Knowledge bases that are looked for in Milvus. */
const mostLookedAt = 1000;

/** The six troubles that operators know, each looked for by itself. */
const checks: Readonly<Record<string, Check>> = {
  mongodb_connections: async (stores) => {
    const db = await stores.mongodb();
    const status = await db.command({ serverStatus: 1 }).catch(() => undefined);
    const connections = status?.["connections"] as { current?: number; available?: number } | undefined;
    const { current, available } = connections ?? {};
    const { maxPoolSize } = stores.options.mongodb;
    if (current === undefined || available === undefined)
      return unknown("MongoDB does not tell how many connections are open.");
    const text = `${current} connections are open, ${available} are left; a process opens ${maxPoolSize} at most.`;
    return available < maxPoolSize || current / (current + available) > crowded
      ? warning(
          text,
          "Raise maxPoolSize (MONGODB_POOL_SIZE) only with the server's limit; look for connections that leak.",
        )
      : ok(text);
  },
  milvus_collections: async (stores) => {
    const db = await stores.mongodb();
    const withFiles = collection(db, "knowledge_bases")
      .find({ is_delete: false, "files.0": { $exists: true } })
      .limit(mostLookedAt);
    const [missing, unloaded]: [string[], string[]] = [[], []];
    for await (const { knowledge_base_id: id } of withFiles) {
      const collection_name = collectionOf(id);
      if (!(await hasCollection(stores.milvus, collection_name))) missing.push(collection_name);
      else {
        const { state } = await stores.milvus.call("tell what is loaded", (client) =>
          client.getLoadState({ collection_name }),
        );
        if (!state.includes("Loaded")) unloaded.push(collection_name);
      }
    }
    if (missing.length > 0)
      return warning(
        `Of knowledge bases with files these collections are missing: ${some(missing)}`,
        "Upload their files again, or restore them: app stores restore --only milvus",
      );
    if (unloaded.length > 0)
      return warning(
        `Not loaded: ${some(unloaded)}`,
        "They answer searches when they are loaded: call load_collection (loadCollection of the library).",
      );
    return ok("Every knowledge base with files has its collection, loaded.");
  },
  redis_memory: async (stores) => {
    const info = await (await stores.redis()).info("memory");
    const number = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1] ?? 0);
    const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? "";
    const [used, most] = [number("used_memory"), number("maxmemory")];
    if (most === 0) return ok(`${used} bytes are used, and no limit is set; policy ${policy}.`);
    const text = `${used} of ${most} bytes are used; policy ${policy}.`;
    if (policy === "noeviction" || used / most > 0.95)
      return warning(
        text,
        "When it is full, writes fail with OOM. For a cache: CONFIG SET maxmemory-policy allkeys-lru; it may then evict tokens and tasks of the other databases too.",
      );
    return ok(text);
  },
  minio_public_url: async (stores) => {
    const { publicUrl } = stores.options.minio;
    if (publicUrl === undefined)
      return warning(
        "No public address of MinIO is set: signed addresses name the internal one.",
        "Set MINIO_PUBLIC_URL, or SERVER_IP and MINIO_PUBLIC_PORT, to where browsers reach MinIO.",
      );
    const {
      objects: [first],
    } = await stores.objects().list("");
    if (first === undefined) return ok(`${publicUrl} is set; there is no object to try it with.`);
    const address = await stores.objects().presign(first.key, 60, publicUrl);
    const answer = await fetch(address, { headers: { range: "bytes=0-0" }, signal: AbortSignal.timeout(5000) }).catch(
      () => undefined,
    );
    await answer?.body?.cancel();
    if (answer?.ok) return ok(`A signed address of ${publicUrl} works from here.`);
    return warning(
      `A signed address of ${publicUrl} ${answer === undefined ? "does not answer from here" : `answers ${answer.status}`}.`,
      "MINIO_PUBLIC_URL must be the address that browsers use, and the proxy must pass the host's name on unchanged.",
    );
  },
  chatflow_index: async (stores) => {
    const { right, wrong } = await lookAtChatflowIndex(await stores.mongodb());
    if (right && wrong.length === 0) return ok("Chatflows have their index on workflow_id.");
    const what = right
      ? `The index ${wrong.join(", ")} serves nobody.`
      : "Chatflows are read without an index, which takes longer the more there are.";
    return warning(what, 'It must be on "workflow_id" instead of "workflow": app stores fix-index');
  },
  temp_knowledge_bases: async (stores) => {
    const orphans = await findOrphans(stores, {});
    return orphans.length === 0
      ? ok("No temporary knowledge base is without a conversation or chatflow.")
      : warning(
          `${orphans.length} temporary knowledge bases are named by no conversation or chatflow.`,
          "Delete them: app stores orphans --dry-run, then without it",
        );
  },
};

/**
 * Looks for the troubles that are known; what cannot be looked at in time is said to be unknown, and hides no other.
 */
export async function examine(stores: Stores, timeoutMillis: number): Promise<Finding[]> {
  return Promise.all(
    Object.entries(checks).map(async ([name, check]) => {
      const answer = await answerWithin(() => check(stores), timeoutMillis);
      return {
        name,
        ...(answer.ok ? answer.value : unknown(answer.error, "app stores health says which store is away.")),
      };
    }),
  );
}

function some(names: readonly string[]): string {
  return `${names.slice(0, 5).join(", ")}${names.length > 5 ? ` and ${names.length - 5} more` : ""}`;
}
