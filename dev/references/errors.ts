import { globSync, readFileSync } from "node:fs";
import { parseSync } from "oxc-parser";
import { cell, table } from "./markdown.ts";

// Reads the source as a tree and collects every error that is made for an operator: `new AppError(code, message, {
// hint })` and tables of { code, hint }.

export interface ErrorEntry {
  readonly code: string;
  /** The program's folder or file that makes it. */
  readonly place: string;
  /** Sentences of the program, with … for what is filled in; none where it is the server's own. */
  readonly messages: readonly string[];
  readonly hints: readonly string[];
  /** Nothing was touched; exit code 2. */
  readonly isUsage: boolean;
}

type Node = Readonly<Record<string, unknown>> & { readonly type: string };

interface Found {
  readonly codes: readonly string[];
  readonly message: string | undefined;
  readonly hint: string | undefined;
  readonly isUsage: boolean;
}

const gap = "…";
/** Codes that a file puts something before. */
const prefixes: Readonly<Record<string, string>> = { "src/stores/elasticsearch/errors.ts": "elasticsearch_" };

const takeover =
  "app elasticsearch takeover --dry-run says what it means to go on with it here; else choose another ELASTICSEARCH_INDEX_PREFIX (docs/archive.md).";

/** Errors whose sentences the program puts together only when it fails. */
const composed: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  database_tls: [
    "No trusted TLS connection to PostgreSQL, or a server that has none though sslmode asks for it.",
    "The hint says what to set for this reason: sslmode, sslrootcert, sslcert, sslkey (docs/operations.md).",
  ],
  copy_failed: [
    "A write into the other store failed.",
    "It is tried again; `app milvus errors list` shows what is left.",
  ],
  schema_differs: [
    "A collection has other fields than this program makes; all of them are named.",
    "The hint says for each store what to do.",
  ],
  archive_settings_changed: [
    "A setting is another than the one the archive was made with; all of them are named.",
    "Set it back to what the hint says, or go the way that it names (docs/archive.md).",
  ],
  references_hidden: [
    "A table of yours has a foreign key to the log tables, and this role cannot see all of it. Nothing was deleted.",
    "The GRANT for each such table.",
  ],
  row_security: [
    "Row level security hides rows of a table, which would be missed without a word. Nothing was done.",
    "ALTER ROLE ... BYPASSRLS, by a superuser; the hint names the role.",
  ],
  state_denied: [
    "The role may not keep the archive's state in the schema log_archive. Nothing was changed.",
    "The statements that give it, and who runs them (docs/roles.md).",
  ],
  archive_behind: ["A copy of this database has written into the archive since. Nothing was written.", takeover],
  archive_copied: [
    "This database is not the one that the archive belongs to, but a copy of it. Nothing was written.",
    takeover,
  ],
  archive_of_another: ["The indices of the prefix belong to another archive. Nothing was written.", takeover],
  archive_taken_over: ["The archive was taken over by another database. Nothing was written.", takeover],
  wrong_key: [
    "The file is no key of Ed25519 in PEM form, or cannot be read.",
    "The command of openssl that makes one.",
  ],
  worker_lost: [
    "The worker of a scheduled job died or was cut off.",
    "The job is tried again by itself; look at the log of app worker, and whether it runs.",
  ],
  preflight_failed: [
    "What the command cannot do without is missing; everything is listed at once.",
    "A line for each: app elasticsearch preflight says the same.",
  ],
};

/** By place and code. */
export function errorEntries(): ErrorEntry[] {
  const entries = new Map<string, ErrorEntry>();
  for (const file of globSync("src/**/*.ts").toSorted()) {
    for (const { codes, message, hint, isUsage } of errorsIn(file)) {
      for (const code of codes) {
        // zod's; and what the prefix below makes
        if (code === "custom" || code.startsWith(`elasticsearch_${gap}`)) continue;
        const whole = `${prefixes[file] ?? ""}${code}`;
        const place = placeOf(file);
        const known = entries.get(`${place} ${whole}`) ?? { code: whole, place, messages: [], hints: [], isUsage };
        entries.set(`${place} ${whole}`, {
          ...known,
          messages: withText(known.messages, composed[whole]?.[0] ?? message),
          hints: withText(known.hints, composed[whole]?.[1] ?? hint),
          isUsage: known.isUsage && isUsage,
        });
      }
    }
  }
  return [...entries.values()].toSorted((a, b) => compare(a.place, b.place) || compare(a.code, b.code));
}

export function errorsReference(entries: readonly ErrorEntry[]): string {
  return [
    "# Error codes",
    'Written by `npm run references` from the program itself. With `--json` a failure is `{command, error: {code, message, hint}}`; without it the message and the hint are printed. Codes marked "usage" end with 2, and nothing was touched; all others end with 1, and what was confirmed is kept. Reasons why single rows were refused are record errors: [troubleshooting.md](troubleshooting.md#record-errors).',
    ...[...Map.groupBy(entries, ({ place }) => place)].flatMap(([place, some]) => [
      `## ${places[place] ?? place}`,
      table(
        ["code", "what happened", "what to do"],
        some.map(({ code, messages, hints, isUsage }) => [
          `\`${code}\`${isUsage ? " (usage)" : ""}`,
          inCell(messages, "what the server says"),
          inCell(hints, "the message says it"),
        ]),
      ),
    ]),
  ].join("\n\n");
}

