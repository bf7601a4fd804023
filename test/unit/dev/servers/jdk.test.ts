import { expect, test } from "vitest";
import { chooseElasticsearch, parseJavaMajor } from "../../../../dev/servers/jdk.ts";

test.each([
  ['IMPLEMENTOR="Debian"\nJAVA_VERSION="17.0.15"\nJAVA_VERSION_DATE="2025-04-15"\n', 17],
  ['JAVA_VERSION="25"\n', 25],
  ['JAVA_VERSION="1.8.0_402"\n', 8],
  ['openjdk version "21.0.2" 2024-01-16\nOpenJDK Runtime Environment (build 21.0.2+13-58)\n', 21],
  ['java version "1.8.0_202"\nJava(TM) SE Runtime Environment (build 1.8.0_202-b08)\n', 8],
  ['openjdk version "26-ea" 2026-03-17\n', 26],
  ['JAVA_RUNTIME_VERSION="21+35"\n', undefined],
  ["", undefined],
])("reads the major version of %j", (text, major) => {
  expect(parseJavaMajor(text)).toBe(major);
});

const jdk = (major: number) => ({ home: `/jdks/${major}`, major });

test.each([
  { found: [17, 25], asked: undefined, chosen: { major: 9, jdk: 25 } },
  { found: [25, 17], asked: undefined, chosen: { major: 9, jdk: 25 } },
  { found: [21], asked: undefined, chosen: { major: 9, jdk: 21 } },
  { found: [11, 17], asked: undefined, chosen: { major: 8, jdk: 17 } },
  { found: [17, 25], asked: 8, chosen: { major: 8, jdk: 25 } },
  { found: [17, 20], asked: 9, chosen: undefined },
  { found: [8, 16], asked: undefined, chosen: undefined },
  { found: [], asked: undefined, chosen: undefined },
] as const)("of JDKs $found, asked for $asked, takes $chosen", ({ found, asked, chosen }) => {
  const choice = chooseElasticsearch(found.map(jdk), asked);
  expect(choice && { major: choice.major, jdk: choice.jdk.major }).toEqual(chosen);
});

test("of equally new JDKs the first wins, which is the one the environment names", () => {
  const named = { home: "/named", major: 25 };
  expect(chooseElasticsearch([named, jdk(25)])?.jdk).toBe(named);
});
