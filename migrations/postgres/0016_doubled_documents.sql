-- doubled: a document whose id has another one in the archive, where its row is or was last.
alter table log_archive.validation_differences drop constraint validation_differences_kind_check,
  add constraint validation_differences_kind_check check (kind in ('missing', 'different', 'extra', 'changed', 'lost', 'altered', 'doubled'));
