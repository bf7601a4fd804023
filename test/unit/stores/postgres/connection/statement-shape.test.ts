import { expect, test } from "vitest";
import { statementShape } from "../../../../../src/stores/postgres/connection/statement-shape.ts";

test.each([
  ["select * from t where id = $1 and n > 5", "select * from t where id = $1 and n > ?"],
  ["select 'it''s' , E'a\\'b', $$raw 'x'$$, $tag$y$tag$", "select ?, ..."],
  [
    "copy (select id from t where (created_at, id) > ('2024-01-01', 'a')) to stdout",
    "copy (select id from t where (created_at, id) > (?, ...)) to stdout",
  ],
  ["select 1 -- secret 5\n  from t /* more\n secrets */ where a = -1.5e3", "select ? from t where a = ?"],
  [
    'select "n1", t2.c3 from schema1.t2 where x::int4 = any(array[1,2, 3])',
    'select "n1", t2.c3 from schema1.t2 where x::int4 = any(array[?, ...])',
  ],
  ["insert into t values ('a'::text, 'b'::text), ('c', 'd')", "insert into t values (?, ...), (?, ...)"],
])("%j has the shape %j", (text, shape) => {
  expect(statementShape(text)).toBe(shape);
});

test("a shape ends after 500 characters", () => {
  expect(statementShape(`select ${"column_of_a_table, ".repeat(1000)}`)).toHaveLength(501);
});
