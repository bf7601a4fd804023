import type { Prng } from "../../../dev/sample-logs/prng.ts";

/** A command of those that both servers have, on a handful of keys, so that kinds collide and containers become empty. Arguments are Latin-1.
 * No key is set to expire at a time that has passed: when Redis notices, and DBSIZE with it, is a matter of timing. */
export function randomCommand(prng: Prng): string[] {
  const command = wellFormed(prng);
  if (command[0]!.startsWith("B")) return command; // one without its timeout would wait for ever
  if (prng.chance(0.02)) return command.slice(0, prng.integer(1, command.length)); // too few arguments
  if (prng.chance(0.01)) return [...command, prng.pick(oddWords)];
  if (prng.chance(0.02) && command.length > 2)
    return command.with(prng.integer(2, command.length - 1), prng.pick(oddWords));
  return command.with(0, prng.pick([command[0]!.toLowerCase(), command[0]!]));
}

const oddWords = [
  "",
  "NX",
  "abc",
  "-1",
  "0",
  "+1",
  "01",
  "1.5",
  "9223372036854775807",
  "-9223372036854775808",
  "inf",
  "nan",
  "\0\xff",
  " 1",
  "(",
  "[",
];

function wellFormed(prng: Prng): string[] {
  const key = prng.pick(["a", "b", "c", "d", "\0k\xff", ""]);
  const other = prng.pick(["a", "b", "c", "d"]);
  const [field, another] = [prng.pick(fields), prng.pick(fields)];
  const [value, second] = [randomValue(prng), randomValue(prng)];
  const some = <Item>(make: () => Item): Item[] => Array.from({ length: prng.integer(1, 4) }, make);
  const position = (): string => String(prng.integer(-7, 7));
  const count = (): string[] => (prng.chance(0.5) ? [] : [String(prng.integer(-1, 4))]);
  const integer = (): string =>
    prng.pick(["1", "-1", "17", "-9", "9223372036854775807", "-9223372036854775808", "9007199254740993", "x"]);
  const words = (...all: string[]): string[] => all.filter(() => prng.chance(0.25));
  return prng.pick<() => string[]>([
    () => ["GET", key],
    () => ["SET", key, value],
    () => [
      "SET",
      key,
      value,
      ...words("NX", "XX", "GET", "KEEPTTL"),
      ...(prng.chance(0.4) ? ["EX", lifetime(prng)] : []),
    ],
    () => ["SET", key, value, "PX", prng.pick(["100000000", "0", "-5", "x", "9223372036854775807"])],
    () => ["SET", key, value, prng.pick(["EXAT", "PXAT"]), prng.pick(["4000000000000", "0", "-1"])],
    () => ["MGET", key, other, ...some(() => prng.pick(["a", "b", "none"]))],
    () => ["MSET", key, value, other, second],
    () => ["DEL", key, ...(prng.chance(0.3) ? [other] : [])],
    () => ["EXISTS", key, other, key],
    () => [prng.pick(["INCR", "DECR"]), key],
    () => [prng.pick(["INCRBY", "DECRBY"]), key, integer()],
    () => ["EXPIRE", key, lifetime(prng), ...words("NX", "XX", "GT", "LT")],
    () => [
      "PEXPIRE",
      key,
      prng.pick(["100000000", "200000000", "0", "-1", "x", "9223372036854775807"]),
      ...words("NX", "XX", "GT", "LT"),
    ],
    () => [prng.pick(["TTL", "PTTL"]), key],
    () => ["PERSIST", key],
    () => ["TYPE", key],
    () => ["HSET", key, field, value, ...(prng.chance(0.5) ? [another, second] : [])],
    () => ["HGET", key, field],
    () => ["HMGET", key, ...some(() => prng.pick(fields))],
    () => ["HGETALL", key],
    () => ["HDEL", key, ...some(() => prng.pick(fields))],
    () => ["HEXISTS", key, field],
    () => ["HINCRBY", key, field, integer()],
    () => ["SADD", key, ...some(() => prng.pick(fields))],
    () => ["SREM", key, ...some(() => prng.pick(fields))],
    () => ["SMEMBERS", key],
    () => ["SISMEMBER", key, field],
    () => ["SCARD", key],
    () => [prng.pick(["LPUSH", "RPUSH"]), key, ...some(() => randomValue(prng))],
    () => [prng.pick(["LPOP", "RPOP"]), key, ...count()],
    () => [prng.pick(["BLPOP", "BRPOP"]), "list", key, prng.pick(["0.001", "0.001", "-1", "x", "inf", "1e400", ""])],
    () => ["LLEN", key],
    () => ["LRANGE", key, position(), position()],
    () => ["LINDEX", key, position()],
    () => ["ZADD", key, ...words("NX", "XX", "GT", "LT", "CH"), ...some(() => [score(prng), prng.pick(fields)]).flat()],
    () => ["ZADD", key, ...words("NX", "XX", "GT", "LT"), "INCR", score(prng), field],
    () => ["ZREM", key, ...some(() => prng.pick(fields))],
    () => ["ZCARD", key],
    () => ["ZSCORE", key, field],
    () => ["ZRANGE", key, position(), position(), ...words("REV", "WITHSCORES")],
    () => ["ZRANGE", key, bound(prng), bound(prng), "BYSCORE", ...words("REV", "WITHSCORES"), ...limit(prng)],
    () => ["ZRANGEBYSCORE", key, bound(prng), bound(prng), ...words("WITHSCORES"), ...limit(prng)],
    () => ["PING", ...words("hello")],
    () => ["ECHO", value],
    () => ["DBSIZE"],
    () => ["SELECT", "0"],
    () => [
      "SCAN",
      "0",
      "COUNT",
      "1000",
      ...(prng.chance(0.3) ? ["MATCH", prng.pick(["a*", "[a-c]", "?", "*", "[^a]"])] : []),
    ],
    () => ["SCAN", "0", "COUNT", "1000", "TYPE", prng.pick(["string", "hash", "list", "zset", "set"])],
  ])();
}

const fields = ["f", "g", "h", "1", "-5", "\xff\0", "", "longer-field-name", "F"];

function randomValue(prng: Prng): string {
  return prng.pick([
    "",
    "v",
    "1",
    "-17",
    "9223372036854775807",
    "10.5",
    "\r\n$-1\r\n",
    "\0\xff\xfe",
    "x".repeat(prng.integer(1, 300)),
  ]);
}

/** Long enough, or over already: what is between depends on how fast the machine is. */
function lifetime(prng: Prng): string {
  return prng.pick(["100000", "200000", "300000", "0", "-1", "x", "9223372036854775807", "-9223372036854775808"]);
}

/** Not -0, whose sign SQLite does not keep. */
function score(prng: Prng): string {
  return prng.pick([
    "0",
    "1",
    "2",
    "-1",
    "1.5",
    "0.1",
    "1e300",
    "-1e-7",
    "123456789012345678",
    "inf",
    "-inf",
    "+3",
    "0x10",
    "x",
    "3.0000000000000001",
  ]);
}

function bound(prng: Prng): string {
  return prng.pick(["-inf", "+inf", "0", "(0", "1", "(1", "1.5", "-1", "(", "x", "2", "1e300"]);
}

function limit(prng: Prng): string[] {
  return prng.chance(0.3) ? ["LIMIT", String(prng.integer(-1, 3)), String(prng.integer(-1, 3))] : [];
}
