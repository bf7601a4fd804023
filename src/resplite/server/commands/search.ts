import { CommandError } from "../../data/errors.ts";
import { matchExpression } from "../../search/match-expression.ts";
import { fieldNameOf, indexNameOf, scoreOf, textOf, tokenOf } from "../../search/names.ts";
import type { FoundDocument } from "../../search/search-index.ts";
import { keyword, syntaxError } from "../arguments.ts";
import type { CommandGroup } from "../command.ts";
import type { Client } from "../service.ts";
import { suggestAdd, suggestDelete, suggestGet } from "./suggestions.ts";

const read = { flags: ["readonly"] } as const;
const write = { flags: ["write", "denyoom"] } as const;

/** Documents in one answer. */
const mostFound = 1_000;

/** The grammar of the specification's appendix D: each word at its place, nothing that is passed over. */
export const searchCommands: CommandGroup = {
  "ft.create": { arity: -2, ...write, run: create },
  "ft.info": { arity: 2, ...read, run: info },
  "ft.add": { arity: -4, ...write, run: add },
  "ft.del": { arity: 3, ...write, run: remove },
  "ft.search": { arity: -3, ...read, run: search },
  "ft.sugadd": { arity: -4, ...write, run: suggestAdd },
  "ft.sugget": { arity: -3, ...read, run: suggestGet },
  "ft.sugdel": { arity: 3, ...write, run: suggestDelete },
};

/** FT.CREATE index SCHEMA field TEXT [field TEXT ...] */
function create([, name, word, ...rest]: readonly Buffer[], { reply, service }: Client): void {
  const index = indexNameOf(name!);
  if (word === undefined || keyword(word) !== "SCHEMA" || rest.length === 0 || rest.length % 2 !== 0)
    throw syntaxError();
  const fields: string[] = [];
  for (let at = 0; at < rest.length; at += 2) {
    const field = fieldNameOf(rest[at]!);
    if (field === undefined || fields.some((known) => known.toLowerCase() === field.toLowerCase())) throw syntaxError();
    if (keyword(rest[at + 1]!) !== "TEXT") throw new CommandError("ERR unsupported field type");
    fields.push(field);
  }
  if (!fields.includes("payload")) throw new CommandError("ERR payload field required");
  service.searches.create(index, fields);
  reply.ok();
}

function info([, name]: readonly Buffer[], { reply, service }: Client): void {
  const index = service.searches.get(indexNameOf(name!));
  const { created_at: createdAt, updated_at: updatedAt } = service.searches.registered(index.name);
  const { documents, rows, suggestions } = index.counts();
  const numbers = {
    num_docs: documents,
    fts_rows: rows,
    num_suggestions: suggestions,
    created_at: createdAt,
    updated_at: updatedAt,
  };
  reply.array(14);
  reply.text("index_name");
  reply.text(index.name);
  reply.text("fields");
  reply.bulks(index.fields.map((field) => Buffer.from(field)));
  for (const [key, number] of Object.entries(numbers)) {
    reply.text(key);
    reply.integer(number);
  }
}

/** FT.ADD index id score [REPLACE] FIELDS field value [field value ...] */
function add(args: readonly Buffer[], { data, reply, service }: Client): void {
  const [, name, id, score, ...rest] = args as [Buffer, Buffer, Buffer, Buffer, ...Buffer[]];
  const index = service.searches.forWrite(indexNameOf(name));
  const replace = rest[0] !== undefined && keyword(rest[0]) === "REPLACE";
  const [word, ...pairs] = replace ? rest.slice(1) : rest;
  if (word === undefined || keyword(word) !== "FIELDS" || pairs.length === 0 || pairs.length % 2 !== 0)
    throw syntaxError();
  const fields = new Map<string, string>();
  for (let at = 0; at < pairs.length; at += 2) fields.set(textOf(pairs[at]!), textOf(pairs[at + 1]!));
  index.add(tokenOf(id), scoreOf(score), fields, replace, data.keys.now);
  reply.ok();
}

function remove([, name, id]: readonly Buffer[], { reply, service }: Client): void {
  reply.integer(service.searches.forWrite(indexNameOf(name!)).delete(tokenOf(id!)) ? 1 : 0);
}

/** FT.SEARCH index query [NOCONTENT] [LIMIT offset count] */
function search(args: readonly Buffer[], { reply, service }: Client): void {
  const [, name, query, ...rest] = args as [Buffer, Buffer, Buffer, ...Buffer[]];
  const index = service.searches.get(indexNameOf(name));
  let content = true;
  let limit: [offset: number, count: number] | undefined;
  for (let at = 0; at < rest.length; at += 1) {
    const word = keyword(rest[at]!);
    if (word === "NOCONTENT" && content) content = false;
    else if (word === "LIMIT" && limit === undefined) limit = [limitOf(rest[(at += 1)]), limitOf(rest[(at += 1)])];
    else throw syntaxError();
  }
  const [offset, count] = limit ?? [0, 10];
  if (count > mostFound) throw new CommandError("ERR invalid limit");
  const { total, found } = index.search(matchExpression(query), offset, count);
  reply.array(1 + found.length * (content ? 2 : 1));
  reply.integer(total);
  for (const document of found) {
    reply.text(document.id);
    if (content) replyFields(document, { reply });
  }
}

function replyFields({ fields }: FoundDocument, { reply }: Pick<Client, "reply">): void {
  reply.array(fields.length * 2);
  for (const text of fields.flat()) reply.text(text);
}

function limitOf(bytes: Buffer | undefined): number {
  const text = bytes?.toString("latin1") ?? "";
  if (!/^\d{1,9}$/.test(text)) throw new CommandError("ERR invalid limit");
  return Number(text);
}