const places: Readonly<Record<string, string>> = {
  cli: "Command line",
  config: "Configuration",
  engine: "All pipelines",
  layra: "An application's five stores",
  "llm-cache": "LLM caches",
  resplite: "Redis in an SQLite file",
  runs: "Runs",
  "stores/blobs": "File storage and S3",
  "stores/elasticsearch": "Elasticsearch",
  "stores/milvus": "Milvus",
  "stores/mongodb": "MongoDB",
  "stores/mysql": "MySQL",
  "stores/postgres": "PostgreSQL",
  "stores/redis": "Redis",
  "stores/sqlite": "SQLite and the state file",
  "stores/weaviate": "Weaviate",
  vectors: "Notes from Weaviate to Milvus",
  "workflow-logs": "Workflow logs",
};

function placeOf(file: string): string {
  const [, folder = "", store = ""] = file.split("/");
  return folder === "stores" ? `stores/${store}` : folder.replace(/\.ts$/, "");
}

function withText(texts: readonly string[], text: string | undefined): readonly string[] {
  return text === undefined || text === "" || text === gap || texts.includes(text) ? texts : [...texts, text];
}

function inCell(some: readonly string[], none: string): string {
  return some.length === 0 ? none : some.map((text) => cell(text.replaceAll(/\s+/g, " "))).join("<br>");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function errorsIn(file: string): Found[] {
  const { program } = parseSync(file, readFileSync(file, "utf8"));
  const root = program as unknown as Node;
  const constants = constantsOf(root);
  const found: Found[] = [];
  visit(root, (node) => {
    const error = node.type === "NewExpression" ? madeError(node, constants) : describedError(node, constants);
    if (error !== undefined) found.push(error);
  });
  return found;
}

function madeError(node: Node, constants: Constants): Found | undefined {
  const callee = nameOf(node["callee"] as Node);
  if (callee !== "AppError" && callee !== "UsageError") return undefined;
  const [code, message, options] = node["arguments"] as (Node | undefined)[];
  return {
    codes: valuesOf(code!, constants),
    message: message && textOf(message, constants),
    hint: options && textOf(memberOf(options, "hint"), constants),
    isUsage: callee === "UsageError",
  };
}

/** An object such as `{ code: "database_lock", hint: "..." }`, of which an error is made elsewhere. */
function describedError(node: Node, constants: Constants): Found | undefined {
  if (node.type !== "ObjectExpression") return undefined;
  const [code, message, hint] = ["code", "message", "hint"].map((name) => memberOf(node, name));
  if (code === undefined || (message === undefined && hint === undefined)) return undefined;
  const codes = valuesOf(code, constants).filter((value) => /^[a-z0-9_]+$/.test(value));
  return codes.length === 0
    ? undefined
    : { codes, message: textOf(message, constants), hint: textOf(hint, constants), isUsage: false };
}

type Constants = ReadonlyMap<string, Node>;

/** What the file's constants stand for. */
function constantsOf(root: Node): Constants {
  const constants = new Map<string, Node>();
  visit(root, (node) => {
    if (node.type !== "VariableDeclarator" || node["init"] === null) return;
    constants.set(nameOf(node["id"] as Node), node["init"] as Node);
  });
  return constants;
}

/** The texts that an expression may be; one with `…` stands for many. */
function valuesOf(node: Node, constants: Constants): string[] {
  if (node.type === "ConditionalExpression")
    return [node["consequent"], node["alternate"]].flatMap((branch) => valuesOf(branch as Node, constants));
  const text = textOf(node, constants) ?? gap;
  return /^[a-z]/.test(text) ? [text] : [];
}

function textOf(node: Node | undefined, constants: Constants): string | undefined {
  if (node === undefined) return undefined;
  switch (node.type) {
    case "Literal":
      return typeof node["value"] === "string" ? node["value"] : gap;
    case "TemplateLiteral": {
      const [quasis, expressions] = [node["quasis"], node["expressions"]] as [Node[], Node[]];
      return quasis
        .map((quasi, at) => {
          const { cooked } = quasi["value"] as { cooked: string };
          return at < expressions.length ? cooked + textOf(expressions[at], constants)! : cooked;
        })
        .join("");
    }
    case "BinaryExpression":
      return `${textOf(node["left"] as Node, constants)}${textOf(node["right"] as Node, constants)}`;
    case "ConditionalExpression":
      return `${textOf(node["consequent"] as Node, constants)} / ${textOf(node["alternate"] as Node, constants)}`;
    case "LogicalExpression":
      return textOf(node["right"] as Node, constants);
    case "Identifier": {
      const name = nameOf(node);
      const known = constants.get(name);
      const rest = new Map(constants);
      rest.delete(name); // a name that is shadowed must not lead in a circle
      return known === undefined ? gap : textOf(known, rest);
    }
    default:
      return gap;
  }
}

function memberOf(node: Node, name: string): Node | undefined {
  if (node.type !== "ObjectExpression") return undefined;
  for (const property of node["properties"] as Node[])
    if (property.type === "Property" && nameOf(property["key"] as Node) === name) return property["value"] as Node;
  return undefined;
}

function nameOf(node: Node): string {
  return typeof node["name"] === "string" ? node["name"] : "";
}

function visit(node: Node, look: (node: Node) => void): void {
  look(node);
  for (const value of Object.values(node))
    for (const child of Array.isArray(value) ? (value as unknown[]) : [value]) if (isNode(child)) visit(child, look);
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}
