/** The part of it that is needed here; TypeScript has its types among those of browsers. */
declare const WebAssembly: {
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

export interface WithMemory {
  readonly memory: { readonly buffer: ArrayBuffer };
}

/** What a WebAssembly, given in base64, exports. */
export function loadWebAssembly(code: string): WithMemory {
  return new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(code, "base64"))).exports as WithMemory;
}
