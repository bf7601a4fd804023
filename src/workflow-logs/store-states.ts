import type { Client } from "@elastic/elasticsearch";
import type { Pool } from "pg";
import { AppError } from "../engine/errors.ts";
import { inTime } from "../engine/in-time.ts";
import { clusterInfo } from "../stores/elasticsearch/cluster.ts";
import { describeStoreError } from "./connections.ts";

export interface StoreState {
  readonly store: "PostgreSQL" | "Elasticsearch";
  readonly answers: boolean;
  /** What it says of itself, or why it does not answer. */
  readonly text: string;
}

const patienceMillis = 3000;

/** How each store answers now, within three seconds. Never throws an error of a store. */
export function storeStates(postgres: Pool, elasticsearch: Client | undefined): Promise<StoreState[]> {
  return Promise.all([
    stateOf("PostgreSQL", () => postgresText(postgres)),
    ...(elasticsearch === undefined ? [] : [stateOf("Elasticsearch", () => elasticsearchText(elasticsearch))]),
  ]);
}

async function postgresText(postgres: Pool): Promise<string> {
  const { rows } = await postgres.query<{ version: string }>("select current_setting('server_version') as version");
  return rows[0]!.version;
}

async function elasticsearchText(client: Client): Promise<string> {
  const { version, health, nodes, shards } = await clusterInfo(client);
  return `${version}, ${health}, ${nodes} node${nodes === 1 ? "" : "s"}, ${shards.used} of ${shards.limit} shards`;
}

async function stateOf(store: StoreState["store"], ask: () => Promise<string>): Promise<StoreState> {
  try {
    return { store, answers: true, text: await inTime(ask(), patienceMillis, late) };
  } catch (error) {
    const known = describeStoreError(error);
    if (!(known instanceof AppError)) throw error;
    return { store, answers: false, text: known.message };
  }
}

function late(): Error {
  return new AppError("store_slow", `It did not answer within ${patienceMillis / 1000} seconds.`, {
    hint: "Look whether the server is overloaded, or a network between swallows what is sent.",
  });
}
