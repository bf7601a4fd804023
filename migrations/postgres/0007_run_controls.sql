-- What is asked of a run from another terminal, and why it waits.

alter table log_archive.runs
  add column requested_state text not null default 'running' check (requested_state in ('running', 'paused', 'aborted')),
  -- The last request of any kind, and the database role and address it came from.
  add column requested_at timestamptz,
  add column requested_by text,
  -- The limits in force, written by the run when it begins and by requests, which the run obeys. A limit that is missing cannot be set, null is no
  -- limit. Null for runs of programs that do not obey.
  add column limits jsonb,
  -- Null while it goes on as fast as it can.
  add column waiting text;
