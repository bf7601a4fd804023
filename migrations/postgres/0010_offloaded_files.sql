-- Files of offload rows that cleanup-pg deleted, written with the delete: what --delete-offloaded-files may remove from the platform's storage, and,
-- where a deletion was begun, what restore has to put back there.
create table log_archive.offloaded_files (
  offload_id text primary key,
  record_id text not null,
  tenant_id text not null,
  month text not null,
  file_id text not null,
  purged_at timestamptz not null default clock_timestamp(),
  deletion text check (deletion in ('begun', 'done'))
);
create index offloaded_files_partition on log_archive.offloaded_files (tenant_id, month, offload_id);
