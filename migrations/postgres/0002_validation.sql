-- How far a full validation has come, so that one that was stopped or killed goes on. Rows up to (created_at, id) of the range have been
-- compared; the row is deleted by the first write into the partition, and when its validation has ended.
create table log_archive.validation_progress (
  data_type text not null,
  tenant_id text not null,
  month text not null check (month ~ '^[0-9]{4}-[0-9]{2}$'),
  run_id uuid not null references log_archive.runs (id) on delete cascade,
  index_uuid text not null,
  range_from text not null,
  range_to text not null,
  created_at timestamp,
  id text,
  checked bigint not null default 0,
  finished boolean not null default false,
  updated_at timestamptz not null default clock_timestamp(),
  primary key (data_type, tenant_id, month)
);

-- Every difference that the last validation of a partition found. month is null where created_at names none.
create table log_archive.validation_differences (
  at bigint generated always as identity primary key,
  run_id uuid not null references log_archive.runs (id) on delete cascade,
  data_type text not null,
  tenant_id text not null,
  month text,
  record_id text not null,
  kind text not null check (kind in ('missing', 'different', 'extra', 'changed', 'lost')),
  columns text[] not null default '{}',
  reason text,
  resolved text check (resolved in ('repaired', 'deleted')),
  found_at timestamptz not null default clock_timestamp()
);
create index validation_differences_record on log_archive.validation_differences (data_type, tenant_id, month, record_id);
create index validation_differences_run on log_archive.validation_differences (run_id, at);
