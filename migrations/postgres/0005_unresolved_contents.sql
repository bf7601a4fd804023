-- Contents of offloaded columns that migrate --offload inline looked for and could not put into the document: the file is missing, or is
-- not what its row says. The document holds the preview only, so the row and its files have to stay.
create table log_archive.unresolved_contents (
  offload_id text primary key,
  record_id text not null,
  tenant_id text not null,
  month text not null check (month ~ '^[0-9]{4}-[0-9]{2}$'),
  reason text not null,
  run_id uuid references log_archive.runs (id) on delete set null,
  found_at timestamptz not null default clock_timestamp()
);
create index unresolved_contents_record on log_archive.unresolved_contents (record_id);
create index unresolved_contents_tenant on log_archive.unresolved_contents (tenant_id, month);
