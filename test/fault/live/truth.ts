import type { Client } from "pg";

const tables = ["workflow_runs", "workflow_app_logs", "workflow_node_executions", "workflow_node_execution_offload"];

/**
 * From now on the database knows what the platform committed last of each row: triggers write it down in the platform's
 * own transaction, and look away when the program under test writes. Runs and nodes end when they were created, so that
 * they may be purged; an offload row comes only beside its node. With a run the platform deletes the node executions of
 * it that had been purged: it has no rows of them any more, and would have deleted these.
 */
export async function keepTruth(sql: Client): Promise<void> {
  await sql.query(`
    CREATE SCHEMA truth;
    CREATE TABLE truth.rows (name text, id text, content jsonb, PRIMARY KEY (name, id));
    CREATE FUNCTION truth.is_platform() RETURNS boolean LANGUAGE sql AS $$ SELECT current_setting('application_name') <> 'log-archive' $$;
    CREATE FUNCTION truth.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF NOT truth.is_platform() THEN RETURN NULL; END IF;
      INSERT INTO truth.rows VALUES (TG_TABLE_NAME, coalesce(NEW.id, OLD.id)::text, CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END)
        ON CONFLICT (name, id) DO UPDATE SET content = excluded.content;
      RETURN NULL; END $$;
    CREATE FUNCTION truth.ended_long_ago() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF truth.is_platform() AND NEW.finished_at IS NOT NULL THEN NEW.finished_at := NEW.created_at; END IF;
      RETURN NEW; END $$;
    CREATE FUNCTION truth.beside_its_node() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF truth.is_platform() THEN
        PERFORM FROM public.workflow_node_executions WHERE id = NEW.node_execution_id FOR KEY SHARE;
        IF NOT FOUND THEN RETURN NULL; END IF;
      END IF;
      RETURN NEW; END $$;
    CREATE FUNCTION truth.of_deleted_run() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE deleted_at timestamptz; BEGIN
      IF NOT truth.is_platform() OR EXISTS (SELECT FROM public.workflow_runs WHERE id = OLD.id) THEN RETURN NULL; END IF;
      -- what a purge or restore under way does to its node executions is not to be seen yet: the platform tries again later
      IF EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)
                  WHERE a.application_name = 'log-archive' AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                    AND (l.relation = 'log_archive.partitions'::regclass AND l.mode = 'RowShareLock'
                         OR l.relation = 'public.workflow_node_executions'::regclass AND l.mode = 'RowExclusiveLock')) THEN
        RAISE lock_not_available;
      END IF;
      SELECT max(written_at) INTO deleted_at FROM log_archive.dirty_rows
       WHERE data_type = 'workflow_runs' AND record_id = OLD.id::text AND operation = 'D';
      WITH gone AS (
        UPDATE truth.rows t SET content = NULL FROM log_archive.purged_rows p
         WHERE t.name = 'workflow_node_executions' AND t.content->>'workflow_run_id' = OLD.id::text
           AND p.data_type = 'node_executions' AND p.record_id = t.id AND p.purged_at <= deleted_at RETURNING t.id)
      UPDATE truth.rows t SET content = NULL FROM gone
       WHERE t.name = 'workflow_node_execution_offload' AND t.content->>'node_execution_id' = gone.id;
      RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER z_run AFTER DELETE ON workflow_runs DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION truth.of_deleted_run();
    CREATE TRIGGER a_ended BEFORE INSERT OR UPDATE ON workflow_runs FOR EACH ROW EXECUTE FUNCTION truth.ended_long_ago();
    CREATE TRIGGER a_ended BEFORE INSERT OR UPDATE ON workflow_node_executions FOR EACH ROW EXECUTE FUNCTION truth.ended_long_ago();
    CREATE TRIGGER a_beside BEFORE INSERT ON workflow_node_execution_offload FOR EACH ROW EXECUTE FUNCTION truth.beside_its_node()`);
  for (const table of tables)
    await sql.query(
      `CREATE TRIGGER z_truth AFTER INSERT OR UPDATE OR DELETE ON ${table} FOR EACH ROW EXECUTE FUNCTION truth.note()`,
    );
}

/** Rows that are not as the platform left them: gone, another, or back though the platform deleted them. */
export async function untrueRows(sql: Client): Promise<string[]> {
  const wrong: string[] = [];
  for (const table of tables) {
    const { rows } = await sql.query<{ line: string }>(
      `SELECT format('%s %s is %s, and was %s', $1::text, coalesce(w.id, t.id::text), coalesce(to_jsonb(t)::text, 'gone'), coalesce(w.content::text, 'deleted')) AS line
         FROM (SELECT * FROM truth.rows WHERE name = $1) w FULL JOIN ${table} t ON t.id::text = w.id
        WHERE to_jsonb(t) IS DISTINCT FROM w.content ORDER BY 1 LIMIT 20`,
      [table],
    );
    wrong.push(...rows.map(({ line }) => line));
  }
  return wrong;
}
