-- From graduation to lasting work: how many of a cohort came how far by as_of. README.md says what
-- each step means. Each step counts persons of the whole cohort: who found work without a certificate
-- or a proposal is in the later step and not in the earlier one.
CREATE OR REPLACE FUNCTION funnel(dimensions text[] DEFAULT '{region,year}', as_of date DEFAULT NULL)
RETURNS TABLE (
    region text, province text, year integer, vocation text, batch text, funding text, sex text,
    disability boolean, digital_marketing boolean,
    graduates bigint, certified bigint, proposed bigint, started bigint, due bigint, lasting bigint)
LANGUAGE plpgsql STABLE
SET search_path = jejaring, pg_catalog, pg_temp SET work_mem = '64MB' SET jit = off SET parallel_setup_cost = 100
AS $body$
DECLARE
    day CONSTANT date := coalesce(as_of, today());
    shown text;
    grouped text;
    lead text;
BEGIN
    SELECT d.shown, d.grouped INTO shown, grouped FROM cohort_dimensions(dimensions) AS d;
    lead := CASE grouped WHEN '' THEN '' ELSE grouped || ', ' END;
    RETURN QUERY EXECUTE format($query$
        WITH person AS (
            SELECT %2$s %3$s FROM (SELECT *, split_part(region, '.', 1) AS province FROM %5$s) AS s
            WHERE graduated_on <= $1 AND NOT several
            UNION ALL
            SELECT * FROM (
                SELECT DISTINCT ON (%2$s person) %2$s %3$s FROM (
                    SELECT *, split_part(region, '.', 1) AS province FROM %5$s
                    WHERE graduated_on <= $1 AND several) AS s
                ORDER BY %2$s person, graduated_on DESC, vocation, batch) AS person_once
        ),
        parts AS (
            SELECT %2$s certified, proposed, started, due,
                CASE WHEN due THEN state_on(history, judged_on) / 1000 IN (1, 2) END AS lasting, count(*) AS n
            FROM person, LATERAL (SELECT certified_on <= $1 AS certified, proposed_on <= $1 AS proposed,
                worked_on <= $1 AS started, judged_on <= $1 AS due) AS steps
            GROUP BY %2$s certified, proposed, started, due, lasting
        )
        SELECT %1$s, sum(n)::bigint, coalesce(sum(n) FILTER (WHERE certified), 0)::bigint,
            coalesce(sum(n) FILTER (WHERE proposed), 0)::bigint,
            coalesce(sum(n) FILTER (WHERE started), 0)::bigint,
            coalesce(sum(n) FILTER (WHERE due), 0)::bigint,
            coalesce(sum(n) FILTER (WHERE lasting), 0)::bigint
        FROM parts %4$s$query$,
        shown, lead,
        $$certified_on, proposed_on, worked_on, (worked_on + interval '6 months')::date AS judged_on, history$$,
        CASE grouped WHEN '' THEN 'HAVING count(*) > 0'
            ELSE format('GROUP BY %1$s ORDER BY %1$s', grouped) END,
        standing_name())
    USING day;
END $body$;
COMMENT ON FUNCTION funnel IS 'How many of a cohort graduated, were certified, proposed, at work, and still at work 6 months later (of those for whom 6 months are over: due)';
