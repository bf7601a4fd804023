import { spreadBackOff } from "../../engine/back-off.ts";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../../engine/errors.ts";
import type { Receipt, Refusal, Sink } from "../../engine/ports.ts";
import { isPassing } from "../../stores/milvus/errors.ts";
import type { WeaviateObject } from "../../stores/weaviate/objects.ts";
import type { VectorConnections } from "../connections.ts";
import { recordOfObject } from "../operations/weaviate-objects.ts";
import type { GeneralWeaviateRecord } from "../records/records.ts";
import { noteDirty, quietVersion, settledMillis, writtenSince } from "../state/write-log.ts";
import type { ObjectBatch } from "./object-source.ts";

const attempts = 8;
const pauses = { first: 200, longest: 5000 };

/**
 * Writes objects of Weaviate into Milvus as they were when they were read. A record that the application has written
 * since is noted as dirty, so that its newest state is copied behind: whichever of the two writes Milvus got last, it
 * ends with the right one.
 */
export class ObjectSink implements Sink<ObjectBatch> {
  private readonly connections: Pick<VectorConnections, "stores" | "state">;
  private readonly tenant: string;

  constructor(connections: Pick<VectorConnections, "stores" | "state">, tenant: string) {
    this.connections = connections;
    this.tenant = tenant;
  }

  async write(given: ObjectBatch, signal: AbortSignal): Promise<Receipt> {
    const { state } = this.connections;
    const { objects, version } = await this.fresh(given);
    const refused: Refusal[] = [];
    const records: GeneralWeaviateRecord[] = [];
    for (const object of objects) {
      try {
        records.push(recordOfObject(object));
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        refused.push({ id: idOf(object), type: error.code, reason: error.message });
      }
    }
    refused.push(...(await this.put(records, signal)));
    const ids = records.map(({ uniqueid }) => uniqueid);
    await noteDirty(state, this.tenant, [...(await writtenSince(state, this.tenant, ids, version))]);
    return { written: objects.length - refused.length, refused };
  }

  /** The write log forgets what it has settled: a batch that has waited long, as in a pause, is read again. */
  private async fresh(batch: ObjectBatch): Promise<Pick<ObjectBatch, "objects" | "version">> {
    if (performance.now() - batch.readAt < settledMillis / 2) return batch;
    const { state, stores } = this.connections;
    const version = await quietVersion(state, this.tenant);
    const ids = batch.objects.map(({ id }) => id);
    return { objects: await stores.weaviate.objects.byIds(this.tenant, ids), version };
  }

  private async put(records: readonly GeneralWeaviateRecord[], signal: AbortSignal): Promise<Refusal[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.connections.stores.milvus.put(this.tenant, records);
      } catch (error) {
        if (!isPassing(error) || attempt === attempts) throw error;
        await sleep(spreadBackOff(attempt, pauses), undefined, { signal });
      }
    }
  }
}

function idOf({ id, properties }: WeaviateObject): string {
  const uniqueid = properties["uniqueid"];
  return typeof uniqueid === "string" && uniqueid !== "" ? uniqueid : id;
}
