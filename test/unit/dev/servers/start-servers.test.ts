import { afterEach, expect, test, vi } from "vitest";
import { elasticsearchVersion } from "../../../../dev/servers/elasticsearch-distribution.ts";
import { startServers } from "../../../../dev/servers/start-servers.ts";

afterEach(() => vi.unstubAllEnvs());

test("the URLs of the environment win, and nothing is started", async () => {
  vi.stubEnv("TEST_DATABASE_URL", "postgres://reader@db.example/dify");
  vi.stubEnv("TEST_ELASTICSEARCH_URL", "http://search.example:9200");
  const servers = await startServers({ elasticsearch: 8 });
  expect(servers).toMatchObject({
    databaseUrl: "postgres://reader@db.example/dify",
    elasticsearchUrl: "http://search.example:9200",
  });
  await servers.stop();
});

test.each([8, 9] as const)("the pom pins a version of Elasticsearch %i", async (major) => {
  expect(await elasticsearchVersion(major)).toMatch(new RegExp(`^${major}\\.\\d+\\.\\d+$`));
});
