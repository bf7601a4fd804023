import { CommandError } from "../../data/errors.ts";
import { keyword, syntaxError, wrongNumberOfArguments } from "../arguments.ts";
import type { CommandGroup } from "../command.ts";
import type { Client } from "../service.ts";
import { notSupported } from "../refusals.ts";
import { clientName } from "./connection.ts";

/** What clients send by themselves when they connect, and what one asks to see who is there. */
export const clientCommands: CommandGroup = {
  client: { arity: -2, flags: ["loading", "stale"], run: client },
};

type Subcommand = (args: readonly Buffer[], client: Client) => void;

/** How many arguments behind CLIENT, with the subcommand's name; undefined: any number. */
const subcommands: Record<string, { count?: number; run: Subcommand }> = {
  ID: { count: 1, run: (_, { id, reply }) => reply.integer(id) },
  GETNAME: { count: 1, run: (_, { name, reply }) => (name === "" ? reply.null() : reply.text(name)) },
  SETNAME: { count: 2, run: setName },
  SETINFO: { count: 3, run: setInfo },
  INFO: { count: 1, run: (_, one) => one.reply.verbatim(`${describe(one)}\n`) },
  LIST: { run: list },
  "NO-EVICT": { count: 2, run: (_, { reply }) => reply.ok() },
  "NO-TOUCH": { count: 2, run: (_, { reply }) => reply.ok() },
};

function client(args: readonly Buffer[], one: Client): void {
  const name = keyword(args[1]!);
  const subcommand = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined;
  if (subcommand === undefined) throw notSupported();
  if (subcommand.count !== undefined && args.length !== subcommand.count + 1) {
    throw wrongNumberOfArguments(`client|${name.toLowerCase()}`);
  }
  subcommand.run(args, one);
}

function setName(args: readonly Buffer[], one: Client): void {
  one.name = clientName(args[2]!);
  one.reply.ok();
}

function setInfo([, , attribute, value]: readonly Buffer[], one: Client): void {
  const name = keyword(attribute!);
  if (name !== "LIB-NAME" && name !== "LIB-VER") {
    throw new CommandError(`ERR Unrecognized option '${attribute!.toString("latin1")}'`);
  }
  if (value!.some((byte) => byte < 0x21 || byte > 0x7e)) {
    throw new CommandError(`ERR ${name.toLowerCase()} cannot contain spaces, newlines or special characters.`);
  }
  if (name === "LIB-NAME") one.library = value!.toString("latin1");
  else one.libraryVersion = value!.toString("latin1");
  one.reply.ok();
}

/** CLIENT LIST [TYPE normal | master | replica | pubsub] [ID id ...] */
function list(args: readonly Buffer[], { reply, service }: Client): void {
  const wanted = wantedClients(args);
  reply.verbatim(
    [...service.clients]
      .filter(wanted)
      .map((one) => `${describe(one)}\n`)
      .join(""),
  );
}

const clientTypes = ["NORMAL", "MASTER", "REPLICA", "SLAVE", "PUBSUB"];

function wantedClients([, , by, ...values]: readonly Buffer[]): (one: Client) => boolean {
  if (by === undefined) return () => true;
  const [value] = values;
  if (keyword(by) === "TYPE" && value !== undefined && values.length === 1) {
    const type = keyword(value);
    if (!clientTypes.includes(type)) throw new CommandError(`ERR Unknown client type '${value.toString("latin1")}'`);
    return () => type === "NORMAL"; // there are no others
  }
  if (keyword(by) !== "ID" || value === undefined) throw syntaxError();
  const ids = new Set(values.map((id) => Number(id.toString("latin1"))));
  if ([...ids].some((id) => !Number.isInteger(id))) throw new CommandError("ERR Invalid client ID");
  return ({ id }) => ids.has(id);
}

function describe({
  id,
  address,
  name,
  connectedAt,
  library,
  libraryVersion,
  lastCommand,
  reply,
  data,
}: Client): string {
  const age = Math.trunc((data.keys.now - connectedAt) / 1000);
  return `id=${id} addr=${address} name=${name} age=${age} db=0 cmd=${lastCommand || "NULL"} resp=${reply.version} lib-name=${library} lib-ver=${libraryVersion}`;
}
