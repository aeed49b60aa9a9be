-- Behind the absorption report: why its definitions differ, the persons of a cell, and the regions that
-- are in its figures and that are missing.

-- The same cohorts, told apart by what the three definitions disagree about:
--   working  = self_employed + unplaced + placed_still
--   employed =                 unplaced + placed_still
--   placed   =                            placed_still + placed_before
CREATE OR REPLACE FUNCTION absorption_explained(
    dimensions text[] DEFAULT '{region,year}', horizon text DEFAULT 'now',
    as_of date DEFAULT NULL, known_at timestamptz DEFAULT NULL, cell jsonb DEFAULT '{}')
RETURNS TABLE (
    region text, province text, year integer, vocation text, batch text, funding text, sex text,
    disability boolean, digital_marketing boolean,
    graduates bigint, self_employed bigint, unplaced bigint, placed_still bigint,
    placed_before bigint, placed_before_working bigint, not_working bigint, untraced bigint)
LANGUAGE sql STABLE
SET search_path = jejaring, pg_catalog, pg_temp
AS $$
    SELECT region, province, year, vocation, batch, funding, sex, disability, digital_marketing,
        graduates, self_employed, employed - placed_still, placed_still, placed - placed_still,
        placed_working, traced - working, graduates - traced
    FROM absorption(dimensions, horizon, as_of, known_at, 'working', cell)
$$;
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
SET search_path = jejaring, pg_catalog, pg_temp SET work_mem = '64MB' SET jit = off SET parallel_setup_cost = 100
SET parallel_tuple_cost = 0.01
AS $$
DECLARE
    day CONSTANT date := coalesce(as_of, today());
    chosen CONSTANT text := counter_condition(counter);
    rows record;
BEGIN
    IF chosen IS NULL THEN
        RAISE EXCEPTION 'unknown counter' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT * INTO rows FROM cohort_states(horizon, as_of IS NULL, known_at IS NOT NULL, cohort_condition(cell));
    RETURN QUERY EXECUTE format($query$
        SELECT person, region, year, vocation, batch, graduated_on, state_status(state),
            state_formal(state), state_witness(state), state_placed(state)
        FROM (%s) AS persons WHERE %s ORDER BY person$query$,
        cohort_once('', rows.single, rows.several), chosen)
    USING come_to(horizon, day), day, known_at;
END $$;
COMMENT ON FUNCTION absorption_list IS 'The persons behind a figure of the absorption report';

-- Regencies and cities within scope (a region, a province, or *) that are not among the regions found:
-- year null: nothing at all; else nothing of a year of which others have something (found_years are the
-- years of found_regions; null: not by year). Who may read some regions only is not told of others.
CREATE OR REPLACE FUNCTION regions_missing(scope text, found_regions text[], found_years integer[])
RETURNS TABLE (region text, year integer)
LANGUAGE plpgsql STABLE
SET search_path = jejaring, pg_catalog, pg_temp
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
    RETURN QUERY WITH found AS MATERIALIZED (
        SELECT DISTINCT f.region, f.year FROM unnest(found_regions, found_years) AS f (region, year)
    )
    SELECT e.code, NULL::integer FROM unnest(expected) AS e (code)
    WHERE NOT EXISTS (SELECT FROM found f WHERE f.region = e.code)
    UNION ALL
    SELECT e.code, y.year
    FROM (SELECT DISTINCT region FROM found WHERE region = ANY (expected)) AS e (code)
        CROSS JOIN (SELECT DISTINCT year FROM found WHERE year IS NOT NULL) AS y
    WHERE NOT EXISTS (SELECT FROM found f WHERE f.region = e.code AND f.year = y.year)
    ORDER BY 1, 2;
END $$;
COMMENT ON FUNCTION regions_missing IS 'Regions that a report lacks: missing, which is not zero';

