import type { Pen } from "../pen.ts";
import { file, textList, usage } from "./json-parts.ts";
import { type RunIds, runInputs } from "./run-inputs.ts";

export interface NodePayload {
  inputs: string | null;
  processData: string | null;
  outputs: string | null;
}

interface Task {
  pen: Pen;
  ids: RunIds;
  tokens: number;
  /** How much text the node handled. */
  bytes: number;
}

/** The JSON columns a finished node of this type leaves behind. */
export function nodePayload(type: string, task: Task): NodePayload {
  return (builders[type] ?? transform)(task);
}

const builders: Readonly<Record<string, (task: Task) => NodePayload>> = {
  start: passInputs,
  datasource: passInputs,
  llm,
  agent: llm,
  "question-classifier": llm,
  "parameter-extractor": llm,
  "http-request": httpRequest,
  "knowledge-retrieval": knowledgeRetrieval,
  "document-extractor": documentExtractor,
  "if-else": ifElse,
  iteration,
  loop: iteration,
  "iteration-start": ({ pen }) => empty(pen),
  "loop-start": ({ pen }) => empty(pen),
  "loop-end": ({ pen }) => empty(pen),
};

function empty(pen: Pen): NodePayload {
  return { inputs: pen.nothing, processData: pen.nothing, outputs: pen.nothing };
}

function passInputs({ pen, ids, bytes }: Task): NodePayload {
  const inputs = runInputs(pen, ids, false, bytes * 0.6);
  return { inputs, processData: pen.nothing, outputs: inputs };
}

function llm({ pen, bytes, tokens }: Task): NodePayload {
  const spent = usage(pen, tokens);
  const prompts =
    `[{"role": "system", "text": "${pen.text(bytes * 0.45)}", "files": []}, ` +
    `{"role": "user", "text": "${pen.text(bytes * 0.15)}", "files": []}]`;
  return {
    inputs: pen.prng.chance(0.5) ? pen.nothing : `{"#context#": "${pen.text(bytes * 0.2)}"}`,
    processData:
      `{"model_mode": "chat", "prompts": ${prompts}, "usage": ${spent}, "finish_reason": "stop", ` +
      `"model_provider": "langgenius/openai/openai", "model_name": "gpt-4o"}`,
    outputs: `{"text": "${pen.text(bytes * 0.4)}", "reasoning_content": "", "usage": ${spent}, "finish_reason": "stop"}`,
  };
}

function httpRequest({ pen, bytes }: Task): NodePayload {
  return {
    inputs: pen.nothing,
    processData: `{"request": "POST /v1/orders?limit=20 HTTP/1.1\\r\\nHost: api.example\\r\\nContent-Type: application/json\\r\\n\\r\\n${pen.text(bytes * 0.2)}"}`,
    outputs:
      `{"status_code": 200, "body": "{\\"items\\": [\\"${pen.prng.uint32()}\\"]} ${pen.text(bytes * 0.8)}", ` +
      `"headers": {"content-type": "application/json", "x-request-id": "${pen.prng.uint32()}"}, "files": []}`,
  };
}

function knowledgeRetrieval({ pen, ids, bytes }: Task): NodePayload {
  const segments = Array.from(
    { length: 3 },
    (_, i) =>
      `{"metadata": {"_source": "knowledge", "dataset_id": "${ids.appId}", "document_id": "${ids.workflowId}", ` +
      `"score": ${(0.9 - i * 0.1 + pen.prng.float() / 100).toFixed(17)}, "position": ${i + 1}, "doc_metadata": null}, ` +
      `"title": "handbook-${i}.md", "files": null, "content": "${pen.text(bytes / 3)}"}`,
  );
  return {
    inputs: `{"query": "${pen.text(60)}"}`,
    processData: pen.nothing,
    outputs: `{"result": [${segments.join(", ")}]}`,
  };
}

function documentExtractor({ pen, ids, bytes }: Task): NodePayload {
  const document = file(pen, ids.tenantId);
  return {
    inputs: `{"variable_selector": ["start", "document"], "file": ${document}}`,
    processData: `{"documents": [${document}]}`,
    outputs: `{"text": "${pen.text(bytes)}"}`,
  };
}

function ifElse({ pen, bytes }: Task): NodePayload {
  const result = pen.prng.chance(0.5);
  const condition = `{"actual_value": "${pen.text(bytes * 0.5)}", "expected_value": "refund", "comparison_operator": "contains"}`;
  return {
    inputs: `{"conditions": [${condition}]}`,
    processData: `{"condition_results": [{"group": {"id": "true", "logical_operator": "and"}, "results": [${result}], "final_result": ${result}}]}`,
    outputs: `{"result": ${result}, "selected_case_id": "${result}"}`,
  };
}

function iteration({ pen, bytes }: Task): NodePayload {
  const items = pen.prng.integer(1, 5);
  return {
    inputs: `{"iterator_selector": ${textList(pen, items, bytes * 0.4)}}`,
    processData: pen.nothing,
    outputs: `{"output": ${textList(pen, items, bytes * 0.6)}}`,
  };
}

function transform({ pen, bytes }: Task): NodePayload {
  return {
    inputs: `{"arg1": "${pen.text(bytes * 0.4)}", "arg2": ${pen.prng.integer(0, 1_000_000)}}`,
    processData: pen.nothing,
    outputs: `{"result": "${pen.text(bytes * 0.4)}", "ratio": ${pen.prng.float()}, "rows": ${textList(pen, 2, bytes * 0.1)}}`,
  };
}
