import type { Data } from "../data/data.ts";
import type { Access } from "./access.ts";
import { SearchIndexes } from "../search/search-indexes.ts";
import { BlockedClients } from "./blocked-clients.ts";
import type { Client } from "./command.ts";

/** What all connections share. */
export class Service {
  readonly data: Data;
  readonly access: Access;
  readonly blocked: BlockedClients;
  readonly searches: SearchIndexes;
  readonly clients = new Set<Client>();
  readonly startedAt = Date.now();
  /** Once it listens. */
  port = 0;
  connectionsReceived = 0;
  commandsProcessed = 0;
  expiredKeys = 0;

  constructor(data: Data, access: Access) {
    this.data = data;
    this.access = access;
    this.searches = new SearchIndexes(data);
    this.blocked = new BlockedClients((key, end) => data.lists.pop(key, end, 1)?.[0]);
  }
}
