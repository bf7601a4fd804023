-- What a run has listed whole, so that a later one need not read the log tables from end to end again.

-- Every row of the data type, tenant ('' for all) and range of created_at (UTC) was behind a checkpoint when the run ended (is_done), or has a note or a
-- document. A row here goes when that may not hold any more: checkpoints were forgotten, or the archive changed hands.
create table log_archive.listed_scopes (
  data_type text not null,
  tenant_id text not null,
  range_from timestamp not null,
  range_to timestamp not null,
  run_id uuid not null,
  is_done boolean not null default false,
  -- The value of capture_gaps and a fingerprint of the triggers before the rows were listed; null without capture.
  gaps bigint,
  triggers text,
  -- Without capture: rows younger than this (the source's time) are to be listed again; null where no index serves. older: how many rows are
  -- older, and a sum over their created_at; null where no index tells it.
  since timestamp,
  older text,
  scanned_at timestamptz not null default clock_timestamp(),
  primary key (data_type, tenant_id, range_from, range_to)
);

-- Rows written from their note that no checkpoint covers: the next migrate lists them, moves its checkpoint past them and counts them.
create table log_archive.applied_rows (
  data_type text not null,
  record_id text not null,
  tenant_id text not null,
  xid xid8 not null default pg_current_xact_id(),
  primary key (data_type, record_id)
);
