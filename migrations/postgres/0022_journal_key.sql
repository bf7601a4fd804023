-- The key was looked at once for every row purged: part of the platform's deletes, for a column that only people read.
alter table log_archive.purged_rows drop constraint purged_rows_run_id_fkey;
