import { secretsIn } from "../../../config/secrets.ts";
import type { Side } from "../../../config/sections/lightrag.ts";
import { AppError, UsageError } from "../../../engine/errors.ts";
import { type CacheKind, CacheKinds } from "../../../llm-cache/entries/cache-kinds.ts";
import type { KvStore } from "../../../llm-cache/kv-store.ts";
import { type StoreType, storeTypes } from "../../../llm-cache/store-settings.ts";
import type { CommandContext } from "../../context.ts";
import { keepHeapSmall } from "../../small-heap.ts";
import { formatCount } from "../../output/format.ts";
import { redactor } from "../../output/redact.ts";
import { warnOfUnverified } from "../../unverified.ts";
import { addressesOf, sideSettings } from "./side-settings.ts";

/** A store that is open, with its caches counted. */
export interface OpenSide {
  readonly store: KvStore;
  readonly total: number;
}

export interface SideChoice {
  /** Asked for when it is not given. */
  readonly type: StoreType | undefined;
  readonly envFile: string | undefined;
}

/** Checks the variables of one side, connects, counts, and says so. Undefined when the operator leaves. */
export async function openSide(
  context: CommandContext,
  side: Side,
  { type: given, envFile }: SideChoice,
  kinds: CacheKinds,
): Promise<OpenSide | undefined> {
  const { dialogue } = context;
  const title = side === "source" ? "Source" : "Target";
  const type = given ?? (await chooseType(context, title));
  if (type === undefined) return undefined;
  const store = await connect(context, side, title, type, envFile);
  try {
    dialogue.say("\nCounting cache records...");
    const counts = await store.count(kinds, context.signal);
    const total = [...counts.values()].reduce((sum, entries) => sum + entries, 0);
    dialogue.say([...countLines(kinds, counts), `- Total: ${formatCount(total)} records`].join("\n"));
    return { store, total };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function chooseType({ dialogue, output }: CommandContext, title: string): Promise<StoreType | undefined> {
  if (output.json) throw notAsked(title);
  dialogue.say(
    ["\nSupported KV Storage Types:", ...storeTypes.map((type, at) => `[${at + 1}] ${type}`), ""].join("\n"),
  );
  for (;;) {
    const answer = await dialogue.ask(`Select ${title} storage type (1-${storeTypes.length}): `);
    if (answer === undefined) throw notAsked(title);
    if (answer === "" || answer === "0") {
      dialogue.say("\n✓ Migration cancelled by user");
      return undefined;
    }
    const chosen = /^[1-4]$/.test(answer) ? storeTypes[Number(answer) - 1] : undefined;
    if (chosen !== undefined) return chosen;
    dialogue.say("✗ Invalid choice. Please enter one of: 1, 2, 3, 4");
  }
}

function notAsked(title: string): UsageError {
  return new UsageError("store_not_named", `The ${title.toLowerCase()} was not named, and nobody answers.`, {
    hint: `Add --${title.toLowerCase()} json|redis|postgres|mongodb. Nothing was touched.`,
  });
}

/** @throws UsageError or AppError that says what is missing or wrong; nothing was touched then */
export async function connect(
  context: CommandContext,
  side: Side,
  title: string,
  type: StoreType,
  envFile: string | undefined,
): Promise<KvStore> {
  const { dialogue } = context;
  dialogue.say("\nChecking environment variables...");
  const { missing, workspace, settings, env } = sideSettings(context, side, type, envFile);
  if (missing.length > 0) {
    const text = `Missing required environment variables: ${missing.join(", ")}`;
    dialogue.say(`✗ ${text}`);
    throw new UsageError("missing_variables", text, {
      hint: `Set them in ${envFile ?? ".env"}${envFile === undefined ? `, or with ${side.toUpperCase()}_ in front for the ${side} alone` : ""}. Nothing was touched.`,
    });
  }
  const described = settings();
  warnOfUnverified(addressesOf(described), context.log);
  dialogue.say("✓ All required environment variables are set");
  dialogue.say(`\nInitializing ${title} storage...`);
  keepHeapSmall();
  try {
    const { openStore } = await import("../../../llm-cache/stores/open-store.ts");
    const store = await openStore(described);
    dialogue.say(`- Storage Type: ${type}\n- Workspace: ${workspace || "(default)"}\n- Connection Status: ✓ Success`);
    return store;
  } catch (error) {
    if (error instanceof AppError) throw error;
    const { failureOf } = await import("../../../llm-cache/failure.ts");
    const text = `Initialization failed: ${redactor(secretsIn(env))(failureOf(error).message)}`;
    dialogue.say(`✗ ${text}`);
    throw new AppError("store_not_opened", `${title}: ${text}`, {
      cause: error,
      hint: "Check that the server runs, and host, port, user and password in the variables. Nothing was touched.",
    });
  }
}

/** Extraction's caches always, the others where there are any. */
function countLines(kinds: CacheKinds, counts: ReadonlyMap<CacheKind, number>): string[] {
  const always = new CacheKinds().all;
  return kinds.all
    .filter((kind) => always.includes(kind) || (counts.get(kind) ?? 0) > 0)
    .map((kind) => `- ${kind}: ${formatCount(counts.get(kind) ?? 0)} records`);
}
