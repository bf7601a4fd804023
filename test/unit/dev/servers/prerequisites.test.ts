import { expect, test } from "vitest";
import { missingPrerequisites } from "../../../../dev/servers/prerequisites.ts";

const jdk = (major: number) => ({ home: `/jdks/${major}`, major });

test("says everything that is missing in one message and names what to install", () => {
  const error = missingPrerequisites({ jdks: [], maven: false });
  expect(error?.message).toBe("Elasticsearch cannot be started here: found no JDK 17 or newer and no Maven (mvn)");
  expect(error?.hint).toBe(
    "Install JDK 21 or newer and Maven 3; or start Docker; or set TEST_ELASTICSEARCH_URL to a running Elasticsearch 8 or 9.",
  );
});

test("names a JDK that is too old for the Elasticsearch asked for", () => {
  const error = missingPrerequisites({ jdks: [jdk(11), jdk(17)], asked: 9, maven: true });
  expect(error?.message).toBe(
    "Elasticsearch 9 cannot be started here: found no JDK 21 or newer (the newest found is 17)",
  );
  expect(error?.hint).toMatch(/^Install JDK 21 or newer; or start Docker/);
});

test("names Maven alone when only Maven is missing", () => {
  expect(missingPrerequisites({ jdks: [jdk(25)], maven: false })?.hint).toMatch(/^Install Maven 3; or/);
});

test.each([
  { jdks: [jdk(17)], maven: true },
  { jdks: [jdk(17)], asked: 8 as const, maven: true },
  { jdks: [jdk(8), jdk(21)], asked: 9 as const, maven: true },
])("nothing is missing with %j", (found) => {
  expect(missingPrerequisites(found)).toBeUndefined();
});
