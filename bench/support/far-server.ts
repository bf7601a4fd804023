import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface FarServer {
  readonly url: string;
  close(): Promise<void>;
}

/** The server of `target` as it would be far away: every byte arrives so many milliseconds later, in both directions. */
export async function farServer(target: string, millis: number): Promise<FarServer> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const later = (from: Socket, to: Socket): void => {
    sockets.add(from);
    from.setNoDelay(true);
    from.on("error", () => {}); // the other end has gone
    from.on("data", (bytes: Buffer) => setTimeout(() => void (to.writable && to.write(bytes)), millis));
    from.on("close", () => {
      sockets.delete(from);
      setTimeout(() => to.destroy(), millis);
    });
  };
  const listener = createServer((client) => {
    const server = connect(Number(port), hostname);
    later(client, server);
    later(server, client);
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  return {
    url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    async close() {
      listener.close();
      for (const socket of sockets) socket.destroy();
      await once(listener, "close");
    },
  };
}
