-- Absorption (serapan): the sums. The definition, with sources, is README.md; who is in a cohort stands in
-- define-48-cohort.sql.

-- What each counter of the report counts, as a condition on a state. The working are those below 3000:
-- comparing is faster than dividing, and millions of states are counted.
CREATE OR REPLACE FUNCTION counter_condition(counter text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE counter
    WHEN 'graduates' THEN 'true'
    WHEN 'traced' THEN 'state IS NOT NULL'
    WHEN 'untraced' THEN 'state IS NULL'
    WHEN 'employed' THEN 'state < 2000'
    WHEN 'self_employed' THEN 'state >= 2000 AND state < 3000'
    WHEN 'working' THEN 'state < 3000'
    WHEN 'formal' THEN 'state / 100 % 10 = 1'
    WHEN 'informal' THEN 'state / 100 % 10 = 2'
    WHEN 'placed' THEN 'state % 10 = 1'
    WHEN 'by_employer' THEN 'state < 3000 AND state / 10 % 10 = 1'
    WHEN 'by_cooperative' THEN 'state < 3000 AND state / 10 % 10 = 2'
    WHEN 'by_bank' THEN 'state < 3000 AND state / 10 % 10 = 3'
    WHEN 'by_opd' THEN 'state < 3000 AND state / 10 % 10 = 4'
    WHEN 'by_self' THEN 'state < 3000 AND state / 10 % 10 = 5'
    WHEN 'placed_still' THEN 'state < 2000 AND state % 10 = 1'
    WHEN 'placed_working' THEN 'state >= 2000 AND state < 3000 AND state % 10 = 1'
END;
COMMENT ON FUNCTION counter_condition IS 'Condition by which a counter of the absorption report counts a state; null: no such counter';

-- The query behind absorption(). Where there are few cohorts it counts by state first: there are few of
-- them, too, and what is counted of them has little left to do.
CREATE OR REPLACE FUNCTION absorption_query(
    dimensions text[], horizon text, definition text, today boolean, known boolean, condition text, counted boolean)
RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    cells CONSTANT text[] := '{graduates,traced,employed,self_employed,formal,informal,placed,by_employer,by_cooperative,by_bank,by_opd,by_self,placed_still,placed_working}';
    counter CONSTANT text := CASE definition WHEN 'working' THEN '(employed + self_employed)' ELSE definition END;
    many CONSTANT boolean := dimensions @> '{batch}' OR dimensions @> '{region,vocation}';
    d record;
    rows record;
    sums text;
BEGIN
    SELECT * INTO d FROM cohort_dimensions(dimensions);
    SELECT * INTO rows FROM cohort_states(horizon, today, known, condition || CASE WHEN counted THEN ' AND ahead' ELSE '' END);
    IF many THEN
        SELECT format('SELECT %s %s FROM (%s) AS p %s', d.lead,
                string_agg(format('count(*) FILTER (WHERE %s) AS %s', counter_condition(c), c), ', ' ORDER BY o),
                cohort_once(d.lead, rows.single, rows.several), d.tail)
            INTO sums FROM unnest(cells) WITH ORDINALITY AS u (c, o);
    ELSE
        SELECT format('SELECT %1$s %2$s FROM (SELECT %1$s state, count(*) AS n FROM (%3$s) AS p GROUP BY %1$s state) AS states %4$s', d.lead,
                string_agg(format('coalesce(sum(n) FILTER (WHERE %s), 0) AS %s', counter_condition(c), c), ', ' ORDER BY o),
                cohort_once(d.lead, rows.single, rows.several), d.tail)
            INTO sums FROM unnest(cells) WITH ORDINALITY AS u (c, o);
    END IF;
    IF counted THEN
        sums := format('SELECT %1$s %2$s FROM (%3$s UNION ALL SELECT %1$s %4$s FROM absorption_cell WHERE %5$s) AS both_parts %6$s',
            d.lead, (SELECT string_agg(format('sum(%1$s) AS %1$s', c), ', ' ORDER BY o) FROM unnest(cells) WITH ORDINALITY AS u (c, o)),
            sums, array_to_string(cells, ', '), condition, d.tail);
    END IF;
    RETURN format($query$
        SELECT %1$s, graduates::bigint, traced::bigint, employed::bigint, self_employed::bigint,
            (employed + self_employed)::bigint, formal::bigint, informal::bigint,
            %2$s::numeric / graduates, %2$s::numeric / graduates,
            (%2$s + graduates - traced)::numeric / graduates, -- the untraced as if they did
            traced::numeric / graduates, placed::bigint, by_employer::bigint, by_cooperative::bigint,
            by_bank::bigint, by_opd::bigint, by_self::bigint, placed_still::bigint, placed_working::bigint
        FROM (%3$s) AS sums WHERE graduates > 0 %4$s$query$,
        d.shown, counter, sums, d.sorted);
END $$;
COMMENT ON FUNCTION absorption_query IS 'The query that jejaring.absorption() runs; counted: from the counters of jejaring.absorption_cell';

-- The sums. `dimensions` is any list of region, province, year, vocation, batch, funding, sex,
-- disability, digital_marketing; columns that are not asked for are null. horizon is now, 6m or 12m;
-- who has not come that far by as_of is left out. definition decides what the rate counts. cell: only
-- graduations in it, e.g. {"region": "33.75", "year": 2018}.
CREATE OR REPLACE FUNCTION absorption(
    dimensions text[] DEFAULT '{region,year}', horizon text DEFAULT 'now',
    as_of date DEFAULT NULL, known_at timestamptz DEFAULT NULL, definition text DEFAULT 'working',
    cell jsonb DEFAULT '{}')
RETURNS TABLE (
    region text, province text, year integer, vocation text, batch text, funding text, sex text,
    disability boolean, digital_marketing boolean,
    graduates bigint, traced bigint, employed bigint, self_employed bigint, working bigint,
    formal bigint, informal bigint, rate numeric, low numeric, high numeric, coverage numeric,
    placed bigint, by_employer bigint, by_cooperative bigint, by_bank bigint, by_opd bigint,
    by_self bigint, placed_still bigint, placed_working bigint)
LANGUAGE plpgsql STABLE
SET search_path = jejaring, pg_catalog, pg_temp SET work_mem = '64MB' SET jit = off
SET parallel_setup_cost = 100 SET parallel_tuple_cost = 0.01
AS $$
DECLARE
    day CONSTANT date := coalesce(as_of, today());
BEGIN
    IF definition IS NULL OR definition NOT IN ('working', 'employed', 'placed') THEN
        RAISE EXCEPTION 'definition is working, employed or placed'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN QUERY EXECUTE absorption_query(dimensions, horizon, definition,
        today => as_of IS NULL, known => known_at IS NOT NULL, condition => cohort_condition(cell),
        counted => as_of IS NULL AND known_at IS NULL AND horizon = 'now'
            AND dimensions @> '{region,year}' AND dimensions <@ '{region,year}'
            AND cell - '{region,province,year}'::text[] = '{}')
    USING come_to(horizon, day), day, known_at;
END $$;
COMMENT ON FUNCTION absorption IS 'Absorption rate with its parts, by the dimensions asked for';

-- The everyday report.
CREATE OR REPLACE VIEW absorption WITH (security_invoker = true) AS
SELECT region, year, graduates, traced, employed, self_employed, working, formal, informal, rate, low,
    high, coverage
FROM jejaring.absorption();
COMMENT ON VIEW absorption IS 'Absorption rate by region and year, today: working / graduates';
COMMENT ON COLUMN absorption.region IS 'Region of the graduation';
COMMENT ON COLUMN absorption.year IS 'Year of the training';
COMMENT ON COLUMN absorption.graduates IS 'Persons in the cohort';
COMMENT ON COLUMN absorption.traced IS 'Persons with any evidence of what became of them';
COMMENT ON COLUMN absorption.employed IS 'Working for others';
COMMENT ON COLUMN absorption.self_employed IS 'Working on their own account';
COMMENT ON COLUMN absorption.working IS 'employed + self_employed';
COMMENT ON COLUMN absorption.formal IS 'Working formally by the BPS rule';
COMMENT ON COLUMN absorption.informal IS 'Working informally; formal and informal leave out those who did not tell';
COMMENT ON COLUMN absorption.rate IS 'working / graduates';
COMMENT ON COLUMN absorption.low IS 'The same: nobody of the untraced works';
COMMENT ON COLUMN absorption.high IS 'All of the untraced work';
COMMENT ON COLUMN absorption.coverage IS 'traced / graduates';
