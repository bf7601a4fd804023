import { randomUUID } from "node:crypto";
import { AppError } from "../../engine/errors.ts";
import { classFields, type FieldName, type Json, type Properties, type RecordType } from "./fields.ts";
import { canonicalId } from "./ids.ts";
import { type Normalised, normalise, normaliseVector, wellFormed } from "./normalise.ts";

/** What Milvus is given of a record: flat, one entry for each property of its class. */
export interface MilvusDict {
  readonly uniqueid: string;
  readonly vector: readonly number[] | null;
  readonly tenantName: string;
  readonly [property: string]: unknown;
}

/** Any numbers in order: a list, a typed array, or an object of the form {0: x, 1: y}. */
export type VectorInput = ArrayLike<number> | Readonly<Record<number, number>> | null;

/** The properties of a class, and any others that an application has added. */
export type RecordInput<Name extends FieldName = FieldName> = Properties<Name> & {
  /** A new UUID when missing. */
  readonly uniqueid?: string | null | undefined;
  readonly vector?: VectorInput | undefined;
  readonly [other: string]: unknown;
};

/**
 * One object of the collection, of any class. Its values are as both stores give them back, so two records are equal
 * when their fields are.
 * @throws AppError invalid_record for values that a store would change
 */
export class GeneralWeaviateRecord {
  readonly uniqueid: string;
  /** In float32; null when it has none. */
  readonly vector: readonly number[] | null;
  readonly properties: Properties;
  /** Properties that are not declared. */
  readonly extra: Readonly<Record<string, Json>>;

  constructor(input: RecordInput) {
    const { uniqueid, vector, ...properties } = input;
    this.uniqueid = validId(uniqueid ?? randomUUID());
    this.vector = normaliseVector(vector);
    ({ properties: this.properties, extra: this.extra } = normalised(properties));
  }

  /** The fields of its class. */
  get fieldNames(): readonly FieldName[] {
    return Object.keys(this.properties) as FieldName[];
  }

  /** Every property at the top level; null for those of its class that it lacks, tags as the text of their JSON. */
  toMilvusDict(tenantName: string): MilvusDict {
    const { tags, ...others } = this.properties;
    const ofClass = Object.fromEntries(this.fieldNames.map((name) => [name, null]));
    const text = tags === undefined ? {} : { tags: JSON.stringify(tags) };
    return { ...this.extra, ...ofClass, ...others, ...text, uniqueid: this.uniqueid, vector: this.vector, tenantName };
  }
}

function classOf<Type extends RecordType>(recordType: Type) {
  return class extends GeneralWeaviateRecord {
    constructor(input: RecordInput<(typeof classFields)[Type][number]>) {
      super({ ...input, recordType });
    }

    override get fieldNames(): readonly FieldName[] {
      return classFields[recordType];
    }
  };
}

export class WeaviateNote extends classOf("note") {}
export class WeaviateTag extends classOf("tag") {}
export class WeaviateMisc extends classOf("misc") {}
export class WeaviateNoteBody extends classOf("noteBody") {}
export class WeaviateDailyNote extends classOf("daily_note") {}

const classes: Partial<Record<string, new (input: RecordInput) => GeneralWeaviateRecord>> = {
  note: WeaviateNote,
  tag: WeaviateTag,
  misc: WeaviateMisc,
  noteBody: WeaviateNoteBody,
  daily_note: WeaviateDailyNote,
} satisfies Record<RecordType, unknown>;

/** The record in the class that its recordType names. */
export function recordOf(input: RecordInput): GeneralWeaviateRecord {
  const Class = classes[input.recordType ?? ""] ?? GeneralWeaviateRecord;
  return new Class(input);
}

/** The input from which the record could be made again. */
export function inputOf({ uniqueid, vector, properties, extra }: GeneralWeaviateRecord): RecordInput {
  return { ...extra, ...properties, uniqueid, vector };
}

/** Milvus keeps 1,000 bytes of a primary key, which may have the name of the tenant in it. */
const longestId = 900;

function validId(uniqueid: unknown): string {
  const id = canonicalId(wellFormed(uniqueid, "uniqueid"));
  const bytes = Buffer.byteLength(id);
  if (bytes > 0 && bytes <= longestId) return id;
  throw new AppError("invalid_record", `uniqueid must have 1 to ${longestId} bytes; it has ${bytes}.`, {
    hint: "Correct the record and write it again.",
  });
}

function normalised(properties: Readonly<Record<string, unknown>>): Normalised {
  for (const reserved of ["tenantName", "overflow"]) {
    if (!Object.hasOwn(properties, reserved)) continue;
    throw new AppError("invalid_record", `${reserved} cannot be a property: Milvus needs the name for itself.`, {
      hint: "Rename the property.",
    });
  }
  return normalise(properties);
}
