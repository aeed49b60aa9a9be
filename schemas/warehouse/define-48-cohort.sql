-- Cohorts: which graduations a report is about, and that each person counts once. What a cohort is
-- stands in README.md; what is counted of it, in the files that follow.
--
-- The queries are put together as text, since what they are grouped by is asked for. Their parameters:
-- $1 the day by which a graduation must have been, $2 as_of, $3 known_at.

-- Today in Indonesia's western time zone, where the reports are made.
CREATE OR REPLACE FUNCTION today() RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (now() AT TIME ZONE 'Asia/Jakarta')::date;
COMMENT ON FUNCTION today IS 'The day for which a report without as_of is made';

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

-- What a report is grouped by, checked, also for who may ask for it. shown: a select list of every dimension, null where it is
-- not asked for; grouped: those asked for; lead: each of them followed by a comma; tail, sorted: GROUP BY
-- and ORDER BY them. Without any, a report of nobody has no row. Texts are in the order of their
-- bytes: the same on every server, and several times faster than in that of a language.
CREATE OR REPLACE FUNCTION cohort_dimensions(
    dimensions text[], OUT shown text, OUT grouped text, OUT lead text, OUT tail text, OUT sorted text)
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
    SELECT string_agg(CASE WHEN n = ANY (dimensions) THEN n ELSE format('NULL::%s AS %s', t, n) END, ', ' ORDER BY o),
        coalesce(string_agg(n, ', ' ORDER BY o) FILTER (WHERE n = ANY (dimensions)), '')
    INTO shown, grouped FROM unnest(known, types) WITH ORDINALITY AS d (n, t, o);
    lead := CASE grouped WHEN '' THEN '' ELSE grouped || ', ' END;
    tail := CASE grouped WHEN '' THEN 'HAVING count(*) > 0' ELSE 'GROUP BY ' || grouped END;
    sorted := (SELECT 'ORDER BY ' || string_agg(n || CASE t WHEN 'text' THEN ' COLLATE "C"' ELSE '' END, ', ' ORDER BY o)
               FROM unnest(known, types) WITH ORDINALITY AS d (n, t, o) WHERE n = ANY (dimensions));
    sorted := coalesce(sorted, '');
END $$;
COMMENT ON FUNCTION cohort_dimensions IS 'Select list and grouping of a report by these dimensions';

-- The part of the cells that is asked for, as a condition: {"region": "33.75", "year": 2018}.
CREATE OR REPLACE FUNCTION cohort_condition(cell jsonb) RETURNS text
LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM cohort_dimensions(ARRAY(SELECT jsonb_object_keys(cell)));
    RETURN (SELECT coalesce(string_agg(format(CASE WHEN value IS NULL THEN '%s IS NULL' ELSE '%s = %L' END,
                CASE key WHEN 'province' THEN 'split_part(region, ''.'', 1)' ELSE key END, value), ' AND '), 'true')
            FROM jsonb_each_text(cell));
END $$;
COMMENT ON FUNCTION cohort_condition IS 'Condition by which a graduation is in a cell';

