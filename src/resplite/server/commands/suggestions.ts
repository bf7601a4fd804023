import { CommandError } from "../../data/errors.ts";
import { indexNameOf, scoreOf, textOf, tokenOf } from "../../search/names.ts";
import { keyword, syntaxError } from "../arguments.ts";
import type { Client } from "../service.ts";

/** FT.SUGADD index term score [INCR] [PAYLOAD payload] */
export function suggestAdd(args: readonly Buffer[], { data, reply, service }: Client): void {
  const [, name, term, score, ...rest] = args as [Buffer, Buffer, Buffer, Buffer, ...Buffer[]];
  const index = service.searches.forWrite(indexNameOf(name));
  let increment = false;
  let payload: string | null = null;
  for (let at = 0; at < rest.length; at += 1) {
    const word = keyword(rest[at]!);
    if (word === "INCR" && !increment) increment = true;
    else if (word === "PAYLOAD" && payload === null && at + 1 < rest.length) payload = textOf(rest[(at += 1)]!);
    else throw syntaxError();
  }
  const isNew = index.suggest({ term: tokenOf(term), score: scoreOf(score), payload }, increment, data.keys.now);
  reply.integer(isNew ? 1 : 0);
}

/** FT.SUGGET index prefix [MAX n] [WITHSCORES] [WITHPAYLOADS] */
export function suggestGet(args: readonly Buffer[], { reply, service }: Client): void {
  const [, name, prefix, ...rest] = args as [Buffer, Buffer, Buffer, ...Buffer[]];
  const index = service.searches.get(indexNameOf(name));
  let most = 5;
  const wanted = new Set<string>();
  for (let at = 0; at < rest.length; at += 1) {
    const word = keyword(rest[at]!);
    if (word === "FUZZY") throw new CommandError("ERR not supported yet");
    if (word === "MAX" && at + 1 < rest.length) most = mostOf(rest[(at += 1)]!);
    else if (word === "WITHSCORES" || word === "WITHPAYLOADS") wanted.add(word);
    else throw syntaxError();
  }
  const found = index.suggestions(textOf(prefix), most);
  reply.array(found.length * (1 + wanted.size));
  for (const { term, score, payload } of found) {
    reply.text(term);
    if (wanted.has("WITHSCORES")) reply.text(String(score));
    if (wanted.has("WITHPAYLOADS")) reply.text(payload ?? "");
  }
}

/** FT.SUGDEL index term */
export function suggestDelete([, name, term]: readonly Buffer[], { reply, service }: Client): void {
  reply.integer(service.searches.forWrite(indexNameOf(name!)).forgetSuggestion(tokenOf(term!)) ? 1 : 0);
}

function mostOf(bytes: Buffer): number {
  const text = bytes.toString("latin1");
  if (!/^\d{1,9}$/.test(text)) throw syntaxError();
  return Number(text);
}
