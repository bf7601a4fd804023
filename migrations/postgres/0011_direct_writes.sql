-- Months of a tenant that logs were written into which PostgreSQL never had. Written before the first of them; from then on the month is read from
-- both stores.
create table log_archive.direct_writes (
  data_type text not null,
  tenant_id text not null,
  month text not null check (month ~ '^[0-9]{4}-[0-9]{2}$'),
  first_at timestamptz not null default clock_timestamp(),
  primary key (data_type, tenant_id, month)
);

-- Deletes that an application asked a repository for, written before its rows go and kept until the documents are gone too. Carrying one out deletes
-- documents whose row is not in PostgreSQL, so it can be done at any time and more than once.
create table log_archive.requested_deletes (
  id bigint generated always as identity primary key,
  data_type text not null,
  tenant_id text not null,
  -- One of ids, appId, workflowRunIds, before.
  selection jsonb not null,
  requested_at timestamptz not null default clock_timestamp()
);
