-- Behind the absorption report: why its definitions differ, the persons of a cell, and the regions that
-- are missing.

-- The same cohorts, told apart by what the three definitions disagree about:
--   working  = self_employed + unplaced + placed_still
--   employed =                 unplaced + placed_still
--   placed   =                            placed_still + placed_before
CREATE OR REPLACE FUNCTION absorption_explained(
    dimensions text[] DEFAULT '{region,year}', horizon text DEFAULT 'now',
    as_of date DEFAULT NULL, known_at timestamptz DEFAULT NULL)
RETURNS TABLE (
    region text, province text, year integer, vocation text, batch text, funding text, sex text,
    disability boolean, digital_marketing boolean,
    graduates bigint, self_employed bigint, unplaced bigint, placed_still bigint,
    placed_before bigint, placed_before_working bigint, not_working bigint, untraced bigint)
LANGUAGE plpgsql STABLE
SET search_path = jejaring, pg_catalog SET work_mem = '64MB' SET jit = off SET parallel_setup_cost = 100
AS $$
DECLARE
    day CONSTANT date := coalesce(as_of, today());
    persons CONSTANT uuid[] := unsettled(day, known_at);
    shown text;
    grouped text;
    lead text;
BEGIN
    SELECT d.shown, d.grouped INTO shown, grouped FROM cohort_dimensions(dimensions) AS d;
    lead := CASE grouped WHEN '' THEN '' ELSE grouped || ', ' END;
    RETURN QUERY EXECUTE format($query$
        SELECT %1$s, sum(n)::bigint,
            coalesce(sum(n) FILTER (WHERE state / 1000 = 2), 0)::bigint,
            coalesce(sum(n) FILTER (WHERE state / 1000 = 1 AND mod(state, 10) = 0), 0)::bigint,
            coalesce(sum(n) FILTER (WHERE state / 1000 = 1 AND mod(state, 10) = 1), 0)::bigint,
            coalesce(sum(n) FILTER (WHERE state / 1000 <> 1 AND mod(state, 10) = 1), 0)::bigint,
            coalesce(sum(n) FILTER (WHERE state / 1000 = 2 AND mod(state, 10) = 1), 0)::bigint,
            coalesce(sum(n) FILTER (WHERE state / 1000 > 2), 0)::bigint,
            coalesce(sum(n) FILTER (WHERE state IS NULL), 0)::bigint
        FROM (SELECT %4$s state, count(*) AS n FROM (%2$s) AS persons GROUP BY %4$s state) AS states %3$s$query$,
        shown,
        cohort_persons(lead, horizon, as_of IS NULL, known_at IS NOT NULL, cardinality(persons) > 0, false),
        CASE grouped WHEN '' THEN 'HAVING count(*) > 0'
            ELSE format('GROUP BY %1$s ORDER BY %1$s', grouped) END,
        lead)
    USING come_to(horizon, day), day, known_at, persons;
END $$;
COMMENT ON FUNCTION absorption_explained IS 'Cohorts by what the three definitions of the absorption rate disagree about';

-- Persons whom a counter of jejaring.absorption() counts, in the cell with these values of its
-- dimensions, e.g. {"region": "33.75", "year": 2018}; the other arguments as there. Without a cell:
-- of the whole. Row-level security decides whom a reader sees.
CREATE OR REPLACE FUNCTION absorption_list(
    counter text, cell jsonb DEFAULT '{}', horizon text DEFAULT 'now',
    as_of date DEFAULT NULL, known_at timestamptz DEFAULT NULL)
RETURNS TABLE (
    person uuid, region text, year integer, vocation text, batch text, graduated_on date,
    status text, formal boolean, witness text, placed boolean)
LANGUAGE plpgsql STABLE
SET search_path = jejaring, pg_catalog SET work_mem = '64MB' SET jit = off SET parallel_setup_cost = 100
AS $$
DECLARE
    day CONSTANT date := coalesce(as_of, today());
    persons CONSTANT uuid[] := unsettled(day, known_at);
    condition CONSTANT text := counter_condition(counter);
    within text;
BEGIN
    IF condition IS NULL THEN
        RAISE EXCEPTION 'unknown counter' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM cohort_dimensions(ARRAY(SELECT jsonb_object_keys(cell)));
    SELECT coalesce(string_agg(format('%I::text IS NOT DISTINCT FROM %L', key, value), ' AND '), 'true')
        INTO within FROM jsonb_each_text(cell);
    RETURN QUERY EXECUTE format($query$
        SELECT person, region, year, vocation, batch, graduated_on, state_status(state),
            state_formal(state), state_witness(state), state_placed(state)
        FROM (
            SELECT DISTINCT ON (person) * FROM (%s %s) AS r WHERE %s
            ORDER BY person, graduated_on DESC, vocation, batch) AS person_once
        WHERE %s ORDER BY person$query$,
        cohort_rows(horizon, as_of IS NULL, known_at IS NOT NULL, false),
        CASE WHEN cardinality(persons) > 0 THEN 'UNION ALL ' || cohort_rows(horizon, false, true, true) END,
        within, condition)
    USING come_to(horizon, day), day, known_at, persons;
END $$;
COMMENT ON FUNCTION absorption_list IS 'The persons behind a figure of the absorption report';

-- Regencies and cities within scope (a region, a province, or *) of which the report has nothing:
-- year null: nothing at all; else nothing of a year of which others have something. Who may read some
-- regions only is not told of others.
CREATE OR REPLACE FUNCTION absorption_missing(
    scope text, by_year boolean DEFAULT true, horizon text DEFAULT 'now',
    as_of date DEFAULT NULL, known_at timestamptz DEFAULT NULL)
RETURNS TABLE (region text, year integer)
LANGUAGE plpgsql STABLE
SET search_path = jejaring, pg_catalog
AS $$
#variable_conflict use_column
DECLARE
    expected text[] := ARRAY(SELECT code FROM region g WHERE g.level <> 'province'
                             AND scope IN ('*', g.code, g.province_code));
BEGIN
    IF row_security_active('standing') THEN -- without it there may be no reads_everything
        IF NOT reads_everything() THEN
            expected := ARRAY(SELECT code FROM readable_region WHERE code = ANY (expected));
        END IF;
    END IF;
    RETURN QUERY WITH found AS (
        SELECT region, year FROM absorption('{region,year}', horizon, as_of, known_at)
    )
    SELECT e.code, NULL::integer FROM unnest(expected) AS e (code)
    WHERE NOT EXISTS (SELECT FROM found f WHERE f.region = e.code)
    UNION ALL
    SELECT e.code, y.year
    FROM (SELECT DISTINCT region FROM found WHERE region = ANY (expected)) AS e (code)
        CROSS JOIN (SELECT DISTINCT year FROM found) AS y
    WHERE by_year AND NOT EXISTS (SELECT FROM found f WHERE f.region = e.code AND f.year = y.year)
    ORDER BY 1, 2;
END $$;
COMMENT ON FUNCTION absorption_missing IS 'Regions that the absorption report lacks: missing, which is not zero';
