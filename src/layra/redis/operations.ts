import { redisDatabases, type Stores } from "../stores.ts";

// Values of the cache are JSON. Keys and times are the application's own.

const tokenSeconds = 3600;
const taskSeconds = 3600;
const cacheSeconds = 1800;
/** Keys of one SCAN, and of one UNLINK. */
const page = 500;

/** The token counts as `status` for an hour. */
export async function setToken(stores: Stores, token: string, status = "valid", seconds = tokenSeconds): Promise<void> {
  const redis = await stores.redis(redisDatabases.tokens);
  await redis.setEx(`token:${token}`, seconds, status);
}

export async function getToken(stores: Stores, token: string): Promise<string | null> {
  const redis = await stores.redis(redisDatabases.tokens);
  return redis.get(`token:${token}`);
}

export interface TaskProgress {
  readonly status: string;
  readonly message: string;
  readonly processed: number;
  readonly total: number;
}

/** Both in one step: a task without an end of its time would stay for ever. */
export async function setTaskProgress(stores: Stores, taskId: string, progress: TaskProgress): Promise<void> {
  const redis = await stores.redis(redisDatabases.tasks);
  const fields = Object.fromEntries(Object.entries(progress).map(([name, value]) => [name, String(value)]));
  await redis.multi().hSet(`task:${taskId}`, fields).expire(`task:${taskId}`, taskSeconds).exec();
}

export async function getTaskProgress(stores: Stores, taskId: string): Promise<TaskProgress | undefined> {
  const redis = await stores.redis(redisDatabases.tasks);
  const { status, message = "", processed, total } = await redis.hGetAll(`task:${taskId}`);
  return status === undefined ? undefined : { status, message, processed: Number(processed), total: Number(total) };
}

export async function setModelConfig(stores: Stores, username: string, config: unknown): Promise<void> {
  const redis = await stores.redis();
  await redis.setEx(`model_config:${username}`, cacheSeconds, JSON.stringify(config));
}

/** Undefined when it is not cached. An entry that is no JSON is none. */
export async function getModelConfig(stores: Stores, username: string): Promise<unknown> {
  const redis = await stores.redis();
  const text = await redis.get(`model_config:${username}`);
  try {
    return text === null ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}

export async function invalidateModelConfig(stores: Stores, username: string): Promise<void> {
  const redis = await stores.redis();
  await redis.unlink(`model_config:${username}`);
}

/**
 * Forgets what is cached of every knowledge base, page by page: others are served in between. Returns how many entries
 * that were.
 */
export async function invalidateAllKbMetadata(stores: Stores): Promise<number> {
  const redis = await stores.redis();
  let gone = 0;
  for await (const keys of redis.scanIterator({ MATCH: "kb:*", COUNT: page }))
    if (keys.length > 0) gone += await redis.unlink(keys);
  return gone;
}
