import type { Data } from "../data/data.ts";
import type { ListEnd } from "../data/types/lists.ts";
import type { Access } from "./access.ts";
import { SearchIndexes } from "../search/search-indexes.ts";
import { BlockedClients } from "./blocked-clients.ts";
import type { ReplyWriter } from "./protocol/reply-writer.ts";

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

/** One connection, as commands see it. */
export interface Client {
  readonly id: number;
  readonly address: string;
  readonly connectedAt: number;
  readonly data: Data;
  readonly reply: ReplyWriter;
  readonly service: Service;
  /** As CLIENT SETNAME and SETINFO have set them. */
  name: string;
  library: string;
  libraryVersion: string;
  authenticated: boolean;
  lastCommand: string;
  /** Ends the connection once its replies are sent. */
  close(): void;
  /**
   * Replies when one of the lists has an element, or when the time is up; 0: never. Nothing else of this client is done
   * before.
   */
  block(keys: readonly Buffer[], end: ListEnd, milliseconds: number): void;
}
