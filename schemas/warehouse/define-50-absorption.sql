-- Absorption (serapan). The definition, with sources, is README.md; the sums are here.

-- Today in Indonesia's western time zone, where the reports are made.
CREATE OR REPLACE FUNCTION today() RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (now() AT TIME ZONE 'Asia/Jakarta')::date;
COMMENT ON FUNCTION today IS 'The day for which a report without as_of is made';

-- Of whom jejaring.standing does not hold what was known then: something about a day up to as_of
-- became known later.
CREATE OR REPLACE FUNCTION unsettled(as_of date, known_at timestamptz) RETURNS uuid[]
LANGUAGE plpgsql STABLE
SET search_path = jejaring, pg_catalog, pg_temp
AS $$
BEGIN
    IF known_at IS NULL THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(SELECT DISTINCT person FROM standing
                 WHERE known_from <= known_at AND learnt_of[width_bucket(known_at, learnt_at) + 1] <= as_of);
END $$;
COMMENT ON FUNCTION unsettled IS 'Persons whom a report of as_of with what was known at known_at has to evaluate; nobody without known_at';

-- What a report is grouped by, checked, also for who may ask for it. shown: a select list of every dimension, null where it is
-- not asked for; grouped: those asked for.
CREATE OR REPLACE FUNCTION cohort_dimensions(dimensions text[], OUT shown text, OUT grouped text)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    known CONSTANT text[] := '{region,province,year,vocation,batch,funding,sex,disability,digital_marketing}';
    types CONSTANT text[] := '{text,text,integer,text,text,text,text,boolean,boolean}';
BEGIN
    IF NOT dimensions <@ known THEN
        RAISE EXCEPTION 'unknown dimension in %, known are %', dimensions, known
            USING ERRCODE = 'invalid_parameter_value';
    ELSIF 'disability' = ANY (dimensions) AND NOT reads_specific() THEN
        RAISE EXCEPTION 'who has a disability is told to members of jejaring_specific only; counts: jejaring.absorption_by_disability() and the like'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT string_agg(CASE WHEN n = ANY (dimensions) THEN n ELSE 'NULL::' || t END, ', ' ORDER BY o),
        coalesce(string_agg(n, ', ' ORDER BY o) FILTER (WHERE n = ANY (dimensions)), '')
    INTO shown, grouped FROM unnest(known, types) WITH ORDINALITY AS d (n, t, o);
END $$;
COMMENT ON FUNCTION cohort_dimensions IS 'Select list and grouping of a report by these dimensions';

-- The graduations in a report, as the text of a query that ends in a condition. $1: the day that they
-- must have come to, $2: as_of, $3: known_at, $4: the persons of whom jejaring.standing does not hold
-- what was known then. today: as_of is today, which the row itself tells, unless it is ahead.
CREATE OR REPLACE FUNCTION cohort_rows(horizon text, today boolean, known boolean, evaluated boolean)
RETURNS text
LANGUAGE sql STABLE
RETURN format($text$
    SELECT person, region, split_part(region, '.', 1) AS province, year, vocation, batch, funding,
        sex, disability, digital_marketing, graduated_on, %s AS state
    FROM %s$text$,
    CASE WHEN horizon <> 'now' THEN 'state_' || horizon
        WHEN today THEN 'CASE WHEN ahead THEN state_on(history, $2) ELSE state END'
        ELSE 'state_on(history, $2)' END,
    CASE WHEN evaluated THEN evaluate_name() || '($4, $2, $3) WHERE graduated_on <= $1'
        WHEN known THEN standing_name() || ' WHERE graduated_on <= $1 AND known_from <= $3 AND '
            '(learnt_of[width_bucket($3, learnt_at) + 1] <= $2) IS NOT TRUE'
        ELSE standing_name() || ' WHERE graduated_on <= $1' END);
COMMENT ON FUNCTION cohort_rows IS 'Query of the graduations that a report counts, with the state of each';

