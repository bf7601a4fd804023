-- Where the logs of a tenant are written and read; a tenant without a row is on PostgreSQL alone.
create table log_archive.rollouts (
  tenant_id text primary key,
  write_mode text not null check (write_mode in ('postgres', 'both', 'elasticsearch')),
  read_mode text not null check (read_mode in ('postgres', 'shadow', 'elasticsearch')),
  changed_at timestamptz not null default clock_timestamp()
);

-- Every change, the newest last.
create table log_archive.rollout_changes (
  id bigint generated always as identity primary key,
  tenant_id text not null,
  write_before text not null,
  read_before text not null,
  write_mode text not null,
  read_mode text not null,
  -- What spoke against it, where it was forced.
  forced_against text[] not null default '{}',
  changed_at timestamptz not null default clock_timestamp(),
  changed_by text not null default session_user
);
create index rollout_changes_tenant on log_archive.rollout_changes (tenant_id, id);
