-- How the archive's indices are laid out: 'dedicated' or 'shared', as it was claimed last; null before there was a choice.
alter table log_archive.archive add column index_layout text;
