-- The tables of Dify 1.16 that hold workflow logs, and those a purge has to look at (of these, the columns that matter).

CREATE TABLE tenants (
  id uuid DEFAULT uuid_generate_v4() NOT NULL,
  name character varying(255) NOT NULL,
  plan character varying(255) DEFAULT 'basic'::character varying NOT NULL,
  status character varying(255) DEFAULT 'normal'::character varying NOT NULL,
  created_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP(0) NOT NULL,
  CONSTRAINT tenant_pkey PRIMARY KEY (id)
);

CREATE TABLE accounts (
  id uuid DEFAULT uuid_generate_v4() NOT NULL,
  name character varying(255) NOT NULL,
  email character varying(255) NOT NULL,
  created_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP(0) NOT NULL,
  CONSTRAINT account_pkey PRIMARY KEY (id)
);
CREATE INDEX account_email_idx ON accounts (email);

CREATE TABLE end_users (
  id uuid DEFAULT uuid_generate_v4() NOT NULL,
  tenant_id uuid NOT NULL,
  app_id uuid,
  type character varying(255) NOT NULL,
  session_id character varying(255) NOT NULL,
  created_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP(0) NOT NULL,
  CONSTRAINT end_user_pkey PRIMARY KEY (id)
);
CREATE INDEX end_user_session_id_idx ON end_users (session_id, type);
CREATE INDEX end_user_tenant_session_id_idx ON end_users (tenant_id, session_id, type);

CREATE TABLE conversations (
  id uuid DEFAULT uuid_generate_v4() NOT NULL,
  app_id uuid NOT NULL,
  mode character varying(255) NOT NULL,
  name character varying(255) NOT NULL,
  status character varying(255) NOT NULL,
  from_source character varying(255) NOT NULL,
  from_end_user_id uuid,
  from_account_id uuid,
  created_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP(0) NOT NULL,
  updated_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP(0) NOT NULL,
  CONSTRAINT conversation_pkey PRIMARY KEY (id)
);
CREATE INDEX conversation_app_from_user_idx ON conversations (app_id, from_source, from_end_user_id);

CREATE TABLE messages (
  id uuid DEFAULT uuid_generate_v4() NOT NULL,
  app_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  inputs json NOT NULL,
  query text NOT NULL,
  answer text NOT NULL,
  status character varying(255) DEFAULT 'normal'::character varying NOT NULL,
  error text,
  from_source character varying(255) NOT NULL,
  from_end_user_id uuid,
  from_account_id uuid,
  created_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP(0) NOT NULL,
  updated_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP(0) NOT NULL,
  workflow_run_id uuid,
  CONSTRAINT message_pkey PRIMARY KEY (id)
);
CREATE INDEX message_app_id_idx ON messages (app_id, created_at);
CREATE INDEX message_conversation_id_idx ON messages (conversation_id);
CREATE INDEX message_workflow_run_id_idx ON messages (conversation_id, workflow_run_id);

CREATE TABLE workflow_runs (
  id uuid DEFAULT uuid_generate_v4() NOT NULL,
  tenant_id uuid NOT NULL,
  app_id uuid NOT NULL,
  workflow_id uuid NOT NULL,
  type character varying(255) NOT NULL,
  triggered_from character varying(255) NOT NULL,
  version character varying(255) NOT NULL,
  graph text,
  inputs text,
  status character varying(255) NOT NULL,
  outputs text,
  error text,
  elapsed_time double precision DEFAULT 0 NOT NULL,
  total_tokens bigint DEFAULT 0 NOT NULL,
  total_steps integer DEFAULT 0,
  created_by_role character varying(255) NOT NULL,
  created_by uuid NOT NULL,
  created_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP(0) NOT NULL,
  finished_at timestamp without time zone,
  exceptions_count integer DEFAULT 0,
  CONSTRAINT workflow_run_pkey PRIMARY KEY (id)
);
CREATE INDEX workflow_run_triggerd_from_idx ON workflow_runs (tenant_id, app_id, triggered_from);
CREATE INDEX workflow_run_created_at_id_idx ON workflow_runs (created_at, id);

