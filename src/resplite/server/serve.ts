/**
 * The server: Redis' protocol over the data layer. It owns connections and what they are told; it knows no table, and
 * the data layer knows no protocol. The way of a command: connection.ts (bytes), protocol/request-reader.ts
 * (arguments), commands/ (answer), turn.ts (commit, then reply).
 */
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { AppError, UsageError } from "../../engine/errors.ts";
import type { Data } from "../data/data.ts";
import { Access } from "./access.ts";
import { Checkpoints } from "./checkpoints.ts";
import { Connection } from "./connection.ts";
import { Service } from "./service.ts";
import { startSweeper } from "./sweeper.ts";
import { Turn } from "./turn.ts";

export interface ServeOptions {
  /** 0: any that is free. */
  readonly port: number;
  readonly host: string;
  /** Clients must give it. Needed when `host` lets others in than this machine. */
  readonly password?: string | undefined;
  /** PEM texts. Without them the connection is in the clear. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
}

export interface RunningServer {
  readonly port: number;
  readonly host: string;
  /** Replies to what has arrived, closes the connections, then the file. */
  close(): Promise<void>;
}

const mostClients = 10_000;

/**
 * Serves the data until it is closed, and owns it from now on: nobody else may write by the same Data.
 * @throws UsageError when others could come in without a password; AppError listen_failed
 */
export async function serve(data: Data, options: ServeOptions): Promise<RunningServer> {
  try {
    const { password, host } = options;
    if (password === "")
      throw new UsageError("invalid_password", "The password is empty.", { hint: "Give one, or none." });
    if (password === undefined && !isLoopback(host)) throw openToOthers(host);
    const service = new Service(data, new Access(password));
    const turn = new Turn(service);
    const connections = new Set<Connection>();
    const listening = await listen(options, (socket) => accept(socket, service, turn, connections));
    service.port = (listening.address() as AddressInfo).port;
    const stopSweeper = startSweeper(service);
    const checkpoints = Checkpoints.of(data.file);
    let closing: Promise<void> | undefined;
    return {
      port: service.port,
      host,
      close: () => (closing ??= shut(listening, connections, stopSweeper, checkpoints, data)),
    };
  } catch (error) {
    data.close();
    throw error;
  }
}

function accept(socket: Socket, service: Service, turn: Turn, connections: Set<Connection>): void {
  service.connectionsReceived += 1;
  if (connections.size >= mostClients) {
    socket.on("error", () => {});
    socket.end("-ERR max number of clients reached\r\n");
    return;
  }
  const connection = new Connection(socket, service.connectionsReceived, service, turn);
  connections.add(connection);
  socket.on("close", () => connections.delete(connection));
}

async function listen({ port, host, tls }: ServeOptions, accepted: (socket: Socket) => void): Promise<Server> {
  const half = { allowHalfOpen: true, keepAlive: true };
  let server: Server;
  try {
    server = tls === undefined ? createServer(half, accepted) : createTlsServer({ ...half, ...tls }, accepted);
  } catch (error) {
    throw new UsageError("invalid_certificate", `The certificate or its key cannot be used: ${messageOf(error)}`, {
      cause: error,
      hint: "--tls-cert names a certificate in PEM form, --tls-key its own key without a password. The server was not started.",
    });
  }
  server.on("tlsClientError", (_error: Error, socket: Socket) => socket.destroy());
  try {
    server.listen({ port, host, backlog: 511 });
    await once(server, "listening");
    return server;
  } catch (error) {
    throw new AppError("listen_failed", `Cannot listen on port ${port} of ${host}: ${messageOf(error)}`, {
      cause: error,
      hint: "Another server may have the port. Name another one.",
    });
  }
}

async function shut(
  listening: Server,
  connections: Iterable<Connection>,
  stopSweeper: () => void,
  checkpoints: Checkpoints | undefined,
  data: Data,
): Promise<void> {
  stopSweeper();
  const closed = once(listening, "close");
  listening.close();
  // a turn under way commits and replies first
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  for (const connection of connections) connection.disconnect();
  await closed;
  await checkpoints?.close();
  data.close();
}

/** Names are not looked up: only what is loopback by itself counts. */
function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function openToOthers(host: string): UsageError {
  return new UsageError("password_needed", `On ${host} others than this machine could read and write everything.`, {
    hint: "Set a password (RESPLITE_PASSWORD), or listen on 127.0.0.1.",
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
