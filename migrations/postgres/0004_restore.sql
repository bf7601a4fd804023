-- How far a restore has come, so that an interrupted one goes on. It counts only while no other run has worked on the partition since.
create table log_archive.restores (
  data_type text not null,
  tenant_id text not null,
  month text not null,
  run_id uuid not null references log_archive.runs (id) on delete cascade,
  index_uuid text not null,
  -- bounds of created_at that are restored, in UTC
  range_from text not null,
  range_to text not null,
  -- every document up to this id, in the order of ids, is dealt with
  last_id text,
  is_done boolean not null default false,
  counts jsonb not null,
  updated_at timestamptz not null default clock_timestamp(),
  primary key (data_type, tenant_id, month)
);

-- Rows that the last restore of their partition found different from their document, could not insert, or found no document for.
create table log_archive.restore_findings (
  table_name text not null,
  record_id text not null,
  data_type text not null,
  tenant_id text not null,
  month text not null,
  kind text not null check (kind in ('different', 'refused', 'lost')),
  columns text[] not null,
  reason text not null,
  run_id uuid references log_archive.runs (id) on delete set null,
  found_at timestamptz not null default clock_timestamp(),
  primary key (table_name, record_id)
);
create index restore_findings_partition on log_archive.restore_findings (tenant_id, data_type, month);
