/** What an error of PostgreSQL means to an operator. */
export interface SqlStateMeaning {
  readonly code: string;
  /** What to do; undefined where only a change of this program helps. */
  readonly hint: string | undefined;
}

const resume = "Then run the same command again: it goes on where it was.";
const login = "Check user and password in DATABASE_URL (or DB_USERNAME, DB_PASSWORD)";
const versionsDiffer =
  "Check that the tables are those of the platform and that DATABASE_URL names its database; if they are, this program does not know their form yet: report it.";
const serverFailed = `Look at the log of the PostgreSQL server, which says more. ${resume}`;

const byState: Readonly<Record<string, SqlStateMeaning>> = {
  "08P01": {
    code: "database_protocol",
    hint: "Something between this program and PostgreSQL does not speak its protocol as the server does: name the server itself in DATABASE_URL.",
  },
  "22021": {
    code: "database_encoding",
    hint: "A value is no text in the database's encoding. Convert it, or make it NULL, then run the same command again.",
  },
  "22P05": {
    code: "database_encoding",
    hint: "A value has no counterpart in the database's encoding. The archive can be restored into a database with encoding UTF8.",
  },
  "25006": {
    code: "database_read_only",
    hint:
      "Connect to the primary with a role that may write: the archive keeps its state in the schema log_archive. A standby, default_transaction_read_only " +
      "of the role or database, and a failover under way are read-only.",
  },
  "25P03": { code: "database_busy", hint: `A transaction was idle for longer than the server allows. ${resume}` },
  "25P04": { code: "database_busy", hint: `A transaction took longer than the server allows. ${resume}` },
  "28000": {
    code: "database_login",
    hint: `${login}, and pg_hba.conf on the server; sslmode, when that asks for TLS.`,
  },
  "28P01": { code: "database_login", hint: `${login}.` },
  "3D000": { code: "database_missing", hint: "Check the database name in DATABASE_URL (or DB_DATABASE)." },
  "3F000": { code: "database_table", hint: versionsDiffer },
  "40001": { code: "database_conflict", hint: `Other transactions wrote the same rows. ${resume}` },
  "40P01": { code: "database_conflict", hint: `Other transactions held locks that were needed. ${resume}` },
  "42501": {
    code: "database_privilege",
    hint:
      "Give the role the privilege named above. A copy needs SELECT on the log tables, and CREATE on the database or ownership of the schema log_archive; " +
      "what other commands need is in docs/roles.md.",
  },
  "42P01": {
    code: "database_table",
    hint: "Check that DATABASE_URL names the database of the platform and that its migrations have run.",
  },
  "53100": { code: "database_disk_full", hint: `Free space on the database server. ${resume}` },
  "53200": {
    code: "database_memory",
    hint: `The server is short of memory: lower --batch-bytes or its work_mem. ${resume}`,
  },
  "53300": {
    code: "database_busy",
    hint: `No connection is left: max_connections, or a CONNECTION LIMIT of the role or database. ${resume}`,
  },
  "53400": {
    code: "database_limit",
    hint: `A limit of the server's configuration was reached (temp_file_limit): raise it for this role. ${resume}`,
  },
  "55P03": { code: "database_lock", hint: `Another session holds a lock that was needed. ${resume}` },
  "57014": {
    code: "database_cancelled",
    hint: `Somebody, or a time-out of the server, cancelled the statement. ${resume}`,
  },
  "57P04": {
    code: "database_missing",
    hint: "The database was dropped while it was used. Check DATABASE_URL (or DB_DATABASE).",
  },
  "57P05": { code: "database_down", hint: `The server ended an idle session (idle_session_timeout). ${resume}` },
};

