import { BaseConnection, Client, type ConnectionRequestParams, errors } from "@elastic/elasticsearch";
import { PatientTransport } from "../../../../../src/stores/elasticsearch/client.ts";

export interface SentRecord {
  readonly id: string;
  readonly document: string;
}

export interface SentBulk {
  readonly bytes: number;
  readonly records: readonly SentRecord[];
}

export interface ItemError {
  readonly status: number;
  readonly type: string;
  readonly reason?: string;
}

export type Answer =
  /** Stores every record but those with an error. */
  | { readonly kind: "items"; readonly errorOf?: (record: SentRecord) => ItemError | undefined }
  /** Refuses the whole request. */
  | { readonly kind: "status"; readonly status: number; readonly body?: unknown }
  /** Something in between answers with a page of its own. */
  | { readonly kind: "page"; readonly status: number; readonly page: string }
  /** No answer; the records may be stored all the same. */
  | { readonly kind: "reset" | "timeout"; readonly stored: boolean }
  /** This, whatever was sent. */
  | { readonly kind: "body"; readonly body: unknown };

export const allStored: Answer = { kind: "items" };

/** A bulk endpoint in memory behind the real client: it stores documents and answers as the test says. */
export function bulkServer(answer: (bulk: SentBulk, nth: number) => Answer) {
  const stored = new Map<string, string>();
  const sent: SentBulk[] = [];

  class MemoryConnection extends BaseConnection {
    override async request(params: ConnectionRequestParams): Promise<never> {
      if (params.method !== "POST" || params.path !== "/index-1/_bulk")
        throw new Error(`${params.method} ${params.path}`);
      const bulk = parseBulk(params.body as Buffer);
      sent.push(bulk);
      await new Promise((resolve) => setImmediate(resolve));
      const how = answer(bulk, sent.length);
      if (how.kind === "page")
        return { statusCode: how.status, headers: { "content-type": "text/html" }, body: how.page } as never;
      const { status, body } = this.answered(bulk, how);
      const headers = { "x-elastic-product": "Elasticsearch", "content-type": "application/json" };
      return { statusCode: status, headers, body: JSON.stringify(body ?? {}) } as never;
    }

    private answered(bulk: SentBulk, how: Exclude<Answer, { kind: "page" }>): { status: number; body?: unknown } {
      if (how.kind === "status") return how;
      if (how.kind === "body") return { status: 200, body: how.body };
      if (how.kind === "items") return { status: 200, body: store(bulk, how.errorOf) };
      if (how.stored) store(bulk);
      throw how.kind === "reset" ? new errors.ConnectionError("read ECONNRESET") : new errors.TimeoutError("too late");
    }
  }

  function store(bulk: SentBulk, errorOf: (record: SentRecord) => ItemError | undefined = () => undefined) {
    const items = bulk.records.map((record) => {
      const error = errorOf(record);
      if (error === undefined) stored.set(record.id, record.document);
      return { index: error === undefined ? { status: 201 } : { status: error.status, error } };
    });
    return { errors: items.some(({ index }) => "error" in index), items };
  }

  const client = new Client({
    node: "http://localhost:9200",
    Connection: MemoryConnection,
    Transport: PatientTransport,
    redaction: { type: "remove" },
  });
  return { client, stored, sent };
}

function parseBulk(bytes: Buffer): SentBulk {
  const lines = bytes.toString("utf8").split("\n");
  if (lines.pop() !== "" || lines.length % 2 !== 0) throw new Error("not the lines of a bulk request");
  const records: SentRecord[] = [];
  for (let at = 0; at < lines.length; at += 2) {
    const action = JSON.parse(lines[at]!) as { index: { _id: string } };
    records.push({ id: action.index._id, document: lines[at + 1]! });
  }
  return { bytes: bytes.length, records };
}
