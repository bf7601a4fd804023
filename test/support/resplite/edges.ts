/** Commands with their arguments; `""` is an empty one. A line of text holds several, divided by |. */
function commands(text: string): string[][] {
  return text
    .trim()
    .split(/\n|\|/)
    .map((line) => line.trim().split(" "))
    .map((words) => words.map((word) => (word === '""' ? "" : word)));
}

const oneOfEach = commands("SET str v|HSET hash f v|RPUSH list a|SADD set a|ZADD zset 1 a");

/** The commands on a key of each kind, that it takes and that it does not. */
function onEveryKind(...forms: string[]): string[][] {
  return ["str", "hash", "list", "set", "zset", "none"].flatMap((key) =>
    forms.flatMap((form) => commands(form.replace("KEY", key))),
  );
}

/**
 * Commands at their edges, by acceptance point: wrong kinds, limits of 64 bits, options that contradict each other or
 * come twice, words in the wrong place, too few and too many arguments, empty names.
 */
export const edges: Readonly<Record<string, string[][]>> = {
  R3: commands(`
    PING|PING a|PING a b|ECHO|ECHO a|ECHO a b|ping ""|ECHO ""|CLIENT LIST TYPE bogus|CLIENT LIST BOGUS 1|CLIENT LIST ID|CLIENT LIST ID 0
    CLIENT LIST ID x|CLIENT LIST ID 99999|CLIENT LIST TYPE replica|CLIENT LIST TYPE|CLIENT LIST TYPE normal x`),
  R4: [
    ...oneOfEach,
    ...onEveryKind("GET KEY", "INCR KEY", "DECRBY KEY 1", "SET KEY v GET", "MGET KEY KEY"),
    ["SET", "k", " 1"],
    ["INCR", "k"],
    ["SET", "k", "1 "],
    ["INCR", "k"],
    ...commands(`
      GET|GET k k|SET k|SET k v EX 10|TTL k|SET k w|TTL k|SET k v PX 10000|TTL k|SET k v ex 10|SET k v EX 0|SET k v EX -1|SET k v PX 0
      SET k v EX x|SET k v EX 1.5|SET k v EX|SET k v EX 10 PX 10|SET k v EX 10 EX 20|TTL k|SET k v EX 10 EXAT 9999999999
      SET k v PX 10 KEEPTTL|SET k v KEEPTTL EX 10|SET k v KEEPTTL KEEPTTL|SET k v NX XX|SET k v NX NX|SET k v GET GET|SET k v PX 9 PXAT 9
      SET k v EX 9223372036854775807|SET k v EX 9223372036854776|SET k v PX 9223372036854775807|GET k|SET hash over|TYPE hash
      SET k v NX|SET new v NX|SET k v XX|SET gone v XX|GET gone|SET k 2 GET|SET k v BOGUS|SET k v EX 10 NX GET|SET fresh v NX GET
      MGET k none hash new|MGET|MSET a 1 b 2 a 3|GET a|MSET a|MSET a 1 b|MSET|GET b|MSET list string|TYPE list
      DEL|DEL none|DEL a a b none|EXISTS a|SET a 1|EXISTS a a none a|EXISTS|SET "" v|GET ""|DEL ""
      SET n 10|INCR n|DECR n|INCRBY n 5|DECRBY n 20|GET n|INCR newcomer|DECR other|INCR|INCR n n
      SET n 9223372036854775807|INCR n|GET n|INCRBY n 1|DECRBY n -1|INCRBY n -9223372036854775808|GET n
      SET n -9223372036854775808|DECR n|DECRBY n 1|DECRBY n -9223372036854775808|INCRBY n 9223372036854775807|GET n
      INCRBY n 9223372036854775808|INCRBY n 1.0|INCRBY n|INCRBY n x|DECRBY n 1 2|SET n 1.5|INCR n|SET n 01|INCR n|SET n +1|INCR n
      SET n -0|INCR n|SET n 99999999999999999999|INCR n|SET n abc|DECRBY n 1|GET n|SET t 5 EX 100|INCR t|TTL t|SET t 5 KEEPTTL|TTL t
      SET k ""|INCR k|GET k`),
  ],
  R5: [
    ...oneOfEach,
    ...onEveryKind("EXPIRE KEY 100", "TTL KEY", "PERSIST KEY", "TTL KEY", "PERSIST KEY", "PEXPIRE KEY 100000 NX"),
    ...commands(`
      SET k v|EXPIRE k 100 NX|EXPIRE k 200 NX|TTL k|EXPIRE k 50 GT|EXPIRE k 300 GT|TTL k|EXPIRE k 400 LT|EXPIRE k 40 LT|TTL k|EXPIRE k 60 XX
      EXPIRE k 60 NX NX|EXPIRE k 60 XX XX|EXPIRE k 60 GT GT|EXPIRE k 60 NX XX|EXPIRE k 60 GT LT|EXPIRE k 60 XX GT|EXPIRE k 60 NX GT
      EXPIRE k 60 BOGUS|EXPIRE k 60 ""|EXPIRE k x|EXPIRE k 1.5|EXPIRE k|EXPIRE|EXPIRE k ""|PEXPIRE k 9223372036854775807|EXPIRE k 9223372036854775807
      EXPIRE k -9223372036854775808|PEXPIRE k 9223372036854775808|TTL|TTL k k|PTTL|PERSIST|PERSIST k k|PERSIST k|EXPIRE k 10 GT|EXPIRE k 10 LT|TTL k
      EXPIRE k 0|EXISTS k|SET k v|EXPIRE k -1|EXISTS k|SET k v|PEXPIRE k 0|EXISTS k|EXPIRE none 10 NX|SET k v|EXPIRE k -1 NX|EXISTS k
      SET k v EX 10|SET k w|TTL k|SET k v EX 10|MSET k w|TTL k|HSET h f v|EXPIRE h 100|HSET h g v|TTL h|HDEL h f g|HSET h f v|TTL h`),
  ],
  R6: [
    ...oneOfEach,
    ...onEveryKind(
      "HSET KEY f v",
      "HGET KEY f",
      "HDEL KEY f",
      "HMGET KEY f",
      "HGETALL KEY",
      "HEXISTS KEY f",
      "HINCRBY KEY n 1",
    ),
    ...commands(`
      HSET h|HSET h f|HSET h f v g|HSET h f v f w|HGET h f|HSET h f w g x|HGET h|HGET h f f|HMGET h|HMGET h f none f|HMGET none f|HDEL h
      HDEL h none|HDEL h f f|HEXISTS h f|HEXISTS h|HGETALL h|HGETALL none|HGETALL|HGETALL h h|HSET h "" ""|HGET h ""|HDEL h "" g|EXISTS h
      HINCRBY h n 9223372036854775807|HINCRBY h n 1|HINCRBY h n -9223372036854775808|HGET h n|HINCRBY h n x|HINCRBY h n 1.0|HINCRBY h n
      HSET h n 1.5|HINCRBY h n 1|HSET h n 01|HINCRBY h n 1|HSET h n ""|HINCRBY h n 1|HINCRBY h n -9223372036854775809|HINCRBY none n 0|HGETALL none`),
  ],
  R7: [
    ...oneOfEach,
    ...onEveryKind("SADD KEY a", "SREM KEY a", "SMEMBERS KEY", "SISMEMBER KEY a", "SCARD KEY"),
    ...commands(`
      SADD s|SADD s a a b|SADD s a|SADD s ""|SISMEMBER s ""|SISMEMBER s|SISMEMBER s a b|SREM s|SREM s a a none|SCARD s|SCARD|SCARD none
      SMEMBERS s|SMEMBERS|SMEMBERS none|SREM s b ""|EXISTS s|SREM none a|SADD s 1 01 +1 -0|SCARD s|SMEMBERS s`),
  ],
  R8: [
    ...oneOfEach,
    ...onEveryKind(
      "LPUSH KEY a",
      "LLEN KEY",
      "LRANGE KEY 0 -1",
      "LINDEX KEY 0",
      "LPOP KEY",
      "RPOP KEY 1",
      "BLPOP KEY 0.001",
    ),
    ...commands(`
      RPUSH l a b c d|LPUSH l|LLEN|LRANGE l 0|LRANGE l -100 100|LRANGE l 3 1|LRANGE l -2 -1|LRANGE l 9 10|LRANGE l x 1|LRANGE l 0 1.0
      LRANGE l -9223372036854775808 9223372036854775807|LRANGE l 0 9223372036854775808|LINDEX l|LINDEX l 4|LINDEX l -4|LINDEX l -5|LINDEX l x
      LINDEX l 9223372036854775807|LPOP l 0|LPOP none 0|LPOP l -1|LPOP l x|LPOP l 1 2|LPOP none 2|RPOP l 2|LRANGE l 0 -1|LPOP l 100|EXISTS l|LPOP l
      LPUSH l 1 2 3|LRANGE l 0 -1|RPOP l 9223372036854775807|RPUSH l ""|LPOP l|BLPOP l x|BLPOP l -1|BLPOP l|BRPOP none 0.001|BLPOP l 0.001|BRPOP`),
  ],
  R9: [
    ...oneOfEach,
    ...onEveryKind(
      "ZADD KEY 1 a",
      "ZSCORE KEY a",
      "ZCARD KEY",
      "ZRANGE KEY 0 -1",
      "ZRANGEBYSCORE KEY 0 1",
      "ZREM KEY a",
    ),
    ...commands(`
      ZADD z|ZADD z 1|ZADD z 1 a 2|ZADD z x a|ZADD z nan a|ZADD z 1 a 1 b 1 B 0 c|ZADD z NX 5 a|ZADD z XX 5 a 1 new|ZADD z NX XX 1 a|ZADD z GT LT 1 a
      ZADD z NX GT 1 a|ZADD z CH 6 a 1 b 1 d|ZADD z CH CH 7 a|ZADD z GT CH 1 a 8 b|ZADD z LT CH 1 a 9 b|ZADD z INCR 1 a|ZADD z INCR 1 a 2 b
      ZADD z NX INCR 1 a|ZADD z XX INCR 1 none|ZADD z INCR INCR 1 a|ZADD z NX NX 1 e|ZADD z GT GT 100 e|ZADD z inf i -inf j|ZADD z INCR -inf i
      ZADD z 1e400 k|ZADD z 0x10 hex|ZADD z "" a|ZADD z 1 ""|ZSCORE z ""|ZSCORE z hex|ZSCORE z none|ZSCORE z|ZCARD|ZREM z|ZREM z none a a
      ZADD z 0.1 p 3.0 q 1e20 r 1e21 s 123456789012345680 t -0.5 u 5e-324 v 1.7976931348623157e308 w|ZRANGE z 0 -1 WITHSCORES
      ZRANGE z 0 -1 WITHSCORES WITHSCORES|ZRANGE z 0 1 REV REV|ZRANGE z 0 1 BYSCORE BYSCORE|ZRANGE z 0 1 BYSCORE BYLEX|ZRANGE z 0 1 LIMIT 0 1
      ZRANGE z 0 1 BYSCORE LIMIT 0 1 LIMIT 1 1|ZRANGE z -inf +inf BYSCORE LIMIT -1 1|ZRANGE z -inf +inf BYSCORE LIMIT 1 -1|ZRANGE z +inf -inf BYSCORE REV LIMIT 0 2
      ZRANGE z (1 (5 BYSCORE|ZRANGE z ( 5 BYSCORE|ZRANGE z [a [b|ZRANGE z x 1|ZRANGE z 0|ZRANGE z 0 1 BOGUS|ZRANGE z -1 0|ZRANGE z -100 100 REV
      ZADD lex 0 a 0 b 0 B 0 c 0 ""|ZRANGE lex - + BYLEX|ZRANGE lex + - BYLEX REV|ZRANGE lex [a (c BYLEX|ZRANGE lex (a [c BYLEX LIMIT 1 1|ZRANGE lex [c [a BYLEX|ZRANGE lex [ + BYLEX|ZRANGE z a b BYLEX|ZRANGE z - + BYLEX WITHSCORES|ZRANGE z 0 1.5
      ZRANGEBYSCORE z -inf inf|ZRANGEBYSCORE z (0 1 WITHSCORES LIMIT 0 1|ZRANGEBYSCORE z 1 0|ZRANGEBYSCORE z x 1|ZRANGEBYSCORE z nan 1
      ZRANGEBYSCORE z 0 1 LIMIT 0|ZRANGEBYSCORE z 0 1 LIMIT x 1|ZRANGEBYSCORE z 0 9 WITHSCORES WITHSCORES|ZRANGEBYSCORE z 0|ZRANGEBYSCORE z 0 1 REV
      ZREM z b B c d e i j k hex p q r s t u v w|ZREM z ""|ZRANGE z 0 -1|ZREM z a|EXISTS z`),
  ],
  R11: [
    ...oneOfEach,
    ...commands(`
      TYPE str|TYPE hash|TYPE list|TYPE set|TYPE zset|TYPE none|TYPE|TYPE a b|SCAN|SCAN x|SCAN 0 COUNT 0|SCAN 0 COUNT -1|SCAN 0 COUNT x
      SCAN 0 COUNT|SCAN 0 MATCH|SCAN 0 BOGUS 1|SCAN 0 COUNT 100 COUNT 1000 MATCH * MATCH s*|SCAN 0 COUNT 1000 TYPE hash|SCAN 0 COUNT 1000 TYPE STRING
      SCAN 0 COUNT 1000 TYPE bogus|SCAN 0 COUNT 1000 MATCH ""|SCAN 0 COUNT 1000 MATCH [a-h]*|SCAN 0 COUNT 1000 MATCH ?e?|SCAN 18446744073709551616|SCAN 1.5`),
  ],
};
