-- Absorption (serapan). The definition, with sources, is README.md; the sums are here.

-- Today in Indonesia's western time zone, where the reports are made.
CREATE OR REPLACE FUNCTION today() RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (now() AT TIME ZONE 'Asia/Jakarta')::date;
COMMENT ON FUNCTION today IS 'The day for which a report without as_of is made';

-- One row a graduation that counts: its standing at the horizon. Stored rows where nothing has
-- happened or become known since; the others are evaluated.
CREATE OR REPLACE FUNCTION standing_at(horizon text, as_of date, known_at timestamptz)
RETURNS TABLE (
    person uuid, year integer, vocation text, batch text, region text, province text, funding text,
    sex text, disability boolean, digital_marketing boolean, graduated_on date, several boolean,
    worked_on date, status text, formal boolean, witness text, placed boolean)
LANGUAGE sql STABLE AS $$
WITH standings AS (
    SELECT s.* FROM standing s WHERE s.settled_on <= as_of AND s.recorded <= known_at
    UNION ALL
    SELECT e.* FROM evaluate(
        ARRAY(SELECT DISTINCT s.person FROM standing s
              WHERE NOT (s.settled_on <= as_of AND s.recorded <= known_at)), as_of, known_at) AS e
)
SELECT r.person, r.year, r.vocation, r.batch, r.region, split_part(r.region, '.', 1), r.funding,
    r.sex, r.disability, r.digital_marketing, r.graduated_on, r.several, r.worked_on,
    CASE horizon WHEN '6m' THEN r.status_6m WHEN '12m' THEN r.status_12m ELSE r.status END,
    CASE horizon WHEN '6m' THEN r.formal_6m WHEN '12m' THEN r.formal_12m ELSE r.formal END,
    CASE horizon WHEN '6m' THEN r.witness_6m WHEN '12m' THEN r.witness_12m ELSE r.witness END,
    CASE horizon WHEN '6m' THEN r.placed_6m WHEN '12m' THEN r.placed_12m ELSE r.placed END
FROM standings r
WHERE r.graduated_on <= as_of - CASE horizon WHEN '6m' THEN interval '6 months'
                                             WHEN '12m' THEN interval '12 months'
                                             ELSE interval '0' END
$$;
COMMENT ON FUNCTION standing_at IS 'Where each graduation stood at the horizon (now, 6m, 12m), as of a day and as known at a time. A horizon that a graduation has not reached by as_of leaves it out';

-- The sums. `dimensions` is any list of region, province, year, vocation, batch, funding, sex,
-- disability, digital_marketing; columns that are not asked for are null. definition: working,
-- employed or placed decides what the rate counts.
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
SET search_path = jejaring, pg_catalog
AS $$
DECLARE
    known CONSTANT text[] := '{region,province,year,vocation,batch,funding,sex,disability,digital_marketing}';
    types CONSTANT text[] := '{text,text,integer,text,text,text,text,boolean,boolean}';
    day CONSTANT date := coalesce(as_of, today());
    moment CONSTANT timestamptz := coalesce(known_at, 'infinity');
    shown text;   -- the select list: every dimension, null where it is not asked for
    grouped text; -- those that are asked for
    counter text; -- what the rate counts
BEGIN
    IF NOT dimensions <@ known THEN
        RAISE EXCEPTION 'absorption: unknown dimension in %, known are %', dimensions, known
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF horizon NOT IN ('now', '6m', '12m') OR definition NOT IN ('working', 'employed', 'placed') THEN
        RAISE EXCEPTION 'absorption: horizon is now, 6m or 12m; definition is working, employed or placed'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT string_agg(CASE WHEN n = ANY (dimensions) THEN n ELSE 'NULL::' || t END, ', ' ORDER BY o),
        coalesce(string_agg(n, ', ' ORDER BY o) FILTER (WHERE n = ANY (dimensions)), '')
    INTO shown, grouped FROM unnest(known, types) WITH ORDINALITY AS d (n, t, o);
    counter := CASE definition WHEN 'working' THEN 'employed + self_employed' ELSE definition END;
    RETURN QUERY EXECUTE format($query$
        SELECT %1$s, graduates, traced, employed, self_employed, employed + self_employed,
            formal, informal, (%2$s)::numeric / graduates, (%2$s)::numeric / graduates,
            -- the untraced counted as if they did
            (%2$s + graduates - traced)::numeric / graduates,
            traced::numeric / graduates, placed, by_employer, by_cooperative, by_bank, by_opd, by_self
        FROM (%3$s) AS sums
        WHERE graduates > 0
        ORDER BY %4$s$query$,
        shown, counter, absorption_sums(grouped, dimensions, horizon, as_of IS NULL AND known_at IS NULL),
        CASE grouped WHEN '' THEN '1' ELSE grouped END)
    USING horizon, day, moment;
