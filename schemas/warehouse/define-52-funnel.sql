-- From graduation to lasting work: how many of a cohort came how far by as_of. README.md says what
-- each step means. Each step counts persons of the whole cohort: who found work without a certificate
-- or a proposal is in the later step and not in the earlier one.
CREATE OR REPLACE FUNCTION funnel(dimensions text[] DEFAULT '{region,year}', as_of date DEFAULT NULL)
RETURNS TABLE (
    region text, province text, year integer, vocation text, batch text, funding text, sex text,
    disability boolean, digital_marketing boolean,
    graduates bigint, certified bigint, proposed bigint, started bigint, due bigint, lasting bigint)
LANGUAGE plpgsql STABLE
SET search_path = jejaring, pg_catalog SET work_mem = '128MB' SET jit = off
AS $$
DECLARE
    day CONSTANT date := coalesce(as_of, today());
    shown text;
    grouped text;
    lead text;
BEGIN
    SELECT d.shown, d.grouped INTO shown, grouped FROM cohort_dimensions(dimensions) AS d;
    lead := CASE grouped WHEN '' THEN '' ELSE grouped || ', ' END;
    RETURN QUERY EXECUTE format($query$
        WITH graduation AS (%2$s),
        step AS (
            SELECT g.*, (worked_on + interval '6 months')::date AS judged_on,
                EXISTS (SELECT FROM certification c WHERE c.person = g.person AND c.result = 'competent'
                    AND c.certified_on <= $2 AND (c.vocation IS NULL OR c.vocation = g.vocation)) AS certified,
                EXISTS (SELECT FROM placement p WHERE p.person = g.person
                    AND p.proposed_on BETWEEN g.graduated_on AND $2) AS proposed
            FROM graduation g
        ),
        judged AS (
            SELECT *, coalesce(worked_on <= $2, false) AS started, coalesce(judged_on <= $2, false) AS due,
                coalesce(judged_on <= $2 AND state_on(history, judged_on) / 1000 IN (1, 2), false) AS lasting
            FROM step
        ),
        parts AS (
            SELECT %3$s certified, proposed, started, due, lasting, count(*) AS n FROM judged
            WHERE NOT several GROUP BY %3$s certified, proposed, started, due, lasting
            UNION ALL
            SELECT %3$s certified, proposed, started, due, lasting, 1 FROM (
                SELECT DISTINCT ON (%3$s person) * FROM judged WHERE several
                ORDER BY %3$s person, graduated_on DESC, vocation, batch) AS person_once
        )
        SELECT %1$s, sum(n)::bigint, coalesce(sum(n) FILTER (WHERE certified), 0)::bigint,
            coalesce(sum(n) FILTER (WHERE proposed), 0)::bigint,
            coalesce(sum(n) FILTER (WHERE started), 0)::bigint,
            coalesce(sum(n) FILTER (WHERE due), 0)::bigint,
            coalesce(sum(n) FILTER (WHERE lasting), 0)::bigint
        FROM parts %4$s$query$,
        shown, cohort_rows('now', false, false), lead,
        CASE grouped WHEN '' THEN 'HAVING count(*) > 0'
            ELSE format('GROUP BY %1$s ORDER BY %1$s', grouped) END)
    USING day, day;
END $$;
COMMENT ON FUNCTION funnel IS 'How many of a cohort graduated, were certified, proposed, at work, and still at work 6 months later (of those for whom 6 months are over: due)';
