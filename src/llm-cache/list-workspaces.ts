import { type CacheKind, CacheKinds, furtherTypes } from "./entries/cache-kinds.ts";
import type { KvStore } from "./kv-store.ts";
import type { StoreSettings } from "./store-settings.ts";
import { openStore } from "./stores/open-store.ts";

export interface ListedWorkspace {
  readonly workspace: string;
  readonly counts: Readonly<Partial<Record<CacheKind, number>>>;
  readonly total: number;
}

/** Every workspace of this server, database or folder that holds caches, with how many of each kind. */
export async function listWorkspaces(settings: StoreSettings, signal: AbortSignal): Promise<ListedWorkspace[]> {
  const kinds = new CacheKinds(furtherTypes);
  const store = await openStore(settings);
  const names = await closing(store, () => store.workspaces());
  const listed: ListedWorkspace[] = [];
  for (const workspace of names.toSorted()) {
    signal.throwIfAborted();
    const one = await openStore({ ...settings, workspace });
    const counts = await closing(one, () => one.count(kinds, signal));
    const total = [...counts.values()].reduce((sum, entries) => sum + entries, 0);
    listed.push({ workspace, counts: Object.fromEntries(counts), total });
  }
  return listed;
}

async function closing<T>(store: KvStore, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await store.close();
  }
}
