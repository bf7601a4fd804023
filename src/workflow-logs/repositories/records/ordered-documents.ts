import type { Client, estypes } from "@elastic/elasticsearch";
import { monthInName } from "../../../stores/elasticsearch/indices/index-names.ts";
import { type Hit, search } from "../../../stores/elasticsearch/documents/search.ts";
import { toInstant } from "./instants.ts";

/** Documents of these indices for which every filter holds. */
export interface DocumentQuery {
  readonly indices: readonly string[];
  readonly filters: readonly estypes.QueryDslQueryContainer[];
}

/** A place in the order (created_at, id). */
export interface Position {
  readonly createdAt: string;
  readonly id: string;
}

export interface DocumentOrder {
  readonly direction: "asc" | "desc";
  /** Only documents behind this place. */
  readonly after?: Position | undefined;
  /** Bounds of created_at, inclusive and exclusive. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly pageSize: number;
  /** The fields of `_source` to return: all, none or these. */
  readonly source: boolean | readonly string[];
}

export interface OrderedDocument extends Position, Pick<Hit, "index" | "source"> {}

/** What date_nanos holds, in microseconds. */
const firstIndexed = "1970-01-01T00:00:00.000000Z";
const lastIndexed = "2262-04-11T23:47:16.854775Z";

/**
 * The documents in the order (created_at, id), a page at a time. The order is total and a document never changes its
 * place, so a listing goes on behind any document, at any time, without a point in time.
 */
export async function* orderedDocuments(
  client: Client,
  query: DocumentQuery,
  order: DocumentOrder,
): AsyncGenerator<OrderedDocument[]> {
  const compare = comparison(order.direction);
  let [page, odd] = await Promise.all([indexedPage(client, query, order), unindexedDocuments(client, query, order)]);
  for (odd = odd.toSorted(compare); ;) {
    const last = page.length < order.pageSize ? undefined : page.at(-1);
    const due = last === undefined ? odd : odd.filter((document) => compare(document, last) < 0);
    odd = odd.slice(due.length);
    if (page.length + due.length > 0) yield due.length === 0 ? page : [...page, ...due].toSorted(compare);
    if (last === undefined) return;
    page = await indexedPage(client, query, { ...order, after: last });
  }
}

/** The documents whose created_at date_nanos cannot hold: few, for they are of other centuries. */
export async function unindexedDocuments(
  client: Client,
  { indices, filters }: DocumentQuery,
  { direction, after, from, to, source }: Omit<DocumentOrder, "pageSize">,
): Promise<OrderedDocument[]> {
  const compare = comparison(direction);
  const found: OrderedDocument[] = [];
  let behind: readonly unknown[] | undefined;
  do {
    const { hits } = await search(client, {
      indices,
      size: unindexedPerRequest,
      query: { bool: { filter: [...filters], must_not: [{ exists: { field: "created_at" } }] } },
      sort: [{ id: "asc" }],
      track_total_hits: false,
      _source: source === true ? true : ["created_at", ...(source === false ? [] : source)],
      ...(behind !== undefined && { search_after: behind as estypes.SortResults }),
    });
    found.push(...hits.map((hit) => positioned(hit, hit.source["created_at"])));
    behind = hits.length < unindexedPerRequest ? undefined : hits.at(-1)!.sort;
  } while (behind !== undefined);
  return found.filter(
    (document) =>
      (from === undefined || document.createdAt >= from) &&
      (to === undefined || document.createdAt < to) &&
      (after === undefined || compare(document, after) > 0),
  );
}

const unindexedPerRequest = 500;

/**
 * One search over all months, with ties broken by id, would look at every document: 40 ms for 300,000 of them, where
 * the newest month takes 3. So it looks near the place first, then at months in their order: the first alone and then
 * twice as many at a time.
 */
