-- What the platform wrote while capture was installed, and has still to be copied again.

-- One row for each write, appended and never changed, so that no two transactions of the platform ever wait on each other for it. Versions come
-- from a sequence: none ever comes twice. Newer rows of the same record replace older ones when the table is compacted.
create sequence log_archive.dirty_versions;
create table log_archive.dirty_rows (
  version bigint primary key default nextval('log_archive.dirty_versions'),
  data_type text not null,
  record_id text not null,
  -- I, U, D: the row was inserted, updated, deleted. T: touched, something that travels in its document was written (an offload row), or a
  -- write into Elasticsearch failed; such an entry says nothing of where the row was.
  operation "char" not null, -- no CHECK: PostgreSQL reads its expression anew for each statement, which was a third of what recording costs
  tenant_id text not null,
  -- Where the row was before, where it was somewhere: its document may lie there. Null for I and T.
  old_tenant_id text,
  old_created_at timestamp,
  -- Where the row is now; null for D and T.
  created_at timestamp,
  written_at timestamptz not null default clock_timestamp()
  -- A vacuum that gives the end of the file back locks the table against the platform's writes.
) with (vacuum_truncate = off);

-- Advances, and never rolls back, when a write could not be recorded: nothing is proven any more.
create sequence log_archive.capture_gaps;

-- At most one row: capture is installed (installed_at), or was once. known_gaps is the value of capture_gaps up to which proofs were voided;
-- installed_gaps the value when capture was installed, so that what came since can be shown; null while it is not.
create table log_archive.capture (
  only_row boolean primary key default true check (only_row),
  installed_at timestamptz,
  installed_gaps bigint,
  known_gaps bigint not null default 0
);

-- The value of capture_gaps before the first row was compared: after another gap they say nothing any more.
alter table log_archive.proofs add column gaps bigint not null default 0;
alter table log_archive.validation_progress add column gaps bigint not null default 0;

-- Documents that are kept though the platform deleted their row. created_at is that of the row, null where it is not known.
create table log_archive.deleted_rows (
  data_type text not null,
  record_id text not null,
  tenant_id text not null,
  month text not null,
  created_at timestamp,
  deleted_at timestamptz not null default clock_timestamp(),
  primary key (data_type, record_id)
);
create index deleted_rows_partition on log_archive.deleted_rows (data_type, tenant_id, month);
