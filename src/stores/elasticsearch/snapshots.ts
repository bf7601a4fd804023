import { pollUntil } from "../../engine/poll-until.ts";
import type { Client, estypes } from "@elastic/elasticsearch";
import { UsageError } from "../../engine/errors.ts";
import { describeElasticsearchError, errorType } from "./errors.ts";

export interface SnapshotAddress {
  readonly repository: string;
  readonly name: string;
}

/** Throws UsageError when there is no repository of exactly this name. Writes nothing. */
export async function requireRepository(client: Client, name: string): Promise<void> {
  if (!/^[^\s,*?"<>|\\/#]+$/.test(name) || name === "_all") {
    throw noRepository(`${JSON.stringify(name)} is not the name of a snapshot repository.`);
  }
  try {
    await client.snapshot.getRepository({ name });
  } catch (error) {
    if (errorType(error) === "repository_missing_exception") {
      throw noRepository(`There is no snapshot repository ${name}.`);
    }
    throw describeElasticsearchError(error);
  }
}

function noRepository(message: string): UsageError {
  return new UsageError("snapshot_repository_missing", message, {
    hint: "Register it (PUT _snapshot/NAME), or give the name of one that GET _snapshot lists. Nothing was changed.",
  });
}

const pollMillis = 250;

/**
 * Takes a snapshot of exactly these indices and waits for it. Returns what is wrong with it, undefined when every index
 * is whole in it; one that is not whole, and one that is unfinished when the signal aborts, is deleted. Rejects with
 * AbortError then.
 */
export async function takeSnapshot(
  client: Client,
  address: SnapshotAddress,
  indices: readonly string[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const { repository, name: snapshot } = address;
  const refused = await begin(client, address, indices);
  if (refused !== undefined) return refused;
  try {
    const ended = async () => {
      const info = await find(client, address);
      return info?.state === "IN_PROGRESS" ? undefined : { info };
    };
    const { info } = (await pollUntil(ended, { everyMillis: pollMillis, signal }))!;
    const fault = snapshotFault(info, indices);
    if (fault === undefined || info === undefined) return fault;
    return [fault, await discard(client, address)].filter((text) => text !== undefined).join("; ");
  } catch (error) {
    if (signal.aborted) await discard(client, { repository, name: snapshot });
    throw error;
  }
}

async function begin(client: Client, { repository, name }: SnapshotAddress, indices: readonly string[]) {
  try {
    await client.snapshot.create({
      repository,
      snapshot: name,
      indices: [...indices],
      include_global_state: false,
      // Waited for by asking: a request that lasts as long as a snapshot would time out, and be repeated.
      wait_for_completion: false,
    });
    return undefined;
  } catch (error) {
    if (alreadyBegun.has(errorType(error) ?? "")) return undefined; // the name is ours alone: an answer was lost
    if (errorType(error) === undefined) throw describeElasticsearchError(error);
    return describeElasticsearchError(error).message;
  }
}

const alreadyBegun = new Set(["snapshot_name_already_in_use_exception", "invalid_snapshot_name_exception"]);

async function find(
  client: Client,
  { repository, name }: SnapshotAddress,
): Promise<estypes.SnapshotSnapshotInfo | undefined> {
  try {
    const { snapshots } = await client.snapshot.get({ repository, snapshot: name });
    return snapshots?.[0];
  } catch (error) {
    if (errorType(error) === "snapshot_missing_exception") return undefined;
    throw describeElasticsearchError(error);
  }
}

/** Why the snapshot cannot stand in for these indices; undefined when it can. */
export function snapshotFault(
  info: estypes.SnapshotSnapshotInfo | undefined,
  indices: readonly string[],
): string | undefined {
  if (info === undefined)
    return "the repository does not have it: Elasticsearch's log says why it could not be written";
  const { state, shards, failures = [] } = info;
  if (state !== "SUCCESS") return `its state is ${state}${failures[0] ? `: ${failures[0].reason}` : ""}`;
  if (
    shards === undefined ||
    shards.failed > 0 ||
    shards.successful !== shards.total ||
    shards.total < indices.length
  ) {
    return `${shards?.failed ?? "an unknown number"} of its ${shards?.total ?? ""} shards failed`;
  }
  const missing = indices.filter((name) => info.indices?.includes(name) !== true);
  return missing.length === 0 ? undefined : `it does not have ${missing.join(", ")}`;
}

/**
 * Cancels one that is under way. One that cannot be deleted stays in the repository, and nobody relies on it: returns
 * what is to be done about it then.
 */
async function discard(client: Client, { repository, name }: SnapshotAddress): Promise<string | undefined> {
  try {
    await client.snapshot.delete({ repository, snapshot: name });
    return undefined;
  } catch (error) {
    const { message } = describeElasticsearchError(error);
    return `it was left in the repository (DELETE _snapshot/${repository}/${name} removes it), for it could not be deleted: ${message}`;
  }
}