async function indexedPage(client: Client, query: DocumentQuery, order: DocumentOrder): Promise<OrderedDocument[]> {
  const { direction, from, to, pageSize } = order;
  if (order.after !== undefined && isBehindIndexed(order.after.createdAt, direction)) return [];
  const after = order.after !== undefined && isIndexed(order.after.createdAt) ? order.after : undefined;
  const months = monthsInOrder(query.indices, direction, after);
  const within = createdWithin({ from, to });
  const found: OrderedDocument[] = [];
  const look = async (indices: readonly string[][], more: typeof within = []): Promise<void> => {
    const rest = { ...order, after: found.at(-1) ?? after, pageSize: pageSize - found.length };
    found.push(...(await pageOf(client, query, indices.flat(), [...more, ...within], rest)));
  };
  if (after !== undefined) await look(months.slice(0, 2), createdWithin(dayBehind(after, direction)));
  for (let at = 0, some = 1; at < months.length && found.length < pageSize; at += some, some *= 2)
    await look(months.slice(at, at + some));
  return found;
}

async function pageOf(
  client: Client,
  { filters }: DocumentQuery,
  indices: readonly string[],
  within: readonly estypes.QueryDslQueryContainer[],
  { direction, after, pageSize, source }: DocumentOrder,
): Promise<OrderedDocument[]> {
  const { hits } = await search(client, {
    indices,
    size: pageSize,
    query: { bool: { filter: [...filters, { exists: { field: "created_at" } }, ...within] } },
    // as text, for nanoseconds since 1970 are beyond what a number holds
    sort: [{ created_at: { order: direction, format: "strict_date_optional_time_nanos" } }, { id: direction }],
    track_total_hits: false,
    _source: typeof source === "boolean" ? source : [...source],
    ...(after !== undefined && { search_after: [after.createdAt, after.id] }),
  });
  return hits.map((hit) => positioned(hit, hit.sort[0]));
}

const dayMillis = 24 * 60 * 60 * 1000;

/** A day from the place on; its own microsecond is within. */
function dayBehind({ createdAt }: Position, direction: "asc" | "desc"): Pick<DocumentOrder, "from" | "to"> {
  const millis = Date.parse(createdAt);
  const [from, to] = direction === "asc" ? [millis, millis + dayMillis] : [millis - dayMillis, millis + 1];
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
}

/**
 * The indices of each month, without the months that lie before `after`: every document is in the month of its
 * created_at.
 */
function monthsInOrder(indices: readonly string[], direction: "asc" | "desc", after: Position | undefined): string[][] {
  const sign = direction === "asc" ? 1 : -1;
  const first = after && monthOf(after.createdAt);
  return [...Map.groupBy(indices, monthInName)]
    .filter(([month]) => first === undefined || sign * text(month, first) >= 0)
    .toSorted(([a], [b]) => sign * text(a, b))
    .map(([, names]) => names);
}

/** As index names have it. */
function monthOf(createdAt: string): string {
  return createdAt.slice(0, "YYYY-MM".length).replace("-", ".");
}

/** The condition for documents whose created_at is indexed; those of others are to be looked at one by one. */
export function createdWithin({ from, to }: Pick<DocumentOrder, "from" | "to">): estypes.QueryDslQueryContainer[] {
  if ((from !== undefined && from > lastIndexed) || (to !== undefined && to <= firstIndexed))
    return [{ match_none: {} }];
  const range = {
    ...(from !== undefined && from > firstIndexed && { gte: from }),
    ...(to !== undefined && to <= lastIndexed && { lt: to }),
  };
  return Object.keys(range).length === 0 ? [] : [{ range: { created_at: range } }];
}

function positioned({ index, id, source }: Hit, createdAt: unknown): OrderedDocument {
  return { index, id, source, createdAt: toInstant(String(createdAt)) ?? String(createdAt) };
}

function isIndexed(createdAt: string): boolean {
  return createdAt >= firstIndexed && createdAt <= lastIndexed;
}

function isBehindIndexed(createdAt: string, direction: "asc" | "desc"): boolean {
  return direction === "asc" ? createdAt > lastIndexed : createdAt < firstIndexed;
}

/** By (created_at, id). */
export function comparison(direction: "asc" | "desc"): (a: Position, b: Position) => number {
  const sign = direction === "asc" ? 1 : -1;
  return (a, b) => sign * (text(a.createdAt, b.createdAt) || text(a.id, b.id));
}

function text(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
