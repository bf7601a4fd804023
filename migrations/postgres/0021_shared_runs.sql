-- Runs whose partitions are done by workers. pg-boss (schema log_archive_jobs) hands the partitions out; what became of each is kept here, because
-- it commits with the checkpoints.

create table log_archive.shared_runs (
  run_id uuid primary key references log_archive.runs (id) on delete cascade,
  -- Another one each time the command begins: workers of an earlier time have no part in it any more.
  epoch uuid not null,
  -- Workers finish what is in flight and take nothing more.
  is_stopping boolean not null default false,
  -- What a worker must be connected to.
  target jsonb not null,
  -- What was admitted last by any worker; the next batch waits until it is paid for by the run's limits.
  owed_since timestamptz not null default clock_timestamp(),
  owed_records double precision not null default 0,
  owed_bytes double precision not null default 0
);

create table log_archive.run_parts (
  run_id uuid not null references log_archive.shared_runs on delete cascade,
  -- data type/tenant/month
  key text not null,
  position integer not null,
  state text not null default 'waiting' check (state in ('waiting', 'working', 'done', 'failed')),
  plan jsonb not null,
  -- What came of it so far; null before the first batch.
  counts jsonb,
  worker text,
  job_id uuid,
  -- Who may commit: nobody else's batch is confirmed. Null while nobody works on it.
  attempt uuid,
  -- Attempts whose last requests Elasticsearch may still be at work on.
  unsettled uuid[] not null default '{}',
  attempts integer not null default 0,
  -- Attempts in a row that failed for a reason that passes, without a batch confirmed.
  fruitless integer not null default 0,
  error jsonb,
  updated_at timestamptz not null default clock_timestamp(),
  primary key (run_id, key)
);
create index run_parts_updated on log_archive.run_parts (run_id, updated_at);

create table log_archive.run_workers (
  run_id uuid not null references log_archive.shared_runs on delete cascade,
  worker text not null,
  seen_at timestamptz not null default clock_timestamp(),
  waiting text,
  -- Why it takes no part in this run.
  refusal text,
  primary key (run_id, worker)
);
