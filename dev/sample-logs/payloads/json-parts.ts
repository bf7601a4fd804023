import { uuidV4 } from "../ids.ts";
import type { Pen } from "../pen.ts";

/** A language model's usage object; prices are always text in it. */
export function usage(pen: Pen, tokens: number): string {
  const prompt = Math.floor(tokens * 0.7);
  return (
    `{"prompt_tokens": ${prompt}, "prompt_unit_price": "2.50", "prompt_price_unit": "0.000001", ` +
    `"prompt_price": "${price(prompt)}", "completion_tokens": ${tokens - prompt}, "completion_unit_price": "10.00", ` +
    `"completion_price_unit": "0.000001", "completion_price": "${price((tokens - prompt) * 4)}", ` +
    `"total_tokens": ${tokens}, "total_price": "${price(tokens * 2)}", "currency": "USD", ` +
    `"latency": ${(pen.prng.float() * 20).toFixed(15)}}`
  );
}

/** Dollars as Python prints a Decimal. */
export function price(tokens: number): string {
  return (tokens * 0.0000025).toFixed(7);
}

/** A file in a variable, as Dify serialises it; the url is signed and has expired. */
export function file(pen: Pen, tenantId: string): string {
  const id = uuidV4(pen.prng);
  const size = pen.prng.integer(1_000, 9_000_000);
  return (
    `{"dify_model_identity": "__dify__file__", "id": null, "tenant_id": "${tenantId}", "type": "document", ` +
    `"transfer_method": "local_file", "remote_url": "", "related_id": "${id}", "filename": "invoice ${size}.pdf", ` +
    `"extension": ".pdf", "mime_type": "application/pdf", "size": ${size}, ` +
    `"url": "https://files.example/files/${id}/file-preview?timestamp=1761955200&nonce=${id.slice(0, 8)}&sign=abc%3D"}`
  );
}

export function textList(pen: Pen, items: number, bytes: number): string {
  const list = Array.from({ length: items }, () => `"${pen.text(bytes / items)}"`);
  return `[${list.join(", ")}]`;
}
