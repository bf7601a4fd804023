-- Which phase of the way from Weaviate to Milvus a tenant is in; one without a row is in `setup`. Times are UTC, ISO 8601 with milliseconds, or
-- milliseconds since 1970 where they are compared.
create table vector_tenants (
  tenant text primary key,
  phase text not null check (phase in ('setup', 'dual_write', 'sync', 'read_migration', 'full')),
  read_percent integer not null check (read_percent between 0 and 100),
  shadow integer not null check (shadow in (0, 1)),
  -- Until then writes wait, because the phase is being changed. A change that died ends so.
  changing_until integer not null default 0,
  changed_at text not null
) strict, without rowid;

create table vector_phase_changes (
  id integer primary key autoincrement,
  tenant text not null,
  before text not null,
  after text not null,
  forced_against text not null,
  changed_at text not null
) strict;
create index vector_phase_changes_tenant on vector_phase_changes (tenant, id);

-- The writes of records, from before the first store is asked until the second store has them. record_id is '' for all records of the tenant.
--   writing   the first store is being asked; counts as dirty when it is still that at due_at, for its process has died
--   dirty     to be copied to the second store, not before due_at
--   refused   the second store does not take the record as it is
--   conflict  the stores changed places before it was copied
--   settled   copied; kept for a while, for copies under way that have read the record before
-- Entries are appended and settled one by one, so a write that arrives while another is copied stays. autoincrement: a version is never used twice.
create table vector_writes (
  version integer primary key autoincrement,
  tenant text not null,
  record_id text not null,
  state text not null check (state in ('writing', 'dirty', 'refused', 'conflict', 'settled')),
  due_at integer not null,
  noted_at integer not null,
  attempts integer not null default 0,
  reason text
) strict;
create index vector_writes_record on vector_writes (tenant, record_id, version);
create index vector_writes_due on vector_writes (state, due_at);

-- Records that somebody copies from one store to the other. Ids are taken over all tenants, because Milvus has one row for each key.
create table vector_leases (
  name text primary key,
  holder text not null,
  until integer not null
) strict, without rowid;

-- The outcome of the last full verification of a tenant.
create table vector_proofs (
  tenant text primary key,
  status text not null check (status in ('match', 'mismatch')),
  report text not null,
  verified_at text not null
) strict, without rowid;

create table vector_deletions (
  id integer primary key autoincrement,
  tenant text not null,
  record_id text not null,
  record_type text,
  deleted_at integer not null,
  s3_path text
) strict;
create index vector_deletions_tenant on vector_deletions (tenant, deleted_at);

-- What reads of both stores have shown, by operation.
create table vector_comparisons (
  tenant text not null,
  operation text not null,
  same integer not null default 0,
  different integer not null default 0,
  failed integer not null default 0,
  fell_back integer not null default 0,
  weaviate_millis real not null default 0,
  milvus_millis real not null default 0,
  primary key (tenant, operation)
) strict, without rowid;
