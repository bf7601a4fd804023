import { NumberText } from "../columns/column-text.ts";

/** The names of a document's members in their order. Documents of one table mostly have one and the same. */
export class DocumentShape {
  readonly names: readonly string[];
  /** The names as they stand there, with their quotes. */
  private readonly keys: readonly Buffer[];
  private readonly positions: ReadonlyMap<string, number>;

  /** `places` as of ObjectScanner. */
  constructor(source: Buffer, places: Int32Array) {
    const keys: Buffer[] = [];
    for (let at = 1; at < places.length; at += 4) keys.push(Buffer.from(source.subarray(places[at], places[at + 1])));
    this.keys = keys;
    this.names = keys.map((key) => JSON.parse(key.toString("utf8")) as string);
    this.positions = new Map(this.names.map((name, position) => [name, position])); // of equal ones the last counts
  }

  /** The position among the members; undefined where there is none of this name. */
  positionOf(name: string): number | undefined {
    return this.positions.get(name);
  }

  get hasDoubledNames(): boolean {
    return this.positions.size < this.names.length;
  }

  isOf(source: Buffer, places: Int32Array): boolean {
    if (places.length !== 4 * this.keys.length + 1) return false;
    return this.keys.every(
      (key, position) => source.compare(key, 0, key.length, places[4 * position + 1], places[4 * position + 2]) === 0,
    );
  }
}

/** The shapes seen last. */
export class DocumentShapes {
  private readonly known: DocumentShape[] = [];

  of(source: Buffer, places: Int32Array): DocumentShape {
    const known = this.known.find((shape) => shape.isOf(source, places));
    if (known !== undefined) return known;
    const shape = new DocumentShape(source, places);
    if (this.known.unshift(shape) > mostShapes) this.known.pop();
    return shape;
  }
}

/** Versions of a table, and documents with and without search text. */
const mostShapes = 8;

/** A document's members, each read when it is asked for. */
export class DocumentFields {
  readonly shape: DocumentShape;
  readonly source: Buffer;
  private readonly places: Int32Array;

  constructor(shape: DocumentShape, source: Buffer, places: Int32Array) {
    this.shape = shape;
    this.source = source;
    this.places = places;
  }

  has(name: string): boolean {
    return this.shape.positionOf(name) !== undefined;
  }

  /** As JSON.parse reads it, but a number is a NumberText; undefined where there is none. */
  get(name: string): unknown {
    const position = this.shape.positionOf(name);
    return position === undefined ? undefined : this.at(position);
  }

  at(position: number): unknown {
    const text = this.source.toString("utf8", this.start(position), this.end(position));
    const value: unknown = JSON.parse(text);
    return typeof value === "number" ? numberText(text, value) : value;
  }

  isString(position: number): boolean {
    return this.source[this.start(position)] === quote;
  }

  /** Where the value begins and ends in the source, without white space around it. */
  start(position: number): number {
    let at = this.places[4 * position + 3]!;
    while (this.source[at]! <= space) at++;
    return at;
  }

  end(position: number): number {
    let at = this.places[4 * position + 4]!;
    while (this.source[at - 1]! <= space) at--;
    return at;
  }

  isNull(position: number): boolean {
    return this.source[this.start(position)] === letterN;
  }
}

const space = 0x20;
const quote = 0x22;
const letterN = 0x6e; // no other value begins with it

/** As it stands there, unless a whole number is written as another would be: 1.0, 1e3. */
function numberText(text: string, value: number): NumberText {
  return new NumberText(Number.isSafeInteger(value) && !Object.is(value, -0) ? String(value) : text);
}
