import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { AppError } from "../../src/engine/errors.ts";
import { OLDEST_JDK, type ElasticsearchMajor, type Jdk } from "./jdk.ts";

/**
 * What is to be installed before Elasticsearch can be started here, all of it in one message; undefined when nothing
 * is.
 */
export function missingPrerequisites(found: {
  jdks: readonly Jdk[];
  asked?: ElasticsearchMajor | undefined;
  /** Needed to take the server once; not needed when it is in the cache. */
  maven: boolean;
}): AppError | undefined {
  const needed = OLDEST_JDK[found.asked ?? 8];
  const newest = Math.max(0, ...found.jdks.map((jdk) => jdk.major));
  const missing: string[] = [];
  const install: string[] = [];
  if (newest < needed) {
    missing.push(`no JDK ${needed} or newer${newest > 0 ? ` (the newest found is ${newest})` : ""}`);
    install.push(`JDK ${OLDEST_JDK[found.asked ?? 9]} or newer`);
  }
  if (!found.maven) {
    missing.push("no Maven (mvn)");
    install.push("Maven 3");
  }
  if (missing.length === 0) return undefined;
  const what = found.asked ? `Elasticsearch ${found.asked}` : "Elasticsearch";
  return new AppError("prerequisites_missing", `${what} cannot be started here: found ${missing.join(" and ")}`, {
    hint: `Install ${install.join(" and ")}; or start Docker; or set TEST_ELASTICSEARCH_URL to a running Elasticsearch 8 or 9.`,
  });
}

export async function isOnPath(program: string): Promise<boolean> {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter(Boolean);
  const found = await Promise.all(
    folders.map((folder) =>
      access(join(folder, program), constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}