CREATE TABLE workflow_app_logs (
  id uuid DEFAULT uuid_generate_v4() NOT NULL,
  tenant_id uuid NOT NULL,
  app_id uuid NOT NULL,
  workflow_id uuid NOT NULL,
  workflow_run_id uuid NOT NULL,
  created_from character varying(255) NOT NULL,
  created_by_role character varying(255) NOT NULL,
  created_by uuid NOT NULL,
  created_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP(0) NOT NULL,
  CONSTRAINT workflow_app_log_pkey PRIMARY KEY (id)
);
CREATE INDEX workflow_app_log_app_idx ON workflow_app_logs (tenant_id, app_id);
CREATE INDEX workflow_app_log_workflow_run_id_idx ON workflow_app_logs (workflow_run_id);

CREATE TABLE workflow_node_executions (
  id uuid DEFAULT uuid_generate_v4() NOT NULL,
  tenant_id uuid NOT NULL,
  app_id uuid NOT NULL,
  workflow_id uuid NOT NULL,
  triggered_from character varying(255) NOT NULL,
  workflow_run_id uuid,
  index integer NOT NULL,
  predecessor_node_id character varying(255),
  node_execution_id character varying(255),
  node_id character varying(255) NOT NULL,
  node_type character varying(255) NOT NULL,
  title character varying(255) NOT NULL,
  inputs text,
  process_data text,
  outputs text,
  status character varying(255) NOT NULL,
  error text,
  elapsed_time double precision DEFAULT 0 NOT NULL,
  execution_metadata text,
  created_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP(0) NOT NULL,
  created_by_role character varying(255) NOT NULL,
  created_by uuid NOT NULL,
  finished_at timestamp without time zone,
  agent_workspace_binding_id uuid,
  CONSTRAINT workflow_node_execution_pkey PRIMARY KEY (id)
);
CREATE INDEX workflow_node_execution_node_run_idx
  ON workflow_node_executions (tenant_id, app_id, workflow_id, triggered_from, node_id);
CREATE INDEX workflow_node_execution_id_idx
  ON workflow_node_executions (tenant_id, app_id, workflow_id, triggered_from, node_execution_id);
CREATE INDEX workflow_node_executions_tenant_id_idx
  ON workflow_node_executions (tenant_id, workflow_id, node_id, created_at DESC);
CREATE INDEX workflow_node_execution_workflow_run_id_idx
  ON workflow_node_executions (workflow_run_id);

CREATE TABLE workflow_node_execution_offload (
  id uuid DEFAULT uuidv7() NOT NULL,
  created_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
  tenant_id uuid NOT NULL,
  app_id uuid NOT NULL,
  node_execution_id uuid,
  type character varying(20) NOT NULL,
  file_id uuid NOT NULL,
  CONSTRAINT workflow_node_execution_offload_pkey PRIMARY KEY (id),
  CONSTRAINT workflow_node_execution_offload_node_execution_id_key UNIQUE (node_execution_id, type)
);

CREATE TABLE upload_files (
  id uuid DEFAULT uuid_generate_v4() NOT NULL,
  tenant_id uuid NOT NULL,
  storage_type character varying(255) NOT NULL,
  key character varying(255) NOT NULL,
  name character varying(255) NOT NULL,
  size integer NOT NULL,
  extension character varying(255) NOT NULL,
  mime_type character varying(255),
  created_by_role character varying(255) DEFAULT 'account'::character varying NOT NULL,
  created_by uuid NOT NULL,
  created_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP(0) NOT NULL,
  used boolean DEFAULT false NOT NULL,
  used_by uuid,
  used_at timestamp without time zone,
  hash character varying(255),
  source_url text DEFAULT ''::text NOT NULL,
  CONSTRAINT upload_file_pkey PRIMARY KEY (id)
);
CREATE INDEX upload_file_tenant_idx ON upload_files (tenant_id);

CREATE TABLE workflow_draft_variables (
  id uuid NOT NULL,
  created_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
  updated_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
  app_id uuid NOT NULL,
  last_edited_at timestamp without time zone,
  node_id character varying(255) NOT NULL,
  name character varying(255) NOT NULL,
  description character varying(255) NOT NULL,
  selector character varying(255) NOT NULL,
  value_type character varying(20) NOT NULL,
  value text NOT NULL,
  visible boolean NOT NULL,
  editable boolean NOT NULL,
  node_execution_id uuid,
  file_id uuid,
  is_default_value boolean DEFAULT false NOT NULL,
  CONSTRAINT workflow_draft_variables_pkey PRIMARY KEY (id),
  CONSTRAINT workflow_draft_variables_app_id_key UNIQUE (app_id, node_id, name)
);
CREATE INDEX workflow_draft_variable_file_id_idx ON workflow_draft_variables (file_id);

