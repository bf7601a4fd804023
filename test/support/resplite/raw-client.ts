import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type Reply, ReplyReader } from "./resp-replies.ts";

/** A client that shows replies as they came, and sends what no proper client would. */
export class RawClient {
  readonly socket: Socket;
  readonly #reader = new ReplyReader();
  readonly #replies: Reply[] = [];
  #arrived = Promise.withResolvers<void>();
  #closed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#reader.push(chunk);
      for (let reply = this.#reader.next(); reply !== undefined; reply = this.#reader.next()) this.#replies.push(reply);
      this.#wake();
    });
    socket.on("close", () => {
      this.#closed = true;
      this.#wake();
    });
    socket.on("error", () => {});
  }

  static async open(port: number, host = "127.0.0.1"): Promise<RawClient> {
    const socket = connect({ port, host, noDelay: true });
    await once(socket, "connect");
    return new RawClient(socket);
  }

  /** Arguments are Latin-1 text. */
  async call(...args: string[]): Promise<Reply> {
    this.send(args);
    return this.next();
  }

  /** All in one write. */
  async pipeline(commands: readonly string[][]): Promise<Reply[]> {
    this.send(...commands);
    const replies: Reply[] = [];
    for (const _ of commands) replies.push(await this.next());
    return replies;
  }

  send(...commands: readonly string[][]): void {
    this.write(commands.map(encode).join(""));
  }

  /** As it is. */
  write(text: string): void {
    this.socket.write(Buffer.from(text, "latin1"));
  }

  /** Throws when the connection ends first. */
  async next(): Promise<Reply> {
    while (this.#replies.length === 0) {
      if (this.#closed) throw new Error("the connection has ended");
      await this.#arrived.promise;
    }
    return this.#replies.shift()!;
  }

  /** What has come and was not taken. */
  get waiting(): number {
    return this.#replies.length;
  }

  async untilClosed(): Promise<void> {
    while (!this.#closed) await this.#arrived.promise;
  }

  close(): void {
    this.socket.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #wake(): void {
    const arrived = this.#arrived;
    this.#arrived = Promise.withResolvers();
    arrived.resolve();
  }
}

export function encode(args: readonly string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join("")}`;
}