-- The same of the absorption report.
CREATE OR REPLACE FUNCTION absorption_missing(
    scope text, by_year boolean DEFAULT true, horizon text DEFAULT 'now',
    as_of date DEFAULT NULL, known_at timestamptz DEFAULT NULL)
RETURNS TABLE (region text, year integer)
LANGUAGE sql STABLE
SET search_path = jejaring, pg_catalog, pg_temp
AS $$
    SELECT m.region, m.year
    FROM (SELECT array_agg(a.region) AS regions, array_agg(a.year) AS years
          FROM absorption('{region,year}', horizon, as_of, known_at) AS a) AS found,
        regions_missing(scope, found.regions, CASE WHEN by_year THEN found.years END) AS m
    ORDER BY m.region, m.year
$$;
COMMENT ON FUNCTION absorption_missing IS 'Regions that the absorption report lacks: missing, which is not zero';

-- Of how many regencies and cities the figures of the absorption report are, by province and year as far
-- as these are among its dimensions: those that are to be there (of the scope, and whatever else is
-- there), and those that have told of graduates. A reader counts the regions that it may read.
CREATE OR REPLACE FUNCTION regions_behind(
    dimensions text[], scope text, cell jsonb DEFAULT '{}', as_of date DEFAULT NULL,
    known_at timestamptz DEFAULT NULL)
RETURNS TABLE (province text, year integer, regencies bigint, behind bigint)
LANGUAGE plpgsql STABLE
SET search_path = jejaring, pg_catalog, pg_temp SET jit = off SET parallel_setup_cost = 100 SET parallel_tuple_cost = 0.01
AS $$
#variable_conflict use_column
DECLARE
    wanted CONSTANT text := coalesce(cell ->> 'region', cell ->> 'province', scope);
    expected text[] := ARRAY(SELECT code FROM region g WHERE g.level <> 'province'
                             AND wanted IN ('*', g.code, g.province_code));
BEGIN
    IF row_security_active('standing') THEN -- without it there may be no reads_everything
        IF NOT reads_everything() THEN
            expected := ARRAY(SELECT code FROM readable_region WHERE code = ANY (expected));
        END IF;
    END IF;
    RETURN QUERY WITH told AS (
        SELECT t.region, t.year FROM absorption_cell t WHERE as_of IS NULL AND known_at IS NULL
        UNION
        SELECT s.region, s.year FROM standing s
        WHERE CASE WHEN as_of IS NULL AND known_at IS NULL THEN s.ahead ELSE true END
            AND s.graduated_on <= coalesce(as_of, today()) AND s.known_from <= coalesce(known_at, 'infinity')
        GROUP BY 1, 2 -- which several processes can share, other than UNION
    ),
    found AS MATERIALIZED (
        SELECT t.region, split_part(t.region, '.', 1) AS province, t.year FROM told t
        WHERE t.region LIKE '%.%'
            AND (cell ->> 'region' IS NULL OR t.region = cell ->> 'region')
            AND (cell ->> 'province' IS NULL OR split_part(t.region, '.', 1) = cell ->> 'province')
            AND (cell ->> 'year' IS NULL OR t.year = (cell ->> 'year')::integer)
    ),
    due AS (
        SELECT CASE WHEN dimensions @> '{province}' THEN split_part(e.code, '.', 1) END AS province, count(*) AS n
        FROM (SELECT unnest(expected) AS code UNION SELECT f.region FROM found f) AS e
        GROUP BY 1
    )
    SELECT b.province, b.year, d.n, b.n
    FROM (SELECT CASE WHEN dimensions @> '{province}' THEN f.province END AS province,
              CASE WHEN dimensions @> '{year}' THEN f.year END AS year, count(DISTINCT f.region) AS n
          FROM found f GROUP BY 1, 2) AS b
        JOIN due d ON d.province IS NOT DISTINCT FROM b.province;
END $$;
COMMENT ON FUNCTION regions_behind IS 'Of how many regencies a figure of the absorption report is, and of how many it should be';
