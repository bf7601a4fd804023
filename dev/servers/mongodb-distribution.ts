import { copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../src/engine/errors.ts";
import { cachedFolder, isCached } from "./cached-folder.ts";
import { findJdks, type Jdk } from "./jdk.ts";
import { isOnPath } from "./prerequisites.ts";

const sources = join(import.meta.dirname, "mongodb");
const oldestJdk = 17;

/**
 * The folder with the server's libraries and our compiled main class, and the JDK to run them with. The first time
 * Maven takes the libraries from its repositories. Throws AppError that says what to install.
 */
export async function mongodbDistribution(signal: AbortSignal | undefined): Promise<{ home: string; jdk: Jdk }> {
  const pom = join(sources, "pom.xml");
  const version = /<version>(\d+\.\d+\.\d+)</.exec(await readFile(pom, "utf8"))?.[1];
  const name = `mongo-java-server-${version}`;
  const jdk = newest(await findJdks(undefined));
  const maven = (await isCached(name, undefined)) || (await isOnPath("mvn"));
  if (jdk === undefined || !maven) {
    const missing = [jdk === undefined && `JDK ${oldestJdk} or newer`, !maven && "Maven 3"]
      .filter(Boolean)
      .join(" and ");
    throw new AppError(
      "prerequisites_missing",
      `The stand-in for MongoDB cannot be started here: found no ${missing}`,
      {
        hint: `Install ${missing}; or set TEST_MONGODB_URL to a running MongoDB.`,
      },
    );
  }
  const home = await cachedFolder(name, { signal }, async (workplace) => {
    const filled = join(workplace.folder, name);
    await mkdir(filled);
    const copy = ["dependency:copy-dependencies", `-DoutputDirectory=${filled}`];
    const env = { JAVA_HOME: process.env["JAVA_HOME"] || jdk.home };
    await workplace.run({ file: "mvn", args: ["-q", "-B", "-f", pom, ...copy], env });
    await copyFile(join(sources, "Server.java"), join(filled, "Server.java"));
    const compile = ["--release", String(oldestJdk), "-cp", join(filled, "*"), "-d", filled];
    await workplace.run({ file: join(jdk.home, "bin", "javac"), args: [...compile, join(filled, "Server.java")] });
    return filled;
  });
  return { home, jdk };
}

function newest(jdks: readonly Jdk[]): Jdk | undefined {
  return jdks.filter(({ major }) => major >= oldestJdk).toSorted((one, other) => other.major - one.major)[0];
}