END $$;
COMMENT ON FUNCTION absorption IS 'Absorption rate with its parts, by the dimensions asked for';

-- The query behind absorption(): with $1 horizon, $2 as_of, $3 known_at.
CREATE OR REPLACE FUNCTION absorption_sums(grouped text, dimensions text[], horizon text, plain boolean)
RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    sums CONSTANT text := $text$
        count(*) AS graduates, count(status) AS traced,
        count(*) FILTER (WHERE status = 'employed') AS employed,
        count(*) FILTER (WHERE status = 'self_employed') AS self_employed,
        count(*) FILTER (WHERE formal) AS formal, count(*) FILTER (WHERE NOT formal) AS informal,
        count(*) FILTER (WHERE placed) AS placed,
        count(*) FILTER (WHERE witness = 'employer' AND status IN ('employed', 'self_employed')) AS by_employer,
        count(*) FILTER (WHERE witness = 'cooperative') AS by_cooperative,
        count(*) FILTER (WHERE witness = 'bank') AS by_bank,
        count(*) FILTER (WHERE witness = 'opd') AS by_opd,
        count(*) FILTER (WHERE witness = 'self' AND status IN ('employed', 'self_employed')) AS by_self$text$;
    cells CONSTANT text := 'graduates, traced, employed, self_employed, formal, informal, placed, by_employer, by_cooperative, by_bank, by_opd, by_self';
    totals CONSTANT text := (SELECT string_agg(format('sum(%1$s)::bigint AS %1$s', c), ', ')
                             FROM unnest(string_to_array(cells, ', ')) AS c);
    lead text := CASE grouped WHEN '' THEN '' ELSE grouped || ', ' END;
    tail text := CASE grouped WHEN '' THEN '' ELSE 'GROUP BY ' || grouped END;
    source text := 'standing_at($1, $2, $3)';
    whole text := '';
BEGIN
    -- By region and year, today: the counters, and the few persons that they leave out.
    IF plain AND horizon = 'now' AND dimensions @> '{region,year}' AND dimensions <@ '{region,year}' THEN
        whole := format('SELECT %s %s FROM absorption_cell UNION ALL ', lead, cells);
        source := 'evaluate(ARRAY(SELECT DISTINCT person FROM standing WHERE ahead), $2, $3)';
        RETURN format($query$
            SELECT %1$s %2$s FROM (%3$s SELECT %1$s %4$s FROM (
                SELECT DISTINCT ON (%5$s, person) * FROM %6$s AS late
                ORDER BY %5$s, person, graduated_on DESC, vocation, batch) AS person_once %7$s) AS parts
            %7$s$query$, lead, totals, whole, sums, grouped, source, tail);
    END IF;
    -- Otherwise: persons with one graduation as they are, the others once a cell. A report of the
    -- past evaluates many persons: once, not for both branches.
    RETURN format($query$
        WITH standing_now AS %3$s MATERIALIZED (SELECT * FROM %6$s)
        SELECT %1$s %2$s FROM (
            SELECT %1$s %4$s FROM standing_now WHERE NOT several %7$s
            UNION ALL
            SELECT %1$s %4$s FROM (
                SELECT DISTINCT ON (%5$s person) * FROM standing_now WHERE several
                ORDER BY %5$s person, graduated_on DESC, vocation, batch) AS person_once %7$s) AS parts
        %7$s$query$, lead, totals, CASE WHEN plain THEN 'NOT' ELSE '' END, sums, lead, source, tail);
END $$;
COMMENT ON FUNCTION absorption_sums IS 'The query that jejaring.absorption() runs';

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
