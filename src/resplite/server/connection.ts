import type { Socket } from "node:net";
import type { Data } from "../data/data.ts";
import { CommandError } from "../data/errors.ts";
import type { ListEnd } from "../data/types/lists.ts";
import type { BlockedClient } from "./blocked-clients.ts";
import type { Command } from "./command.ts";
import type { Client } from "./service.ts";
import { findCommand } from "./commands/table.ts";
import { wrongNumberOfArguments } from "./arguments.ts";
import { protocolLimits, strangerLimits } from "./protocol/limits.ts";
import { recycle, ReplyWriter } from "./protocol/reply-writer.ts";
import { ProtocolError, RequestReader } from "./protocol/request-reader.ts";
import { notSupported } from "./refusals.ts";
import type { Service } from "./service.ts";
import type { Turn, TurnMember } from "./turn.ts";

/**
 * While so much of its replies waits to be read by the client, nothing more is done for it, and nothing more is read
 * from it.
 */
const mostUnread = 1024 * 1024;

/** While a client is blocked, so much of what it sends is taken. */
const mostAhead = 1024 * 1024;

const longestTimer = 2 ** 31 - 1;

/** One client: bytes become commands, commands replies, in the order in which they came. */
export class Connection implements Client, TurnMember {
  readonly id: number;
  readonly address: string;
  readonly connectedAt = Date.now();
  readonly data: Data;
  readonly service: Service;
  readonly reply = new ReplyWriter();
  name = "";
  library = "";
  libraryVersion = "";
  lastCommand = "";
  readonly #socket: Socket;
  readonly #turn: Turn;
  readonly #reader: RequestReader;
  #authenticated: boolean;
  #blocked: BlockedClient | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closing = false;
  /** The client sends nothing more. */
  #ended = false;
  /** Something was read that could not be done yet. */
  #behind = false;
  /** Replies of this turn. */
  #replies = 0;

  constructor(socket: Socket, id: number, service: Service, turn: Turn) {
    this.id = id;
    this.address = `${socket.remoteAddress}:${socket.remotePort}`;
    this.service = service;
    this.data = service.data;
    this.#socket = socket;
    this.#turn = turn;
    this.#authenticated = !service.access.required;
    this.#reader = new RequestReader(this.#authenticated ? protocolLimits : strangerLimits);
    socket.setNoDelay(true);
    socket.on("data", (chunk) => this.#receive(chunk));
    socket.on("drain", () => this.#goOn());
    socket.on("end", () => this.#end());
    socket.on("error", () => socket.destroy()); // such as a client that was killed
    socket.on("close", () => this.#closed());
    service.clients.add(this);
  }

  get authenticated(): boolean {
    return this.#authenticated;
  }

  set authenticated(value: boolean) {
    this.#authenticated = value;
    this.#reader.limits = value ? protocolLimits : strangerLimits;
  }

  close(): void {
    this.#closing = true;
  }

  /** Ends the connection now, with what was replied so far. */
  disconnect(): void {
    this.#unblock();
    this.#closing = true;
    this.#socket.destroySoon();
  }

  block(keys: readonly Buffer[], end: ListEnd, milliseconds: number): void {
    const blocked: BlockedClient = {
      keys: keys.map((key) => Buffer.from(key)),
      end,
      served: (key, element) => this.#wake(() => this.reply.bulks([key, element])),
    };
    this.service.blocked.add(blocked);
    this.#blocked = blocked;
    if (milliseconds > 0) this.#wakeAfter(this.data.keys.now + milliseconds);
  }

  proceed(): void {
    try {
      this.#behind = true;
      while (this.#mayProceed()) {
        const args = this.#reader.next();
        if (args === undefined) {
          this.#behind = false;
          break;
        }
        if (args.length > 0) this.#execute(args);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#replies += 1;
      this.reply.error(`ERR Protocol error: ${error.message}`);
      this.close();
    }
    this.#readOrWait();
  }

  fail(text: string): void {
    this.reply.discard();
    for (; this.#replies > 0; this.#replies -= 1) this.reply.error(text);
  }

  send(): void {
    this.#replies = 0;
    const socket = this.#socket;
    const taken = this.reply.take();
    if (!socket.destroyed && taken.length > 0) {
      if (taken.length === 1) socket.write(taken[0]!);
      else {
        socket.cork();
        for (const part of taken) socket.write(part);
        socket.uncork();
      }
    }
    if (socket.writableLength === 0) recycle(taken); // the system has it all
    // whether the client ends too or not
    if (this.#closing || (this.#ended && this.#blocked === undefined)) socket.destroySoon();
    else this.#goOn();
  }

  #receive(chunk: Buffer): void {
    this.#reader.push(chunk);
    if (!this.#mayProceed()) {
      this.#behind = true;
      return this.#readOrWait();
    }
    this.#turn.enter(this);
    this.proceed();
  }

  #execute(args: Buffer[]): void {
    this.#replies += 1;
    this.service.commandsProcessed += 1;
    try {
      this.#command(args).run(args, this);
    } catch (error) {
      if (error instanceof CommandError) this.reply.error(error.message);
      else this.#turn.fail(error);
    }
  }

  /** @throws CommandError */
  #command(args: Buffer[]): Command {
    const command = findCommand(args[0]!);
    if (!this.#authenticated && !command?.open) throw new CommandError("NOAUTH Authentication required.");
    if (command === undefined) throw notSupported();
    const { arity, name } = command;
    if (arity > 0 ? args.length !== arity : args.length < -arity) throw wrongNumberOfArguments(name);
    this.lastCommand = name;
    return command;
  }

  #mayProceed(): boolean {
    if (this.#blocked !== undefined || this.#closing || this.#socket.destroyed) return false;
    return this.reply.bytes + this.#socket.writableLength < mostUnread;
  }

  /** Reads on, or not: what arrives then waits in the system's buffers, and the client notices. */
  #readOrWait(): void {
    const full = this.#blocked === undefined ? !this.#mayProceed() : this.#reader.held > mostAhead;
    if (full) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#socket.resume();
  }

  /** What was read and not done is done in the next turn, so that others come between. */
  #goOn(): void {
    this.#readOrWait();
    if (!this.#behind || !this.#mayProceed()) return;
    setImmediate(() => {
      if (!this.#mayProceed()) return;
      this.#turn.enter(this);
      this.proceed();
    });
  }

  #wakeAfter(deadline: number): void {
    const left = Math.max(deadline - Date.now(), 1);
    this.#timer = setTimeout(
      () => {
        if (Date.now() < deadline) return this.#wakeAfter(deadline);
        this.service.blocked.remove(this.#blocked!);
        this.#turn.enter(this);
        this.#wake(() => this.reply.nullArray());
      },
      Math.min(left, longestTimer),
    );
  }

  /** What waits behind the command is done in this turn. */
  #wake(write: () => void): void {
    clearTimeout(this.#timer);
    this.#blocked = undefined;
    this.#replies = Math.max(this.#replies, 1);
    write();
    this.#turn.resume(this);
  }

  #unblock(): void {
    clearTimeout(this.#timer);
    if (this.#blocked !== undefined) this.service.blocked.remove(this.#blocked);
    this.#blocked = undefined;
  }

  #end(): void {
    this.#ended = true;
    this.#unblock();
    this.#turn.enter(this); // replies to what came before the end go out first
  }

  #closed(): void {
    this.#unblock();
    this.reply.discard();
    this.service.clients.delete(this);
  }
}
