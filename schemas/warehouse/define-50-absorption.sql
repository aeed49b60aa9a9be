-- Absorption (serapan). The definition, with sources, is README.md; the sums are here.

-- Today in Indonesia's western time zone, where the reports are made.
CREATE OR REPLACE FUNCTION today() RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (now() AT TIME ZONE 'Asia/Jakarta')::date;
COMMENT ON FUNCTION today IS 'The day for which a report without as_of is made';

-- The persons of whom jejaring.standing does not hold what a report asks for, because something
-- happened after its day or became known after its moment.
CREATE OR REPLACE FUNCTION unsettled(as_of date, known_at timestamptz) RETURNS uuid[]
LANGUAGE plpgsql STABLE
SET search_path = jejaring, pg_catalog
AS $$
BEGIN
    IF as_of IS NULL AND known_at IS NULL THEN
        RETURN ARRAY(SELECT DISTINCT person FROM standing WHERE ahead);
    END IF;
    RETURN ARRAY(SELECT DISTINCT person FROM standing
                 WHERE settled_on > coalesce(as_of, today()) OR recorded > coalesce(known_at, 'infinity'));
END $$;
COMMENT ON FUNCTION unsettled IS 'Persons whom a report has to evaluate; without dates those with something in the future';

-- The query behind absorption(). $1: the day that graduations must have come to, $2: as_of, $3:
-- known_at, $4: the persons to be evaluated.
CREATE OR REPLACE FUNCTION absorption_query(
    dimensions text[], horizon text, definition text, today_only boolean, evaluated boolean)
RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    known CONSTANT text[] := '{region,province,year,vocation,batch,funding,sex,disability,digital_marketing}';
    types CONSTANT text[] := '{text,text,integer,text,text,text,text,boolean,boolean}';
    cells CONSTANT text := 'graduates, traced, employed, self_employed, formal, informal, placed, by_employer, by_cooperative, by_bank, by_opd, by_self';
    suffix CONSTANT text := CASE horizon WHEN 'now' THEN '' ELSE '_' || horizon END;
    -- What a row of standing, or of evaluate(), gives.
    row_of CONSTANT text := format($text$
        SELECT person, region, split_part(region, '.', 1) AS province, year, vocation, batch, funding,
            sex, disability, digital_marketing, graduated_on, status%1$s AS status,
            formal%1$s AS formal, witness%1$s AS witness, placed%1$s AS placed$text$, suffix);
    counts CONSTANT text := $text$
        count(*) AS graduates, count(status) AS traced,
        count(*) FILTER (WHERE status = 'employed') AS employed,
        count(*) FILTER (WHERE status = 'self_employed') AS self_employed,
        count(*) FILTER (WHERE formal) AS formal, count(*) FILTER (WHERE NOT formal) AS informal,
        count(*) FILTER (WHERE placed) AS placed,
        count(*) FILTER (WHERE witness = 'employer' AND status = 'employed') AS by_employer,
        count(*) FILTER (WHERE witness = 'cooperative') AS by_cooperative,
        count(*) FILTER (WHERE witness = 'bank') AS by_bank,
        count(*) FILTER (WHERE witness = 'opd') AS by_opd,
        count(*) FILTER (WHERE witness = 'self' AND status IN ('employed', 'self_employed')) AS by_self$text$;
    settled CONSTANT text := 'graduated_on <= $1 AND ' || CASE WHEN today_only THEN 'NOT ahead'
        ELSE 'settled_on <= $2 AND recorded <= $3' END;
    counter CONSTANT text := CASE definition WHEN 'working' THEN '(employed + self_employed)' ELSE definition END;
    grouped text; -- the dimensions asked for
    lead text;    -- the same with a comma, or nothing
    tail text;    -- GROUP BY them, or nothing
    shown text;   -- the select list: every dimension, null where it is not asked for
    once text;    -- rows of persons who must be counted once: a part of standing, and the evaluated
    parts text;
BEGIN
    SELECT string_agg(CASE WHEN n = ANY (dimensions) THEN n ELSE 'NULL::' || t END, ', ' ORDER BY o),
        coalesce(string_agg(n, ', ' ORDER BY o) FILTER (WHERE n = ANY (dimensions)), '')
    INTO shown, grouped FROM unnest(known, types) WITH ORDINALITY AS d (n, t, o);
    lead := CASE grouped WHEN '' THEN '' ELSE grouped || ', ' END;
    tail := CASE grouped WHEN '' THEN '' ELSE 'GROUP BY ' || grouped END;
    IF today_only AND horizon = 'now' AND grouped = 'region, year' THEN
        parts := format('SELECT %s %s FROM absorption_cell', lead, cells);
    ELSE
        parts := format('SELECT %s %s FROM (%s FROM standing WHERE %s AND NOT several) AS s %s',
                        lead, counts, row_of, settled, tail);
        once := format('%s FROM standing WHERE %s AND several', row_of, settled);
    END IF;
    IF evaluated THEN
        once := concat_ws(' UNION ALL ', once, row_of || ' FROM evaluate($4, $2, $3) WHERE graduated_on <= $1');
    END IF;
    IF once IS NOT NULL THEN
        parts := parts || format($text$ UNION ALL SELECT %1$s %2$s FROM (
            SELECT DISTINCT ON (%1$s person) * FROM (%3$s) AS o
            ORDER BY %1$s person, graduated_on DESC, vocation, batch) AS person_once %4$s$text$,
            lead, counts, once, tail);
    END IF;
    RETURN format($query$
        SELECT %1$s, graduates, traced, employed, self_employed, employed + self_employed, formal,
            informal, %2$s::numeric / graduates, %2$s::numeric / graduates,
            (%2$s + graduates - traced)::numeric / graduates, -- the untraced as if they did
            traced::numeric / graduates, placed, by_employer, by_cooperative, by_bank, by_opd, by_self
        FROM (SELECT %3$s %4$s FROM (%5$s) AS parts %6$s) AS sums
        WHERE graduates > 0 %7$s$query$,
        shown, counter, lead,
        (SELECT string_agg(format('sum(%1$s)::bigint AS %1$s', c), ', ') FROM unnest(string_to_array(cells, ', ')) AS c),
        parts, tail, CASE grouped WHEN '' THEN '' ELSE 'ORDER BY ' || grouped END);
END $$;
COMMENT ON FUNCTION absorption_query IS 'The query that jejaring.absorption() runs';

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
SET search_path = jejaring, pg_catalog SET work_mem = '64MB' SET jit = off
AS $$
DECLARE
    known CONSTANT text[] := '{region,province,year,vocation,batch,funding,sex,disability,digital_marketing}';
    day CONSTANT date := coalesce(as_of, today());
    come_to CONSTANT date := day - CASE horizon WHEN '6m' THEN interval '6 months'
                                                WHEN '12m' THEN interval '12 months'
                                                ELSE interval '0' END;
    persons CONSTANT uuid[] := unsettled(as_of, known_at);
BEGIN
    IF NOT dimensions <@ known THEN
        RAISE EXCEPTION 'absorption: unknown dimension in %, known are %', dimensions, known
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF horizon NOT IN ('now', '6m', '12m') OR definition NOT IN ('working', 'employed', 'placed') THEN
        RAISE EXCEPTION 'absorption: horizon is now, 6m or 12m; definition is working, employed or placed'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN QUERY EXECUTE absorption_query(dimensions, horizon, definition,
                                          as_of IS NULL AND known_at IS NULL, cardinality(persons) > 0)
    USING come_to, day, coalesce(known_at, 'infinity'), persons;
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
