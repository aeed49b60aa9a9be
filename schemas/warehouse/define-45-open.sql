-- The reports for readers who may not see who has a disability (UU 27/2022: specific personal data):
-- the same tables without that column, so that a query does not touch what it may not read.

CREATE OR REPLACE FUNCTION reads_specific() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN has_column_privilege('jejaring.standing', 'disability', 'SELECT');
COMMENT ON FUNCTION reads_specific IS 'True if the current role may read who has a disability';

DROP VIEW IF EXISTS standing_open;
DO $$
DECLARE
    columns CONSTANT name[] := ARRAY(SELECT attname FROM pg_attribute
        WHERE attrelid = 'jejaring.standing'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum);
    col name;
BEGIN
    EXECUTE format('CREATE VIEW jejaring.standing_open WITH (security_invoker = true) AS SELECT %s FROM jejaring.standing',
        (SELECT string_agg(CASE c WHEN 'disability' THEN 'NULL::boolean AS disability' ELSE quote_ident(c) END, ', ' ORDER BY o)
         FROM unnest(columns) WITH ORDINALITY AS u (c, o)));
    FOREACH col IN ARRAY columns LOOP
        EXECUTE format('COMMENT ON COLUMN jejaring.standing_open.%I IS %L', col,
            CASE col WHEN 'disability' THEN 'Null: not told here' ELSE 'As in jejaring.standing' END);
    END LOOP;
END $$;
COMMENT ON VIEW standing_open IS 'jejaring.standing without who has a disability';

CREATE OR REPLACE FUNCTION standing_name() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN reads_specific() THEN 'standing' ELSE 'standing_open' END;
COMMENT ON FUNCTION standing_name IS 'Where the current role reads where graduates stand';

-- With the rights of jejaring_counter, see define-70-roles.sql.
CREATE OR REPLACE FUNCTION evaluate_open(persons uuid[], as_of date, known_at timestamptz)
RETURNS TABLE (
    person uuid, year integer, vocation text, batch text, region text, funding text, sex text,
    disability boolean, digital_marketing boolean, graduated_on date, several boolean,
    ahead boolean, worked_on date, history bigint[], state smallint, state_6m smallint,
    state_12m smallint)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = jejaring, pg_catalog, pg_temp
AS $$
    SELECT e.person, e.year, e.vocation, e.batch, e.region, e.funding, e.sex, NULL::boolean,
        e.digital_marketing, e.graduated_on, e.several, e.ahead, e.worked_on, e.history, e.state,
        e.state_6m, e.state_12m
    FROM evaluate($1, $2, $3) AS e
$$;
COMMENT ON FUNCTION evaluate_open IS 'jejaring.evaluate() without who has a disability';

CREATE OR REPLACE FUNCTION evaluate_name() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN reads_specific() THEN 'evaluate' ELSE 'evaluate_open' END;
COMMENT ON FUNCTION evaluate_name IS 'By what the current role evaluates graduations';
