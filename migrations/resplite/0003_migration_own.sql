-- What the importer remembers beyond the specification's tables. Other programs that use the file never look at these.

CREATE TABLE IF NOT EXISTS migration_run_details (
  run_id TEXT PRIMARY KEY,
  limits TEXT NOT NULL DEFAULT '{}', -- JSON: RunLimits of each stage
  requested_at TEXT,
  requested_by TEXT,
  report TEXT, -- JSON, as last stored
  waiting TEXT,
  scan_server TEXT, -- run_id of the Redis process that scan_cursor belongs to
  bulk_started_at INTEGER,
  bulk_done INTEGER NOT NULL DEFAULT 0,
  verify_report TEXT
);

-- One row for each time a tracker has listened. What is changed between two of them, nobody has noted.
CREATE TABLE IF NOT EXISTS migration_tracker_sessions (
  id INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  alive_at INTEGER NOT NULL,
  ended_at INTEGER,
  stop_requested INTEGER NOT NULL DEFAULT 0,
  last_marker TEXT -- the marker that the tracker has heard last: all events before it are noted
);

-- One row for each period without tracker that a full sweep has made good.
CREATE TABLE IF NOT EXISTS migration_sweeps (
  run_id TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  finished_at INTEGER NOT NULL
);
