import { documentPath } from "./layout.ts";

/** A number of a document as it stands in `_source`, every digit of it. */
export class ExactNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export interface ArchivedDocument {
  index: string;
  id: string;
  source: Record<string, unknown>;
}

/**
 * Every document of every index whose name begins with the prefix, a page at a time, through plain HTTP: neither the
 * program's client nor filter_path, which writes `_source` anew, comes between.
 */
export async function* archivedDocuments(elasticsearchUrl: string, prefix: string): AsyncGenerator<ArchivedDocument[]> {
  const indices = `${prefix}-*`;
  const { _shards } = (await post(`${elasticsearchUrl}/${indices}/_refresh`)) as { _shards: { total: ExactNumber } };
  if (_shards.total.text === "0") return;
  let { id } = (await post(`${elasticsearchUrl}/${indices}/_pit?keep_alive=2m`)) as { id: string };
  try {
    for (let after: unknown; ;) {
      const page = (await post(`${elasticsearchUrl}/_search`, {
        size: 200, // the hostile rows have up to 20 MB
        query: { match_all: {} },
        pit: { id, keep_alive: "2m" },
        sort: [{ _shard_doc: "asc" }],
        track_total_hits: false,
        ...(after === undefined ? {} : { search_after: after }),
      })) as SearchAnswer;
      id = page.pit_id;
      const { hits } = page.hits;
      if (hits.length === 0) return;
      yield hits.map(placed);
      after = hits.at(-1)?.sort.map((value) => Number(value.text));
    }
  } finally {
    await request("DELETE", `${elasticsearchUrl}/_pit`, { id });
  }
}

interface SearchAnswer {
  pit_id: string;
  hits: { hits: RawHit[] };
}

interface RawHit {
  _index: string;
  _id: string;
  _routing?: string;
  _source: Record<string, unknown>;
  sort: ExactNumber[];
}

/** In an index that tenants share, a document is of the part that it is routed to, and has its id behind the tenant's. */
function placed({ _index, _id, _routing, _source }: RawHit): ArchivedDocument {
  if (!_index.includes("-~shared-")) return { index: _index, id: _id, source: _source };
  const start = `${_routing}:`;
  if (!_id.startsWith(start)) throw new Error(`${_id} is routed to ${_routing}`);
  return { index: `${_index}/${_routing}`, id: _id.slice(start.length), source: _source };
}

/** The bytes of one document as they were sent, as text. */
export async function rawSource(elasticsearchUrl: string, index: string, id: string): Promise<string> {
  return request("GET", `${elasticsearchUrl}/${documentPath(index, "_source", id)}`);
}

async function post(url: string, body?: object): Promise<unknown> {
  return JSON.parse(await request("POST", url, body), (_key, value: unknown, context?: { source?: string }) =>
    typeof value === "number" ? new ExactNumber(context?.source ?? String(value)) : value,
  );
}

async function request(method: string, url: string, body?: object): Promise<string> {
  const answer = await fetch(url, {
    method,
    ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${text.slice(0, 500)}`);
  return text;
}
