import { loadWebAssembly, type WithMemory } from "../../../engine/web-assembly.ts";
import { jsonMembersCode } from "./json-members-code.ts";
import { forEachMember } from "./scan-json.ts";

/** Places in the memory of json-members.wat; see there. */
const countAt = 0;
const membersAt = 16;
const mostMembers = 1024;
const inputAt = membersAt + 16 * mostMembers;
const sliceBytes = 128 * 1024;

interface Exports extends WithMemory {
  readonly members: (at: number, end: number, most: number) => number;
}

const { members, memory } = loadWebAssembly(jsonMembersCode) as Exports;
const input = Buffer.from(memory.buffer, inputAt);
const places = new Int32Array(memory.buffer);
/** How often bytes were put into the memory, by any scanner. */
let loads = 0;

/**
 * Finds the members of objects in one text, which must not change meanwhile. Small objects are scanned in WebAssembly,
 * a slice of the text at a time; one that does not fit into a slice in JavaScript.
 */
export class ObjectScanner {
  private readonly json: Buffer;
  private sliceStart = 0;
  private sliceEnd = 0;
  private load = 0;

  constructor(json: Buffer) {
    this.json = json;
  }

  /**
   * The places of the object that begins at `start`: behind it, and then four for each member: of its key with the
   * quotes, behind the key, of its value, and behind that; white space around the value is included. Throws SyntaxError
   * where there is none.
   */
  scan(start: number): Int32Array {
    return this.scanSlice(start) ?? scanInJavaScript(this.json, start);
  }

  private scanSlice(start: number): Int32Array | undefined {
    const isLoaded = this.load === loads && start >= this.sliceStart && start < this.sliceEnd;
    if (!isLoaded) this.loadSlice(start);
    let end = this.members(start);
    if (end === 0 && this.sliceStart < start && this.sliceEnd < this.json.length) {
      this.loadSlice(start);
      end = this.members(start);
    }
    if (end === 0) return undefined;
    const count = 4 * places[countAt]!;
    const found = new Int32Array(1 + count);
    const offset = this.sliceStart - inputAt;
    found[0] = end + offset;
    for (let at = 0; at < count; at++) found[1 + at] = places[membersAt / 4 + at]! + offset;
    return found;
  }

  private members(start: number): number {
    const toPlace = inputAt - this.sliceStart;
    return members(start + toPlace, this.sliceEnd + toPlace, mostMembers);
  }

  private loadSlice(start: number): void {
    this.sliceStart = start;
    this.sliceEnd = start + this.json.copy(input, 0, start, Math.min(start + sliceBytes, this.json.length));
    this.load = ++loads;
  }
}

function scanInJavaScript(json: Buffer, start: number): Int32Array {
  const found: number[] = [];
  const end = forEachMember(json, start, (keyStart, keyEnd, from, to) => found.push(keyStart, keyEnd, from, to));
  return Int32Array.of(end, ...found);
}
