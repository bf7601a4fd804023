// A cache's key is `mode:type:hash`: https://github.com/HKUDS/LightRAG, lightrag/utils.py, generate_cache_key.

/** What the extraction of a document makes, in mode `default`. */
const ofExtraction = ["extract", "summary"] as const;
/** What queries make, in any mode. */
const ofQueries = ["query", "keywords"] as const;
export const modes = ["default", "local", "global", "hybrid", "mix", "naive", "bypass"] as const;

export const furtherTypes = ["analysis", ...ofQueries] as const;
export type FurtherType = (typeof furtherTypes)[number];

/** One sort of caches, such as `default:extract`; its keys begin with `default:extract:`. */
export type CacheKind = `${string}:${string}`;

/**
 * The kinds that a migration moves, in the order in which it moves them: extraction's always, the others when they are
 * asked for.
 */
export class CacheKinds {
  readonly all: readonly CacheKind[];

  constructor(include: readonly FurtherType[] = []) {
    const types = [...ofExtraction, ...furtherTypes.filter((type) => include.includes(type))];
    this.all = types.flatMap((type) => modesOf(type).map((mode): CacheKind => `${mode}:${type}`));
  }

  get prefixes(): string[] {
    return this.all.map((kind) => `${kind}:`);
  }

  /** The kind of the key; undefined when it is none of these. */
  of(key: string): CacheKind | undefined {
    const end = key.indexOf(":", key.indexOf(":") + 1);
    if (end < 0) return undefined;
    const kind = key.slice(0, end) as CacheKind;
    return this.all.includes(kind) ? kind : undefined;
  }

  /** Whether an old store may keep caches of these kinds together under this name. */
  isMode(name: string): boolean {
    return this.all.some((kind) => kind.startsWith(`${name}:`));
  }
}

function modesOf(type: string): readonly string[] {
  return (ofQueries as readonly string[]).includes(type) ? modes : ["default"];
}
