-- What a purged row's document was when the row was deleted: SHA-256 of the document's bytes without search text and time of copying, written by the
-- transaction that deleted the row, and how many bytes the document had. Null for rows that were purged before this migration, until they are
-- adopted, and for rows whose documents retention had dropped. adopted_at: the fingerprint was taken then, from a document that nothing had proved.
alter table log_archive.purged_rows
  add column fingerprint bytea check (length(fingerprint) = 32),
  add column document_bytes integer,
  add column adopted_at timestamptz;

-- When the first row was purged of the partition. Since then a document that has neither a row nor an entry in the journal nor a note of a deletion
-- is none that this program knows of. It stays when all rows are restored.
alter table log_archive.partitions add column purged_since timestamptz;
update log_archive.partitions p set purged_since = j.since
  from (select data_type, tenant_id, month, min(purged_at) as since from log_archive.purged_rows where not expired group by 1, 2, 3) j
 where (p.data_type, p.tenant_id, p.month) = (j.data_type, j.tenant_id, j.month) and p.state <> 'expired';

-- altered: the document of a purged row is not what it was when the row was purged.
alter table log_archive.validation_differences drop constraint validation_differences_kind_check,
  add constraint validation_differences_kind_check check (kind in ('missing', 'different', 'extra', 'changed', 'lost', 'altered'));
-- The last purged row whose document was looked at, in the order of ids.
alter table log_archive.validation_progress add column purged_id text;

-- accepted: a document that is not what was purged, and was brought back all the same because somebody said so.
alter table log_archive.restore_findings drop constraint restore_findings_kind_check,
  add constraint restore_findings_kind_check check (kind in ('different', 'refused', 'lost', 'accepted'));
