/** The numbers are those of the column `type`. */
export const kinds = { none: 0, string: 1, hash: 2, set: 3, list: 4, zset: 5 } as const;

export type Kind = (typeof kinds)[keyof typeof kinds];

/** As TYPE says it, by kind. */
export const kindNames = ["none", "string", "hash", "set", "list", "zset"] as const;

/** What is known of one key. Valid until the transaction ends badly or another process writes. */
export class Entry {
  readonly name: string;
  readonly key: Buffer;
  /** none: the key is not there, for those who read. */
  kind: Kind = kinds.none;
  /** Milliseconds since 1970; 0: never. */
  expiresAt = 0;
  /** Whether redis_keys has a row, which also one has that expired and was not swept yet. */
  hasRow = false;
  /** Of a string, once it was read. */
  value: Buffer | undefined;
  /** Members of a hash, set or sorted set; -1: not counted yet. */
  count = -1;
  /** Sequence numbers of the first and last item of a list; NaN: not read yet. */
  head = Number.NaN;
  tail = Number.NaN;
  updatedAt = 0;
  /** Whether something waits to be written to its row of redis_keys or redis_list_meta. */
  pending = false;
  /** Whether the count columns of version 1.5 may hold a number. */
  countStored = true;

  constructor(name: string, key: Buffer) {
    this.name = name;
    this.key = key;
  }

  /** As if the key had never been; hasRow tells whether a row is left to be deleted. */
  clear(): void {
    this.kind = kinds.none;
    this.expiresAt = 0;
    this.value = undefined;
    this.count = -1;
    this.head = Number.NaN;
    this.tail = Number.NaN;
    this.countStored = true;
  }
}
