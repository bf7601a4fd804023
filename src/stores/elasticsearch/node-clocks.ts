import type { Client } from "@elastic/elasticsearch";
import { described } from "./errors.ts";

/** What the clocks of the nodes show, in milliseconds since 1970. */
export async function nodeClocks(client: Client): Promise<number[]> {
  const { nodes } = await described(client.nodes.stats({ metric: "process", filter_path: "nodes.*.timestamp" }));
  return Object.values(nodes).flatMap(({ timestamp }) => timestamp ?? []);
}
