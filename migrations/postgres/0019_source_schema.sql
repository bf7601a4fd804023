-- The schema in which the search path found the log tables when the archive was claimed last, as regnamespace prints it.
alter table log_archive.archive add column source_schema text;