-- Graduations, as a query that ends in a condition, with these columns beside the dimensions.
CREATE OR REPLACE FUNCTION cohort_rows(columns text, source text, condition text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN format($text$
    SELECT person, region, split_part(region, '.', 1) AS province, year, vocation, batch, funding,
        sex, disability, digital_marketing, graduated_on, %s
    FROM %s WHERE graduated_on <= $1 AND %s$text$, columns, source, condition);
COMMENT ON FUNCTION cohort_rows IS 'Query of graduations, for a report';

-- The same with each person once in a cohort: who graduated more than once is there with the last of
-- the graduations. `single` are graduations of which each is another person's, null for none; `several`
-- all others. These are sorted by person first: keys are compared fast, and hardly ever equal.
CREATE OR REPLACE FUNCTION cohort_once(lead text, single text, several text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN coalesce(single || ' UNION ALL ', '') || format($text$
    SELECT * FROM (
        SELECT DISTINCT ON (%1$s person) * FROM (%2$s) AS o
        ORDER BY person, %1$s graduated_on DESC, vocation, batch) AS person_once$text$, lead, several);
COMMENT ON FUNCTION cohort_once IS 'Query of the persons of each cohort';

-- Persons with everything that is known of them, and these columns of jejaring.standing.
CREATE OR REPLACE FUNCTION cohort_persons(lead text, columns text, condition text) RETURNS text
LANGUAGE sql STABLE
RETURN cohort_once(lead, cohort_rows(columns, standing_name(), condition || ' AND NOT several'),
                   cohort_rows(columns, standing_name(), condition || ' AND several'));
COMMENT ON FUNCTION cohort_persons IS 'Query of the persons of each cohort with columns of jejaring.standing';

-- The day on which a graduation is judged, as an expression.
CREATE OR REPLACE FUNCTION cohort_day(horizon text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE horizon WHEN '6m' THEN '(graduated_on + interval ''6 months'')::date'
    WHEN '12m' THEN '(graduated_on + interval ''12 months'')::date' ELSE '$2' END;
COMMENT ON FUNCTION cohort_day IS 'Expression of the day on which a graduation is judged';

-- The earliest day of which something was learnt after $3; null: nothing was.
CREATE OR REPLACE FUNCTION cohort_learnt_of() RETURNS text
LANGUAGE sql IMMUTABLE
RETURN 'learnt_of[width_bucket($3, learnt_at) + 1]';
COMMENT ON FUNCTION cohort_learnt_of IS 'Expression of the earliest day of which something was learnt after $3';

-- Whether what was known at $3 of a graduation of jejaring.standing must be evaluated anew.
CREATE OR REPLACE FUNCTION cohort_unsettled(horizon text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN format('(jumbled IS NOT NULL AND jumbled[width_bucket($3, learnt_at) + 1] AND %s <= %s)',
              cohort_learnt_of(), cohort_day(horizon));
COMMENT ON FUNCTION cohort_unsettled IS 'Condition on graduations whose state jejaring.standing does not tell as it was known at $3';

-- The state of a graduation, as an expression. today: $2 is today, which the row itself tells, unless
-- it is ahead.
CREATE OR REPLACE FUNCTION cohort_state(horizon text, today boolean, known boolean) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN known THEN format('state_on(history, least(%s, %s - 1))', cohort_day(horizon), cohort_learnt_of())
    WHEN horizon <> 'now' THEN 'state_' || horizon
    WHEN today THEN 'CASE WHEN ahead THEN state_on(history, $2) ELSE state END'
    ELSE 'state_on(history, $2)' END;
COMMENT ON FUNCTION cohort_state IS 'Expression of the state of a graduation of jejaring.standing';

-- All graduations of those who must be evaluated anew. A function, so that one of the processes that
-- share a report can take this part of it.
CREATE OR REPLACE FUNCTION evaluate_unsettled(horizon text, as_of date, known_at timestamptz)
RETURNS TABLE (
    person uuid, year integer, vocation text, batch text, region text, funding text, sex text,
    disability boolean, digital_marketing boolean, graduated_on date, several boolean,
    ahead boolean, worked_on date, history bigint[], state smallint, state_6m smallint,
    state_12m smallint)
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT * FROM %s(ARRAY(SELECT DISTINCT person FROM standing WHERE known_from <= $3 AND %s), $2, $3)',
        evaluate_name(), cohort_unsettled(horizon))
    USING NULL::date, as_of, known_at;
END $$;
COMMENT ON FUNCTION evaluate_unsettled IS 'Graduations of whom jejaring.standing does not tell what was known at known_at, with it';

-- Graduations with the state of each, in two parts as cohort_once() takes them. Who must be evaluated
-- anew is among the others, with all graduations.
CREATE OR REPLACE FUNCTION cohort_states(
    horizon text, today boolean, known boolean, condition text, OUT single text, OUT several text)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    state CONSTANT text := cohort_state(horizon, today, known) || ' AS state';
    settled text := condition;
BEGIN
    IF known THEN
        settled := format('%s AND known_from <= $3 AND NOT coalesce(%s, false)', condition, cohort_unsettled(horizon));
    END IF;
    single := cohort_rows(state, standing_name(), settled || ' AND NOT several');
    several := cohort_rows(state, standing_name(), settled || ' AND several');
    IF known THEN
        several := several || ' UNION ALL ' || cohort_rows(
            CASE horizon WHEN 'now' THEN 'state' ELSE 'state_' || horizon || ' AS state' END,
            format('evaluate_unsettled(%L, $2, $3)', horizon), condition);
    END IF;
END $$;
COMMENT ON FUNCTION cohort_states IS 'Queries of graduations with the state of each';
