/**
 * Settings that every connection of ours gets before its first statement, whatever the role or the database sets. They
 * are the one place for settings of the whole session; statements that need others set them for their transaction.
 */
const settings: Readonly<Record<string, string>> = {
  // the text form of values
  TimeZone: "UTC",
  DateStyle: "ISO, YMD",
  IntervalStyle: "postgres",
  extra_float_digits: "3",
  bytea_output: "hex",
  standard_conforming_strings: "on",
  // the scan that lists the keys of a large table, and the connection that holds the locks, last longer than a role's
  // limits may allow
  statement_timeout: "0",
  transaction_timeout: "0",
  idle_session_timeout: "0",
  // a policy that would hide rows from us is an error then, not a part that passes for the whole
  row_security: "off",
  // a forgotten transaction or a queued lock of ours must not harm the platform
  lock_timeout: "5s",
  idle_in_transaction_session_timeout: "60s",
  // each statement sees what is committed, and none fails because of what others write; what needs a snapshot asks for
  // it
  default_transaction_isolation: "read committed",
  default_transaction_deferrable: "off",
  // locks of a machine that has died without a word are free after two minutes, not two hours
  tcp_keepalives_idle: "60",
  tcp_keepalives_interval: "10",
  tcp_keepalives_count: "6",
};

/**
 * Bytes of an SQL_ASCII database may be no text of any encoding: they are taken as they are, for the server refuses to
 * send them as UTF-8.
 */
const encoding =
  "select set_config('client_encoding', case current_setting('server_encoding') when 'SQL_ASCII' then 'SQL_ASCII' else 'UTF8' end, false)";

/** Settings that the server does not know are left out: some are younger than the oldest PostgreSQL. */
export const sessionSettings = `${encoding};
  select set_config(s.name, v.value, false) from pg_settings s
    join (values ${Object.entries(settings)
      .map(([name, value]) => `('${name}', '${value}')`)
      .join(", ")}) v(name, value) on v.name = s.name`;
