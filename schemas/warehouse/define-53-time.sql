-- How long graduates wait for work. Those who still wait are counted for as long as they have waited
-- (Kaplan and Meier's estimator for observations censored on the right), not left out, and not
-- taken for never. README.md says who waits.
CREATE OR REPLACE FUNCTION time_to_work(dimensions text[] DEFAULT '{region,year}', as_of date DEFAULT NULL)
RETURNS TABLE (
    region text, province text, year integer, vocation text, batch text, funding text, sex text,
    disability boolean, digital_marketing boolean,
    graduates bigint, started bigint, waiting bigint, untraced bigint,
    first_quarter integer, median integer, last_quarter integer, median_traced integer)
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
        waited AS (
            SELECT *, coalesce(worked_on <= $2, false) AS started,
                CASE WHEN worked_on <= $2 THEN worked_on ELSE $2 END - graduated_on AS days
            FROM graduation
        ),
        -- Of each number of days: how many, how many of them ended by work, how many are traced.
        parts AS (
            SELECT %3$s days, count(*) AS n, count(*) FILTER (WHERE started) AS d, count(state) AS t
            FROM waited WHERE NOT several GROUP BY %3$s days
            UNION ALL
            SELECT %3$s days, 1, started::integer, (state IS NOT NULL)::integer FROM (
                SELECT DISTINCT ON (%3$s person) * FROM waited WHERE several
                ORDER BY %3$s person, graduated_on DESC, vocation, batch) AS person_once
        ),
        by_day AS (
            SELECT %3$s days, sum(n) AS n, sum(d) AS d, sum(t) AS t FROM parts GROUP BY %3$s days
        ),
        -- At risk on a day is who had waited that long.
        at_risk AS (
            SELECT *, sum(n) OVER longer AS risk, sum(t) OVER longer AS risk_traced
            FROM by_day WINDOW longer AS (%5$s ORDER BY days DESC)
        ),
        -- The share still waiting: the product of (1 - d / risk) over the days so far. It is 0 from
        -- the day on which everybody at risk began.
        still AS (
            SELECT *,
                sum(CASE WHEN d < risk THEN ln((1 - d / risk)::float8) ELSE '-Infinity' END) OVER so_far AS log_waiting,
                sum(CASE WHEN d < risk_traced THEN ln((1 - d / risk_traced)::float8)
                         WHEN d > 0 THEN '-Infinity' ELSE 0 END) OVER so_far AS log_waiting_traced
            FROM at_risk WINDOW so_far AS (%5$s ORDER BY days)
        )
        SELECT %1$s, sum(n)::bigint, sum(d)::bigint, (sum(t) - sum(d))::bigint, (sum(n) - sum(t))::bigint,
            min(days) FILTER (WHERE log_waiting <= ln(0.75::float8) + 1e-9),
            min(days) FILTER (WHERE log_waiting <= ln(0.5::float8) + 1e-9),
            min(days) FILTER (WHERE log_waiting <= ln(0.25::float8) + 1e-9),
            min(days) FILTER (WHERE log_waiting_traced <= ln(0.5::float8) + 1e-9)
        FROM still %4$s$query$,
        shown, cohort_rows('now', false, false), lead,
        CASE grouped WHEN '' THEN 'HAVING count(*) > 0'
            ELSE format('GROUP BY %1$s ORDER BY %1$s', grouped) END,
        CASE grouped WHEN '' THEN '' ELSE 'PARTITION BY ' || grouped END)
    USING day, day;
END $$;
COMMENT ON FUNCTION time_to_work IS 'Days from graduation to work: median and quarters of a cohort by Kaplan and Meier; null: not reached yet';
