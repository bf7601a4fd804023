// LightRAG's table: https://github.com/HKUDS/LightRAG, lightrag/kg/postgres_impl.py, TABLES.

export const createTable = `
  create table if not exists lightrag_llm_cache (
    workspace varchar(255) not null,
    id varchar(255) not null,
    original_prompt text,
    return_value text,
    chunk_id varchar(255) null,
    cache_type varchar(32),
    queryparam jsonb null,
    create_time timestamp default current_timestamp,
    update_time timestamp default current_timestamp,
    constraint lightrag_llm_cache_pk primary key (workspace, id)
  )`;

/**
 * The columns of a record; those that an older table lacks are null. Times as LightRAG reads them, and to the
 * microsecond.
 */
export function recordColumns(columns: ReadonlyMap<string, string>): string {
  const own = (name: string, as = name): string => (columns.has(name) ? as : `null`);
  const time = (name: string, scale: string): string =>
    own(name, `case when isfinite(${name}) then (extract(epoch from ${name})${scale})::bigint end`);
  return [
    "id",
    `${own("original_prompt")} as original_prompt`,
    `${own("return_value")} as return_value`,
    `${own("chunk_id")} as chunk_id`,
    `${own("cache_type")} as cache_type`,
    `${own("queryparam", "queryparam::text")} as queryparam`,
    `${time("create_time", "")} as create_time`,
    `${time("update_time", "")} as update_time`,
    `${time("create_time", " * 1000000")} as create_micros`,
    `${time("update_time", " * 1000000")} as update_micros`,
  ].join(", ");
}

/**
 * $1 workspace, $2 the last id before, $3 patterns, $4 most rows, $5 most bytes: as many rows as fit into both, and one
 * at least. The sizes of long values are known without reading them.
 */
export function pageQuery(columns: ReadonlyMap<string, string>): string {
  return `
    select * from (
      select ${recordColumns(columns)}, sum(size) over (order by id rows unbounded preceding) - size as before
        from (
          select *, octet_length(coalesce(return_value, '')) + octet_length(coalesce(original_prompt, '')) as size
            from lightrag_llm_cache where workspace = $1 and id > $2 and id like any ($3)
           order by id limit $4
        ) as page
    ) as sized
    where before < $5 order by id`;
}

/**
 * For the session that reads pages: a planner that knows nothing of the table, as it was filled a moment ago, would
 * sort all that is left for each page.
 */
export const inIndexOrder = `
  select set_config(name, 'off', false)
    from unnest(array['enable_sort', 'enable_seqscan', 'enable_bitmapscan']) as name`;

/** $1 workspace, then one array for each column. A record without a time gets the time of writing, as from LightRAG. */
export const upsert = `
  insert into lightrag_llm_cache
    (workspace, id, original_prompt, return_value, chunk_id, cache_type, queryparam, create_time, update_time)
  select $1, id, original_prompt, return_value, chunk_id, cache_type, queryparam::jsonb,
         coalesce(timestamp 'epoch' + created * interval '1 microsecond', localtimestamp),
         coalesce(timestamp 'epoch' + updated * interval '1 microsecond', localtimestamp)
    from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::bigint[])
      as rows (id, original_prompt, return_value, chunk_id, cache_type, queryparam, created, updated)
  on conflict (workspace, id) do update set
    original_prompt = excluded.original_prompt, return_value = excluded.return_value, chunk_id = excluded.chunk_id,
    cache_type = excluded.cache_type, queryparam = excluded.queryparam, create_time = excluded.create_time,
    update_time = excluded.update_time`;
