-- Counts one write that could not be recorded. nextval alone writes a value 32 ahead into the log, which a crash of PostgreSQL, or a failover, then makes the
-- value: gaps that never were. setval writes the value itself. The lock is held for a moment, so that nobody sets the counter back.
create function log_archive.count_gap() returns void language plpgsql security definer
  set search_path to pg_catalog, pg_temp set lock_timeout to '1s' as $$
declare
  counter constant bigint := hashtextextended('log_archive:capture_gaps', 0);
begin
  begin
    perform pg_advisory_lock(counter);
    perform setval('log_archive.capture_gaps', nextval('log_archive.capture_gaps'));
    perform pg_advisory_unlock(counter);
  exception when others then
    perform pg_advisory_unlock(counter) from pg_locks
      where locktype = 'advisory' and pid = pg_backend_pid() and granted
        and ((classid::bigint << 32) | objid::bigint) = counter and objsubid = 1;
    perform nextval('log_archive.capture_gaps'); -- counted, though a crash may make more of it
  end;
end
$$;

-- What was logged ahead before is taken back.
select setval('log_archive.capture_gaps', last_value, is_called) from log_archive.capture_gaps;
