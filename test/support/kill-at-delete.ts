import { createServer, type IncomingMessage, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * An HTTP proxy before Elasticsearch that calls `kill` when an index is to be deleted: before the request is passed on,
 * which it then never is, or after Elasticsearch has answered. The program never gets the answer.
 */
export async function killAtDelete(
  elasticsearchUrl: string,
  when: "before" | "after",
  kill: () => void,
): Promise<{ url: string; close: () => void }> {
  const proxy = createServer((incoming, outgoing) => {
    const isDelete = incoming.method === "DELETE" && !incoming.url!.startsWith("/_");
    if (isDelete && when === "before") return kill();
    const { hostname, port } = new URL(elasticsearchUrl);
    const onward = httpRequest({
      hostname,
      port,
      method: incoming.method,
      path: incoming.url,
      headers: incoming.headers,
    });
    incoming.pipe(onward);
    onward.on("response", (answer: IncomingMessage) => {
      if (isDelete) return kill();
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    close: () => {
      proxy.closeAllConnections();
      proxy.close();
    },
  };
}