/** Classes of SQLSTATEs, their first two characters: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const byClass: Readonly<Record<string, SqlStateMeaning>> = {
  "03": { code: "database_error", hint: undefined },
  "08": { code: "database_unreachable", hint: `The connection to the server broke. ${resume}` },
  "09": { code: "database_trigger", hint: "A trigger of a table failed: look at the server's log which." },
  "0A": { code: "database_feature", hint: "The server does not do what is needed: check its version and extensions." },
  "0B": { code: "database_error", hint: undefined },
  "0F": { code: "database_error", hint: undefined },
  "0L": { code: "database_privilege", hint: "The role may not give this privilege: run the command as the owner." },
  "0P": { code: "database_privilege", hint: "Check the role in DATABASE_URL, and what ALTER ROLE ... SET role says." },
  "0Z": { code: "database_trigger", hint: "A function or trigger of a table failed: look at the server's log which." },
  "10": { code: "database_error", hint: versionsDiffer },
  "20": { code: "database_trigger", hint: "A function or trigger of a table failed: look at the server's log which." },
  "21": { code: "database_data", hint: versionsDiffer },
  "22": { code: "database_data", hint: versionsDiffer },
  "23": {
    code: "database_constraint",
    hint: "A constraint of the table named above forbids it, and nothing of this step was written. Look at what refers to the row, or is already there.",
  },
  "24": { code: "database_error", hint: undefined },
  "25": { code: "database_transaction", hint: `The transaction was not in the state that was needed. ${resume}` },
  "26": {
    code: "database_pooler",
    hint: "A pooler with transaction pooling may stand in between: name PostgreSQL itself, or a port with session pooling.",
  },
  "27": { code: "database_trigger", hint: "A trigger of a table changed the row that was being written: look at it." },
  "28": { code: "database_login", hint: `${login}.` },
  "2B": { code: "database_privilege", hint: "Other objects depend on it: look at the server's log which." },
  "2D": {
    code: "database_trigger",
    hint: "A function or trigger of a table ends transactions: look at the server's log.",
  },
  "2F": { code: "database_trigger", hint: "A function or trigger of a table failed: look at the server's log which." },
  "34": { code: "database_error", hint: undefined },
  "38": { code: "database_trigger", hint: "A function or trigger of a table failed: look at the server's log which." },
  "39": { code: "database_trigger", hint: "A function or trigger of a table failed: look at the server's log which." },
  "3B": { code: "database_transaction", hint: resume },
  "3D": { code: "database_missing", hint: "Check the database name in DATABASE_URL (or DB_DATABASE)." },
  "3F": { code: "database_table", hint: versionsDiffer },
  "40": { code: "database_conflict", hint: `The server undid the transaction because of others. ${resume}` },
  "42": { code: "database_schema", hint: versionsDiffer },
  "44": { code: "database_constraint", hint: "A view's WITH CHECK OPTION forbids the row: name the table behind it." },
  "53": { code: "database_busy", hint: `The server is short of something: its log says of what. ${resume}` },
  "54": { code: "database_limit", hint: "The server cannot do more at once: lower --batch-size, then run it again." },
  "55": { code: "database_busy", hint: `What was needed is in use. ${resume}` },
  "57": { code: "database_down", hint: `The server ended the connection, is starting or stopping. ${resume}` },
  "58": { code: "database_failed", hint: serverFailed },
  "72": { code: "database_conflict", hint: `The snapshot was too old (old_snapshot_threshold). ${resume}` },
  F0: { code: "database_failed", hint: serverFailed },
  HV: { code: "database_foreign", hint: "The table is on a foreign server that failed: look at the server's log." },
  P0: { code: "database_trigger", hint: "A function or trigger of a table failed: look at the server's log which." },
  XX: {
    code: "database_corrupt",
    hint: "PostgreSQL reports a fault inside of itself or damaged data: its log says more. Have it looked at before going on.",
  },
};

/** The meaning of a SQLSTATE; undefined for none that PostgreSQL has. */
export function meaningOf(sqlState: string): SqlStateMeaning | undefined {
  return byState[sqlState] ?? byClass[sqlState.slice(0, 2)];
}
