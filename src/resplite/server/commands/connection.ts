import { CommandError } from "../../data/errors.ts";
import { keyword, syntaxError, wrongNumberOfArguments } from "../arguments.ts";
import type { CommandGroup } from "../command.ts";
import type { Client } from "../service.ts";
import { notSupported } from "../refusals.ts";
import { serverVersion } from "./server-version.ts";

const flags = ["loading", "stale", "fast"] as const;

export const connectionCommands: CommandGroup = {
  ping: { arity: -1, flags, run: ping },
  echo: { arity: 2, flags, run: ([, message], { reply }) => reply.bulk(message!) },
  quit: { arity: -1, flags, open: true, run: quit },
  select: { arity: 2, flags, run: select },
  auth: { arity: -2, flags, open: true, run: auth },
  hello: { arity: -1, flags, open: true, run: hello },
  reset: { arity: 1, flags, open: true, run: reset },
};

function ping(args: readonly Buffer[], { reply }: Client): void {
  if (args.length > 2) throw wrongNumberOfArguments("ping");
  if (args[1] === undefined) reply.simple("PONG");
  else reply.bulk(args[1]);
}

function quit(_: readonly Buffer[], client: Client): void {
  client.reply.ok();
  client.close();
}

/** There is one database, which clients select when they connect. */
function select([, index]: readonly Buffer[], { reply }: Client): void {
  if (index!.toString("latin1") !== "0") throw notSupported();
  reply.ok();
}

function auth(args: readonly Buffer[], client: Client): void {
  if (args.length > 3) throw syntaxError();
  const [user, password] = args.length === 3 ? [args[1]!, args[2]!] : [Buffer.from("default"), args[1]!];
  if (args.length === 2 && !client.service.access.required) {
    throw new CommandError(
      "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
    );
  }
  authenticate(client, user, password);
  client.reply.ok();
}

function authenticate(client: Client, user: Buffer, password: Buffer): void {
  if (!client.service.access.admits(user, password)) {
    throw new CommandError("WRONGPASS invalid username-password pair or user is disabled.");
  }
  client.authenticated = true;
}

/** HELLO [version [AUTH user password] [SETNAME name]] */
function hello(args: readonly Buffer[], client: Client): void {
  const { reply } = client;
  const version = args[1]?.toString("latin1");
  if (version !== undefined && !/^-?\d{1,18}$/.test(version)) {
    throw new CommandError("ERR Protocol version is not an integer or out of range");
  }
  if (version !== undefined && version !== "2" && version !== "3") {
    throw new CommandError("NOPROTO unsupported protocol version");
  }
  let name: string | undefined;
  let credentials: [user: Buffer, password: Buffer] | undefined;
  for (let at = 2; at < args.length; at += 1) {
    const word = keyword(args[at]!);
    if (word === "AUTH" && at + 2 < args.length) credentials = [args[(at += 1)]!, args[(at += 1)]!];
    else if (word === "SETNAME" && at + 1 < args.length) name = clientName(args[(at += 1)]!);
    else throw new CommandError(`ERR Syntax error in HELLO option '${args[at]!.toString("latin1")}'`);
  }
  if (credentials !== undefined) authenticate(client, ...credentials);
  if (!client.authenticated) {
    throw new CommandError(
      "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time",
    );
  }
  if (name !== undefined) client.name = name;
  if (version !== undefined) reply.version = version === "3" ? 3 : 2;
  const answer: [string, string | number][] = [
    ["server", "redis"],
    ["version", serverVersion],
    ["proto", reply.version],
    ["id", client.id],
    ["mode", "standalone"],
    ["role", "master"],
  ];
  reply.map(answer.length + 1);
  for (const [key, value] of answer) {
    reply.text(key);
    if (typeof value === "number") reply.integer(value);
    else reply.text(value);
  }
  reply.text("modules");
  reply.array(0);
}

export function clientName(bytes: Buffer): string {
  if (bytes.some((byte) => byte < 0x21 || byte > 0x7e)) {
    throw new CommandError("ERR Client names cannot contain spaces, newlines or special characters.");
  }
  return bytes.toString("latin1");
}

function reset(_: readonly Buffer[], client: Client): void {
  client.name = "";
  client.authenticated = !client.service.access.required;
  client.reply.version = 2;
  client.reply.simple("RESET");
}
