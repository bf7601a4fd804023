import { z } from "zod";
import { furtherTypes } from "../../../llm-cache/entries/cache-kinds.ts";
import { type StoreType, storeTypes } from "../../../llm-cache/store-settings.ts";
import { value } from "../../options/flags.ts";
import { option, rowsOrOff } from "../../options/values.ts";

const shortNames: Readonly<Record<string, StoreType>> = {
  json: "JsonKVStorage",
  redis: "RedisKVStorage",
  postgres: "PGKVStorage",
  mongodb: "MongoKVStorage",
};

const names = [...Object.keys(shortNames), ...storeTypes];

const storeType = option(`one of ${names.join(", ")}`, (text) =>
  Object.hasOwn(shortNames, text) ? shortNames[text] : storeTypes.find((type) => type === text),
);

const include = option(`a list of ${furtherTypes.join(", ")}, or all`, (text) => {
  if (text === "all") return [...furtherTypes];
  const asked = text.split(",").map((name) => name.trim());
  const known = furtherTypes.filter((type) => asked.includes(type));
  return known.length === new Set(asked).size ? known : undefined;
});

/** The two stores of a command, each of a type and described by variables. */
export const routeFlags = {
  source: value("the type of the store to read", storeType.optional(), { offered: names }),
  target: value("the type of the store to write", storeType.optional(), { offered: names }),
  sourceEnv: value("the file whose variables alone describe the source", z.string().optional()),
  targetEnv: value("the file whose variables alone describe the target", z.string().optional()),
};

export const includeFlag = value("other caches too, such as query,keywords,analysis, or all", include.optional());

export const maxRps = value("at most so many records a second, or off", rowsOrOff.optional());
