import { kindNames } from "../../data/entry.ts";
import { CommandError } from "../../data/errors.ts";
import { keyword, position, syntaxError } from "../arguments.ts";
import type { Client } from "../service.ts";
import { matchesGlob } from "../glob.ts";

const defaultCount = 10;

/** Keys looked at in one call whatever the client asks for, so that it does not hold up the others. */
const mostKeys = 10_000;

/** SCAN cursor [MATCH pattern] [COUNT count] [TYPE type] */
export function scan(args: readonly Buffer[], { data, reply }: Client): void {
  const cursor = readCursor(args[1]!);
  let count = defaultCount;
  let match: Buffer | undefined;
  let type: string | undefined;
  for (let at = 2; at < args.length; at += 2) {
    const value = args[at + 1];
    if (value === undefined) throw syntaxError();
    const word = keyword(args[at]!);
    if (word === "COUNT") count = readCount(value);
    else if (word === "MATCH") match = value;
    else if (word === "TYPE") type = value.toString("latin1").toLowerCase();
    else throw syntaxError();
  }
  const page = data.keys.scan(cursor, Math.min(count, mostKeys));
  const found = page.keys
    .filter(({ kind }) => type === undefined || kindNames[kind] === type)
    .filter(({ key }) => match === undefined || matchesGlob(match, key));
  reply.array(2);
  reply.text(String(page.cursor));
  reply.bulks(found.map(({ key }) => key));
}

/** An unsigned number of 64 bits; one that we did not give is where it is among those we give. */
function readCursor(bytes: Buffer): number {
  const text = bytes.toString("latin1");
  if (!/^\d{1,20}$/.test(text) || BigInt(text) >= 2n ** 64n) throw new CommandError("ERR invalid cursor");
  return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
}

function readCount(bytes: Buffer): number {
  const count = position(bytes);
  if (count < 1) throw syntaxError();
  return count;
}
