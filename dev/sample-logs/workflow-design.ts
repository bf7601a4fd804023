import { type Corpus, type Encoding, escapeJson } from "./corpus.ts";
import type { Prng } from "./prng.ts";
import type { SchemaVersion } from "./schema.ts";

export type AppKind = "workflow" | "chat" | "rag-pipeline" | "snippet";

export interface DesignNode {
  id: string;
  type: string;
  title: string;
  /** Nodes inside an iteration or loop: they run once per item. */
  body: readonly DesignNode[];
}

/** What an author drew on the canvas. Every run of it carries the same graph text. */
export interface WorkflowDesign {
  kind: AppKind;
  nodes: readonly DesignNode[];
  graph: Readonly<Record<Encoding, string>>;
}

/** `a b(c d)`: b runs c and d once per item. */
const sketches: readonly [AppKind, string][] = [
  ["workflow", "start llm end"],
  ["workflow", "start knowledge-retrieval llm end"],
  ["workflow", "start code if-else llm template-transform end"],
  ["workflow", "start http-request code iteration(iteration-start llm code) variable-aggregator end"],
  ["workflow", "start document-extractor llm parameter-extractor http-request if-else tool end"],
  ["workflow", "start if-else http-request code llm human-input end"],
  ["workflow", "start list-operator loop(code assigner) llm agent end"],
  ["chat", "start knowledge-retrieval llm answer"],
  ["chat", "start question-classifier knowledge-retrieval if-else llm answer"],
  ["chat", "start llm tool answer"],
  ["rag-pipeline", "datasource document-extractor code knowledge-index"],
  ["snippet", "start code llm end"],
];
const titles: readonly string[] = [
  "LLM",
  "问题分类",
  "Fetch the order",
  "结束",
  "検索",
  'Check "status"',
  "Réponse",
  "🔍 Search",
];

/** rag-pipeline came with 1.9, snippets in 2026. */
const kinds: Record<SchemaVersion, readonly AppKind[]> = {
  "1.8": ["workflow", "chat"],
  "1.13": ["workflow", "chat", "rag-pipeline"],
  "1.16": ["workflow", "chat", "rag-pipeline", "snippet"],
};

export function createDesigns(
  prng: Prng,
  corpus: Corpus,
  version: SchemaVersion,
  graphBytes: number,
): WorkflowDesign[] {
  const known = sketches.filter(([kind]) => kinds[version].includes(kind));
  return known.map(([kind, sketch]) => {
    const nodes = parseSketch(prng, sketch);
    return { kind, nodes, graph: drawGraph(prng, corpus, nodes, graphBytes) };
  });
}

function parseSketch(prng: Prng, sketch: string): DesignNode[] {
  return sketch.match(/[a-z-]+(\([^)]*\))?/g)?.map((part) => designNode(prng, part)) ?? [];
}

function designNode(prng: Prng, part: string): DesignNode {
  const [type = "", body] = part.split("(");
  return {
    // Dify's canvas names nodes by the millisecond they were drawn in.
    id: String(1_745_000_000_000 + prng.integer(0, 20_000_000_000)),
    type,
    title: `${prng.pick(titles)} ${prng.integer(1, 20)}`,
    body: body === undefined ? [] : parseSketch(prng, body.slice(0, -1)),
  };
}

function drawGraph(
  prng: Prng,
  corpus: Corpus,
  nodes: readonly DesignNode[],
  graphBytes: number,
): Record<Encoding, string> {
  const flat = nodes.flatMap((node) => [node, ...node.body]);
  const promptBytes = Math.max(40, graphBytes / flat.length - 450);
  const drawn = flat.map((node, i) => ({
    id: node.id,
    type: "custom",
    data: {
      type: node.type,
      title: node.title,
      desc: "",
      selected: false,
      prompt_template: [
        { id: `${node.id}-1`, role: "system", text: JSON.parse(`"${corpus.text(prng, "latin", "raw", promptBytes)}"`) },
      ],
      variables: [{ variable: "query", value_selector: ["sys", "query"], label: "查询" }],
    },
    position: { x: 80 + 304 * i, y: 282 },
    positionAbsolute: { x: 80 + 304 * i, y: 282 },
    sourcePosition: "right",
    targetPosition: "left",
    width: 244,
    height: 90,
  }));
  const edges = nodes.slice(1).map((node, i) => ({
    id: `${nodes[i]?.id}-source-${node.id}-target`,
    source: nodes[i]?.id,
    target: node.id,
    sourceHandle: "source",
    targetHandle: "target",
    type: "custom",
    data: { isInIteration: false, sourceType: nodes[i]?.type, targetType: node.type },
    zIndex: 0,
  }));
  const raw = JSON.stringify({ nodes: drawn, edges, viewport: { x: 0, y: -12.5, zoom: 0.7 } });
  return { raw, escaped: raw.replace(/[\u007f-\uffff]+/g, escapeJson) };
}
