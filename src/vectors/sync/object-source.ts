import type { Batch, Source } from "../../engine/ports.ts";
import type { BatchLimits } from "../../runs/batch-limits.ts";
import type { WeaviateObject } from "../../stores/weaviate/objects.ts";
import { quietVersion } from "../state/write-log.ts";
import type { VectorConnections } from "../connections.ts";

export interface ObjectBatch extends Batch {
  readonly objects: readonly WeaviateObject[];
  /** The cursor behind it. */
  readonly last: string;
  /** Of the write log, before it was read: later writes may not be in it. */
  readonly version: number;
  readonly readAt: number;
}

/** The tenant's objects in the order of their ids, behind `after`. */
export class ObjectSource implements Source<ObjectBatch> {
  private readonly connections: Pick<VectorConnections, "stores" | "state">;
  private readonly tenant: string;
  private readonly after: string | undefined;
  private readonly limits: BatchLimits;

  constructor(
    connections: Pick<VectorConnections, "stores" | "state">,
    tenant: string,
    after: string | undefined,
    limits: BatchLimits,
  ) {
    this.connections = connections;
    this.tenant = tenant;
    this.after = after;
    this.limits = limits;
  }

  async *batches(signal: AbortSignal): AsyncGenerator<ObjectBatch> {
    const { stores, state } = this.connections;
    for (let after = this.after; !signal.aborted;) {
      const limit = this.limits.rows;
      const version = await quietVersion(state, this.tenant);
      const objects = await stores.weaviate.objects.page(this.tenant, after, limit);
      const last = objects.at(-1)?.id;
      if (last === undefined) return;
      const bytes = objects.reduce((sum, object) => sum + sizeOf(object), 0);
      yield { objects, last, version, readAt: performance.now(), records: objects.length, bytes };
      if (objects.length < limit) return;
      after = last;
    }
  }
}

/** Roughly, in bytes on the wire. */
function sizeOf({ properties, vector }: WeaviateObject): number {
  let size = 4 * (vector?.length ?? 0);
  for (const value of Object.values(properties)) {
    if (typeof value === "string") size += value.length;
    else if (Array.isArray(value)) for (const item of value) size += String(item).length;
    else size += 8;
  }
  return size;
}
