const oldest = 22;

/** A sentence for a Node.js on which this program would fail somewhere in the middle of its work; undefined for one that runs it. */
export function unsupportedNode(version: string): string | undefined {
  if (Number.parseInt(version, 10) >= oldest) return undefined;
  return `This program needs Node.js ${oldest} or newer; this is ${version}.`;
}
