const header = Buffer.concat([Buffer.from("PGCOPY\n\xff\r\n\0", "latin1"), Buffer.alloc(8)]);
const trailer = Buffer.from([0xff, 0xff]);

/** A whole binary COPY of these rows, as PostgreSQL sends it. */
export function copyBytes(rows: readonly (readonly (Uint8Array | null)[])[]): Buffer {
  return Buffer.concat([header, ...rows.map(tupleBytes), trailer]);
}

function tupleBytes(fields: readonly (Uint8Array | null)[]): Buffer {
  const count = Buffer.alloc(2);
  count.writeInt16BE(fields.length);
  const parts: Uint8Array[] = [count];
  for (const field of fields) {
    const length = Buffer.alloc(4);
    length.writeInt32BE(field?.length ?? -1);
    parts.push(length, field ?? Buffer.alloc(0));
  }
  return Buffer.concat(parts);
}
