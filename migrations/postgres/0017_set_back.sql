-- Since a takeover by a database that may be older than the archive, such as one restored from a backup: documents may be newer than their rows, and may
-- have rows that this database knows nothing of. set_back_xid: the first transaction after the takeover; rows that it or a later one wrote are new.
alter table log_archive.archive
  add column set_back_at timestamptz,
  add column set_back_xid bigint;

-- The index that held the documents of purged rows when they were purged, or when validate found them all last. Another in its place may lack them.
alter table log_archive.partitions add column purged_index_uuid text;
update log_archive.partitions set purged_index_uuid = index_uuid where purged_since is not null;
