import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../src/engine/errors.ts";
import { cachedFolder, isCached } from "./cached-folder.ts";
import { chooseElasticsearch, findJdks, type ElasticsearchMajor, type Jdk } from "./jdk.ts";
import { isOnPath, missingPrerequisites } from "./prerequisites.ts";
import type { ServerUser } from "./server-user.ts";

const POM = join(import.meta.dirname, "elasticsearch", "pom.xml");

/** The version of this major that the project develops against, as the pom pins it. */
export async function elasticsearchVersion(major: ElasticsearchMajor): Promise<string> {
  const version = new RegExp(`<elasticsearch\\.${major}>(.+?)</`).exec(await readFile(POM, "utf8"))?.[1];
  if (!version) throw new AppError("no_elasticsearch_version", `${POM} names no version of Elasticsearch ${major}`);
  return version;
}

/**
 * The unpacked server (never run in place: its folder is shared) and the JDK to run it with. The first time Maven takes
 * it from its repositories. Throws when a JDK or Maven is missing, naming all that is.
 */
export async function elasticsearchDistribution(options: {
  asked?: ElasticsearchMajor | undefined;
  user?: ServerUser | undefined;
  signal?: AbortSignal | undefined;
}): Promise<{ home: string; jdk: Jdk }> {
  const jdks = await findJdks(options.user);
  const choice = chooseElasticsearch(jdks, options.asked);
  const version = await elasticsearchVersion(choice?.major ?? options.asked ?? 9);
  const name = `elasticsearch-${version}`;
  const maven = (await isCached(name, options.user)) || (await isOnPath("mvn"));
  const missing = missingPrerequisites({ jdks, asked: options.asked, maven });
  if (missing || !choice) throw missing ?? new AppError("prerequisites_missing", "No JDK runs Elasticsearch");

  const home = await cachedFolder(name, options, async (workplace) => {
    const properties = [`-Delasticsearch.version=${version}`, `-Dunpack.folder=${workplace.folder}`];
    await workplace.run({
      file: "mvn",
      args: ["-q", "-B", "-f", POM, ...properties, "dependency:unpack"],
      env: { JAVA_HOME: process.env["JAVA_HOME"] || choice.jdk.home },
    });
    return join(workplace.folder, name);
  });
  return { home, jdk: choice.jdk };
}
