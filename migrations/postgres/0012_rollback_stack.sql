-- rollout rollback takes back one change after the other: the newest that no rollback has taken back yet.
alter table log_archive.rollout_changes
  add column is_rollback boolean not null default false,
  -- The rollback that took this change back.
  add column taken_back_by bigint references log_archive.rollout_changes (id);
