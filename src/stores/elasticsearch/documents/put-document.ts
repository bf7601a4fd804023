import type { Client } from "@elastic/elasticsearch";
import { describeElasticsearchError, errorType } from "../errors.ts";
import { documentId, placeOf, routingOf } from "../indices/place.ts";
import { throughSeal } from "../indices/seal.ts";
import type { FoundDocument } from "./get-documents.ts";

/**
 * Writes the document in place of exactly the version that was read, or as a new one where none was. False when another
 * writer was faster: nothing was written then. `source` is JSON and arrives byte for byte.
 */
export async function putDocument(
  client: Client,
  document: { readonly index: string; readonly id: string; readonly source: string },
  replaces?: FoundDocument["version"],
): Promise<boolean> {
  const place = placeOf(document.index);
  try {
    await throughSeal(client, place.index, () =>
      client.transport.request(
        {
          method: "PUT",
          path: `/${encodeURIComponent(place.index)}/_doc/${encodeURIComponent(documentId(place, document.id))}`,
          querystring: {
            ...routingOf(place),
            ...(replaces === undefined
              ? { op_type: "create" }
              : { if_seq_no: replaces.seqNo, if_primary_term: replaces.primaryTerm }),
          },
          body: document.source,
        },
        { headers: { "content-type": "application/json" } },
      ),
    );
    return true;
  } catch (error) {
    if (errorType(error) === "version_conflict_engine_exception") return false;
    throw describeElasticsearchError(error);
  }
}
