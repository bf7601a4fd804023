-- Dify installs uuid-ossp for uuid_generate_v4() and brings its own uuidv7() before PostgreSQL 18.
DO $$
BEGIN
  IF to_regprocedure('uuid_generate_v4()') IS NULL THEN
    CREATE FUNCTION uuid_generate_v4() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE
      AS 'SELECT gen_random_uuid()';
  END IF;
  IF to_regprocedure('uuidv7()') IS NULL THEN
    CREATE FUNCTION uuidv7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $uuidv7$
      SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
        PLACING substring(int8send(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
        FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid
    $uuidv7$;
  END IF;
END
$$;
