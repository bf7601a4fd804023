import { startRedis } from "../../dev/servers/start-redis.ts";

/** Redis' databases cannot be told apart by name: who needs all of them has a server. It ends with the test's process at the latest. */
export function redisOfItsOwn(): Promise<{ url: string; stop: () => Promise<void> }> {
  return startRedis();
}