-- What each counter of the report counts, as a condition on a state.
CREATE OR REPLACE FUNCTION counter_condition(counter text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE counter
    WHEN 'graduates' THEN 'true'
    WHEN 'traced' THEN 'state IS NOT NULL'
    WHEN 'untraced' THEN 'state IS NULL'
    WHEN 'employed' THEN 'state / 1000 = 1'
    WHEN 'self_employed' THEN 'state / 1000 = 2'
    WHEN 'working' THEN 'state / 1000 IN (1, 2)'
    WHEN 'formal' THEN 'state / 100 % 10 = 1'
    WHEN 'informal' THEN 'state / 100 % 10 = 2'
    WHEN 'placed' THEN 'state % 10 = 1'
    WHEN 'by_employer' THEN 'state / 1000 IN (1, 2) AND state / 10 % 10 = 1'
    WHEN 'by_cooperative' THEN 'state / 1000 IN (1, 2) AND state / 10 % 10 = 2'
    WHEN 'by_bank' THEN 'state / 1000 IN (1, 2) AND state / 10 % 10 = 3'
    WHEN 'by_opd' THEN 'state / 1000 IN (1, 2) AND state / 10 % 10 = 4'
    WHEN 'by_self' THEN 'state / 1000 IN (1, 2) AND state / 10 % 10 = 5'
END;
COMMENT ON FUNCTION counter_condition IS 'Condition by which a counter of the absorption report counts a state; null: no such counter';

-- The same with each person once in a cohort: who graduated more than once is there with the last of
-- the graduations. lead: the dimensions that make the cohorts, each followed by a comma. only_ahead:
-- of those alone whom jejaring.absorption_cell leaves out.
CREATE OR REPLACE FUNCTION cohort_persons(
    lead text, horizon text, today boolean, known boolean, evaluated boolean, only_ahead boolean)
RETURNS text
LANGUAGE sql STABLE
RETURN format($text$
    %3$s SELECT * FROM (
        SELECT DISTINCT ON (%1$s person) * FROM (%2$s AND %4$s %5$s) AS o
        ORDER BY %1$s person, graduated_on DESC, vocation, batch) AS person_once$text$,
    lead, cohort_rows(horizon, today, known, false),
    CASE WHEN only_ahead THEN ''
        ELSE cohort_rows(horizon, today, known, false) || ' AND NOT several UNION ALL ' END,
    CASE WHEN only_ahead THEN 'ahead' ELSE 'several' END,
    CASE WHEN evaluated THEN ' UNION ALL ' || cohort_rows(horizon, today, known, true) ELSE '' END);
COMMENT ON FUNCTION cohort_persons IS 'Query of the persons of each cohort, with the state of each';

-- The query behind absorption(), with the parameters of cohort_rows(). It counts by state first: there
-- are few of them, and what is counted of them has little left to do.
CREATE OR REPLACE FUNCTION absorption_query(
    dimensions text[], horizon text, definition text, counted boolean, today boolean, known boolean,
    evaluated boolean)
RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    cells CONSTANT text[] := '{graduates,traced,employed,self_employed,formal,informal,placed,by_employer,by_cooperative,by_bank,by_opd,by_self}';
    counter CONSTANT text := CASE definition WHEN 'working' THEN '(employed + self_employed)' ELSE definition END;
    shown text;
    grouped text;
    lead text; -- the dimensions asked for, with a comma, or nothing
    tail text; -- GROUP BY them, or nothing
    sums text;
BEGIN
    SELECT d.shown, d.grouped INTO shown, grouped FROM cohort_dimensions(dimensions) AS d;
    lead := CASE grouped WHEN '' THEN '' ELSE grouped || ', ' END;
    tail := CASE grouped WHEN '' THEN '' ELSE 'GROUP BY ' || grouped END;
    SELECT format('SELECT %1$s %2$s FROM (SELECT %1$s state, count(*) AS n FROM (%3$s) AS persons GROUP BY %1$s state) AS states %4$s',
            lead, string_agg(format('coalesce(sum(n) FILTER (WHERE %s), 0) AS %s', counter_condition(c), c), ', ' ORDER BY o),
            cohort_persons(lead, horizon, today, known, evaluated, counted), tail)
        INTO sums FROM unnest(cells) WITH ORDINALITY AS u (c, o);
    IF counted THEN
        sums := format('SELECT %1$s %2$s FROM (%3$s UNION ALL SELECT %1$s %4$s FROM absorption_cell) AS both_parts %5$s',
            lead, (SELECT string_agg(format('sum(%1$s) AS %1$s', c), ', ' ORDER BY o) FROM unnest(cells) WITH ORDINALITY AS u (c, o)),
            sums, array_to_string(cells, ', '), tail);
    END IF;
    RETURN format($query$
        SELECT %1$s, graduates::bigint, traced::bigint, employed::bigint, self_employed::bigint,
            (employed + self_employed)::bigint, formal::bigint, informal::bigint,
            %2$s::numeric / graduates, %2$s::numeric / graduates,
            (%2$s + graduates - traced)::numeric / graduates, -- the untraced as if they did
            traced::numeric / graduates, placed::bigint, by_employer::bigint, by_cooperative::bigint,
            by_bank::bigint, by_opd::bigint, by_self::bigint
        FROM (%3$s) AS sums WHERE graduates > 0 %4$s$query$,
        shown, counter, sums, CASE grouped WHEN '' THEN '' ELSE 'ORDER BY ' || grouped END);
END $$;
COMMENT ON FUNCTION absorption_query IS 'The query that jejaring.absorption() runs; counted: from the counters of jejaring.absorption_cell';

-- The day that a graduation must have come to if its horizon is to be over on this day.
CREATE OR REPLACE FUNCTION come_to(horizon text, day date) RETURNS date
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF horizon IS NULL OR horizon NOT IN ('now', '6m', '12m') THEN
        RAISE EXCEPTION 'horizon is now, 6m or 12m' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN day - CASE horizon WHEN '6m' THEN interval '6 months' WHEN '12m' THEN interval '12 months'
                              ELSE interval '0' END;
END $$;
COMMENT ON FUNCTION come_to IS 'Last day of graduation of a cohort whose horizon is over on this day';

-- The sums. `dimensions` is any list of region, province, year, vocation, batch, funding, sex,
-- disability, digital_marketing; columns that are not asked for are null. horizon is now, 6m or 12m;
-- who has not come that far by as_of is left out. definition decides what the rate counts.
CREATE OR REPLACE FUNCTION absorption(
    dimensions text[] DEFAULT '{region,year}', horizon text DEFAULT 'now',
    as_of date DEFAULT NULL, known_at timestamptz DEFAULT NULL, definition text DEFAULT 'working')
RETURNS TABLE (
    region text, province text, year integer, vocation text, batch text, funding text, sex text,
    disability boolean, digital_marketing boolean,
    graduates bigint, traced bigint, employed bigint, self_employed bigint, working bigint,
    formal bigint, informal bigint, rate numeric, low numeric, high numeric, coverage numeric,
    placed bigint, by_employer bigint, by_cooperative bigint, by_bank bigint, by_opd bigint,
    by_self bigint)
LANGUAGE plpgsql STABLE
SET search_path = jejaring, pg_catalog SET work_mem = '64MB' SET jit = off SET parallel_setup_cost = 100
AS $$
DECLARE
    day CONSTANT date := coalesce(as_of, today());
    persons CONSTANT uuid[] := unsettled(day, known_at);
BEGIN
    IF definition IS NULL OR definition NOT IN ('working', 'employed', 'placed') THEN
        RAISE EXCEPTION 'definition is working, employed or placed'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN QUERY EXECUTE absorption_query(dimensions, horizon, definition,
        counted => as_of IS NULL AND known_at IS NULL AND horizon = 'now'
            AND (SELECT d.grouped FROM cohort_dimensions(dimensions) AS d) = 'region, year',
        today => as_of IS NULL, known => known_at IS NOT NULL, evaluated => cardinality(persons) > 0)
    USING come_to(horizon, day), day, known_at, persons;
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
