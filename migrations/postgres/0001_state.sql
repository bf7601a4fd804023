-- What the archive remembers, beside the logs it speaks of, so that it can commit together with them.
-- created_at columns hold the source's own time (timestamp without zone), exactly as the log tables do.

create table log_archive.runs (
  id uuid primary key default gen_random_uuid(),
  command text not null,
  status text not null default 'running'
    check (status in ('running', 'completed', 'completed_with_errors', 'interrupted', 'failed')),
  options jsonb not null,
  report jsonb,
  error text,
  started_at timestamptz not null default clock_timestamp(),
  heartbeat_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz
);
create index runs_started_at on log_archive.runs (started_at);

-- One row for each data type of a tenant in a month that was ever copied. index_uuid is the identity of the index that the
-- checkpoints speak of: with another index under the same name they mean nothing.
create table log_archive.partitions (
  data_type text not null,
  tenant_id text not null,
  month text not null check (month ~ '^[0-9]{4}-[0-9]{2}$'),
  state text not null
    check (state in ('planned', 'copying', 'copied', 'verified', 'purging', 'purged', 'expired')),
  index_name text not null,
  index_uuid text not null,
  copied_rows bigint not null default 0,
  copied_bytes bigint not null default 0,
  run_id uuid references log_archive.runs (id) on delete set null,
  updated_at timestamptz not null default clock_timestamp(),
  primary key (data_type, tenant_id, month)
);

-- Every row of the partition from range_start up to (created_at, id) is in Elasticsearch or a record error. Usually one range
-- for each partition; copies of parts of a month leave several until a later copy joins them.
create table log_archive.checkpoints (
  data_type text not null,
  tenant_id text not null,
  month text not null,
  range_start timestamp not null,
  created_at timestamp not null,
  id text not null,
  primary key (data_type, tenant_id, month, range_start),
  foreign key (data_type, tenant_id, month) references log_archive.partitions on delete cascade
);

-- Rows that had not ended when they were copied; fingerprint is the SHA-1 of the document that was written.
create table log_archive.open_rows (
  data_type text not null,
  record_id text not null,
  tenant_id text not null,
  month text not null,
  fingerprint bytea not null,
  first_copied_at timestamptz not null default clock_timestamp(),
  primary key (data_type, record_id)
);
create index open_rows_partition on log_archive.open_rows (data_type, tenant_id, month);

create table log_archive.record_errors (
  data_type text not null,
  record_id text not null,
  tenant_id text not null,
  month text,
  type text not null,
  reason text not null,
  attempts integer not null default 1,
  run_id uuid references log_archive.runs (id) on delete set null,
  first_seen_at timestamptz not null default clock_timestamp(),
  last_seen_at timestamptz not null default clock_timestamp(),
  primary key (data_type, record_id)
);
create index record_errors_tenant on log_archive.record_errors (tenant_id, data_type, month);

-- Key tables of runs under way: the keys of rows to be copied, where no index of the log table serves their order.
create table log_archive.key_tables (
  name text primary key,
  run_id uuid not null references log_archive.runs (id),
  data_type text not null,
  created_at timestamptz not null default clock_timestamp()
);

-- The result of a full verification of a partition; voided when a later write touches the partition.
create table log_archive.proofs (
  id bigint generated always as identity primary key,
  data_type text not null,
  tenant_id text not null,
  month text not null,
  index_uuid text not null,
  rows bigint not null,
  run_id uuid references log_archive.runs (id) on delete set null,
  proved_at timestamptz not null default clock_timestamp(),
  voided_at timestamptz
);
create index proofs_partition on log_archive.proofs (data_type, tenant_id, month);
