-- What decides how long indices stay, and every index that a sweep dropped.

-- Every change of a rule, the newest decides: 'set' is how many days (null: those of the sweep again), 'hold' and 'release' whether it goes at
-- all. data_type 'all' is a rule of its own for the whole tenant; for the days the rule of one data type goes before it.
create table log_archive.retention_changes (
  at bigint generated always as identity primary key,
  tenant_id text not null,
  data_type text not null check (data_type in ('all', 'workflow_runs', 'app_logs', 'node_executions')),
  action text not null check (action in ('set', 'hold', 'release')),
  days integer check (days > 0),
  reason text,
  changed_by text not null,
  changed_at timestamptz not null default clock_timestamp(),
  check (action = 'set' or days is null)
);
create index retention_changes_tenant on log_archive.retention_changes (tenant_id);

-- An entry is 'deleting' before its index is deleted and 'deleted' after; it is 'retracted' where the index was found to be there still. One that
-- a dead run left 'deleting' is settled by the next run that looks.
create table log_archive.retention_deletions (
  id bigint generated always as identity primary key,
  state text not null default 'deleting' check (state in ('deleting', 'deleted', 'retracted')),
  run_id uuid references log_archive.runs (id) on delete set null,
  operator text not null,
  data_type text not null,
  tenant_id text not null,
  month text not null check (month ~ '^[0-9]{4}-[0-9]{2}$'),
  index_name text not null,
  index_uuid text not null,
  documents bigint not null,
  bytes bigint not null,
  -- created_at of the newest document, UTC; null where there was none. Text, for it may lie beyond what a timestamp of Elasticsearch holds.
  newest text,
  -- whether documents had no row in PostgreSQL; null where counting the rows took too long
  only_copy boolean,
  reason text not null,
  snapshot text,
  decided_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz
);
create index retention_deletions_partition on log_archive.retention_deletions (tenant_id, data_type, month);
create unique index retention_deletions_open on log_archive.retention_deletions (data_type, tenant_id, month) where state = 'deleting';

-- The time that each sweep went by: one that goes by an earlier time has a clock that was set back.
create table log_archive.retention_sweeps (
  run_id uuid primary key references log_archive.runs (id) on delete cascade,
  as_of timestamptz not null
);