CREATE TABLE workflow_pauses (
  id uuid DEFAULT uuidv7() NOT NULL,
  created_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
  updated_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
  workflow_id uuid NOT NULL,
  workflow_run_id uuid NOT NULL,
  resumed_at timestamp without time zone,
  state_object_key character varying(255) NOT NULL,
  CONSTRAINT workflow_pauses_pkey PRIMARY KEY (id),
  CONSTRAINT workflow_pauses_workflow_run_id_key UNIQUE (workflow_run_id)
);

CREATE TABLE workflow_pause_reasons (
  id uuid NOT NULL,
  created_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
  updated_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
  pause_id uuid NOT NULL,
  type_ character varying(20) NOT NULL,
  form_id character varying(36) NOT NULL,
  node_id character varying(255) NOT NULL,
  message character varying(255) NOT NULL,
  CONSTRAINT workflow_pause_reasons_pkey PRIMARY KEY (id)
);
CREATE INDEX workflow_pause_reasons_pause_id_idx ON workflow_pause_reasons (pause_id);

CREATE TABLE workflow_trigger_logs (
  id uuid DEFAULT uuidv7() NOT NULL,
  tenant_id uuid NOT NULL,
  app_id uuid NOT NULL,
  workflow_id uuid NOT NULL,
  workflow_run_id uuid,
  root_node_id character varying(255),
  trigger_metadata text NOT NULL,
  trigger_type character varying(50) NOT NULL,
  trigger_data text NOT NULL,
  inputs text NOT NULL,
  outputs text,
  status character varying(50) NOT NULL,
  error text,
  queue_name character varying(100) NOT NULL,
  celery_task_id character varying(255),
  created_by_role character varying(255) NOT NULL,
  created_by character varying(255) NOT NULL,
  retry_count integer NOT NULL,
  elapsed_time double precision,
  total_tokens integer,
  created_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
  triggered_at timestamp without time zone,
  finished_at timestamp without time zone,
  CONSTRAINT workflow_trigger_log_pkey PRIMARY KEY (id)
);
CREATE INDEX workflow_trigger_log_tenant_app_idx ON workflow_trigger_logs (tenant_id, app_id);
CREATE INDEX workflow_trigger_log_status_idx ON workflow_trigger_logs (status);
CREATE INDEX workflow_trigger_log_created_at_idx ON workflow_trigger_logs (created_at);
CREATE INDEX workflow_trigger_log_workflow_run_idx ON workflow_trigger_logs (workflow_run_id);
CREATE INDEX workflow_trigger_log_workflow_id_idx ON workflow_trigger_logs (workflow_id);

CREATE TABLE workflow_archive_logs (
  id uuid DEFAULT uuidv7() NOT NULL,
  tenant_id uuid NOT NULL,
  app_id uuid NOT NULL,
  workflow_id uuid NOT NULL,
  workflow_run_id uuid NOT NULL,
  created_by_role character varying(255) NOT NULL,
  created_by uuid NOT NULL,
  log_id uuid,
  log_created_at timestamp without time zone,
  log_created_from character varying(255),
  run_version character varying(255) NOT NULL,
  run_status character varying(255) NOT NULL,
  run_triggered_from character varying(255) NOT NULL,
  run_error text,
  run_elapsed_time double precision DEFAULT 0 NOT NULL,
  run_total_tokens bigint DEFAULT 0 NOT NULL,
  run_total_steps integer DEFAULT 0,
  run_created_at timestamp without time zone NOT NULL,
  run_finished_at timestamp without time zone,
  run_exceptions_count integer DEFAULT 0,
  trigger_metadata text,
  archived_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
  CONSTRAINT workflow_archive_log_pkey PRIMARY KEY (id)
);
CREATE INDEX workflow_archive_log_app_idx ON workflow_archive_logs (tenant_id, app_id);
CREATE INDEX workflow_archive_log_workflow_run_id_idx ON workflow_archive_logs (workflow_run_id);
CREATE INDEX workflow_archive_log_run_created_at_idx ON workflow_archive_logs (run_created_at);
