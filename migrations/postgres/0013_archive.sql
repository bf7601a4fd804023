-- Which archive this is, which database it belongs to, and what everything in it was stored with. The database and the settings are null until
-- the first run that writes.
create table log_archive.archive (
  only_row boolean primary key default true check (only_row),
  -- Every index says it in its mark. A takeover gives another.
  id uuid not null default gen_random_uuid(),
  -- The source, to tell a copied or restored database from the original: the cluster's identifier (null where the role may not read it) and the
  -- database's oid within it. The oid of this table stays the same through pg_upgrade, and tells that from a restored dump.
  system_identifier text,
  database_oid text,
  table_oid text,
  database_name text,
  timeline integer,
  source_time_zone text,
  index_prefix text,
  claimed_at timestamptz,
  -- When the indices that were made before marks named an archive got such marks; from then on an index without is not ours.
  adopted_at timestamptz
);
insert into log_archive.archive default values;

-- What this database has said to Elasticsearch of itself, the newest last. The newest that is there is one of these, unless another database that
-- was once a copy of this one has spoken since.
create table log_archive.archive_tokens (
  id bigint generated always as identity primary key,
  token uuid not null unique,
  made_at timestamptz not null default clock_timestamp()
);

-- Every time a database, prefix or time zone took the place of another; 'begun' before anything is changed.
create table log_archive.takeovers (
  id bigint generated always as identity primary key,
  state text not null default 'begun' check (state in ('begun', 'done')),
  operator text not null,
  archive_before uuid not null,
  archive_after uuid not null,
  reasons text[] not null,
  indices text[] not null,
  begun_at timestamptz not null default clock_timestamp(),
  done_at timestamptz
);
