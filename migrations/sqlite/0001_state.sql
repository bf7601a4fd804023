-- What pipelines without a PostgreSQL of their own remember. Times are UTC, ISO 8601 with milliseconds; JSON is text.

create table runs (
  id text primary key,
  command text not null,
  status text not null default 'running'
    check (status in ('running', 'completed', 'completed_with_errors', 'interrupted', 'failed')),
  options text not null,
  report text,
  error text,
  started_at text not null,
  heartbeat_at text not null,
  finished_at text,
  requested_state text not null default 'running' check (requested_state in ('running', 'paused', 'aborted')),
  -- The last request of any kind, and the user and host it came from.
  requested_at text,
  requested_by text,
  -- A limit that is missing cannot be set, null is no limit.
  limits text not null,
  -- Null while it goes on as fast as it can.
  waiting text
) strict;
create index runs_started_at on runs (started_at);

-- Who holds a name. It counts only while the session lives, which is said by the lock on its file (see sqlite-locks.ts).
create table locks (
  name text primary key,
  session text not null
) strict, without rowid;

-- How far a source is confirmed: text that only its pipeline understands.
create table checkpoints (
  scope text primary key,
  cursor text not null,
  updated_at text not null
) strict, without rowid;

-- Records that a target refuses for good. A scope is what the pipeline tells its routes apart by.
create table record_errors (
  scope text not null,
  record_id text not null,
  type text not null,
  reason text not null,
  attempts integer not null default 1,
  run_id text,
  first_seen_at text not null,
  last_seen_at text not null,
  primary key (scope, record_id)
) strict, without rowid;
create index record_errors_run on record_errors (run_id);
