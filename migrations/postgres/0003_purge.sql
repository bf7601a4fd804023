-- Every row that cleanup-pg deleted, written by the transaction that deleted it; a restored row is deleted here by the transaction
-- that inserts it again. expired: its partition's index had been dropped by retention, so nothing was compared and nothing can be restored.
create table log_archive.purged_rows (
  data_type text not null,
  record_id text not null,
  tenant_id text not null,
  month text not null check (month ~ '^[0-9]{4}-[0-9]{2}$'),
  run_id uuid references log_archive.runs (id) on delete set null,
  purged_at timestamptz not null default clock_timestamp(),
  offload_rows integer not null default 0,
  expired boolean not null default false,
  primary key (data_type, record_id)
);
create index purged_rows_partition on log_archive.purged_rows (data_type, tenant_id, month);
