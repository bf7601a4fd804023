/** Before it, node:sqlite is behind a flag. */
const oldest = [22, 13] as const;

/**
 * A sentence for a Node.js on which this program would fail somewhere in the middle of its work; undefined for one that
 * runs it.
 */
export function unsupportedNode(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return undefined;
  return `This program needs Node.js ${oldest.join(".")} or newer; this is ${version}.`;
}
