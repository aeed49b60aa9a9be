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
SET search_path = jejaring, pg_catalog, pg_temp SET work_mem = '256MB' SET jit = off SET parallel_setup_cost = 100
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
        WITH person AS (
            SELECT %2$s %3$s FROM (SELECT *, split_part(region, '.', 1) AS province FROM %7$s) AS s
            WHERE graduated_on <= $1 AND NOT several
            UNION ALL
            SELECT * FROM (
                SELECT DISTINCT ON (%2$s person) %2$s %3$s FROM (
                    SELECT *, split_part(region, '.', 1) AS province FROM %7$s
                    WHERE graduated_on <= $1 AND several) AS s
                ORDER BY %2$s person, graduated_on DESC, vocation, batch) AS person_once
        ),
        -- Of each number of days: how many, how many of them ended by work, how many are traced.
        by_day AS (
            SELECT %6$s coalesce(least(worked_on, $1), $1) - graduated_on AS days, count(*)::integer AS n,
                count(*) FILTER (WHERE worked_on <= $1)::integer AS d,
                count(*) FILTER (WHERE traced)::integer AS t -- small numbers add up faster
            FROM person GROUP BY %2$s days
        ),
        -- At risk on a day is who had waited that long or longer.
        at_risk AS (
            SELECT *, sum(n) OVER cohort - sum(n) OVER so_far + n AS risk,
                sum(t) OVER cohort - sum(t) OVER so_far + t AS risk_traced
            FROM by_day WINDOW cohort AS (%5$s), so_far AS (%5$s ORDER BY days ROWS UNBOUNDED PRECEDING)
        ),
        -- The share still waiting is the product of (1 - d / risk) over the days so far: the sum of the
        -- logarithms. It is 0 from the day on which everybody at risk began.
        still AS (
            SELECT *,
                sum(CASE WHEN d = 0 THEN 0 WHEN d < risk THEN ln(1 - d::float8 / risk::float8)
                    ELSE '-Infinity' END) OVER so_far AS log_waiting,
                sum(CASE WHEN d = 0 THEN 0 WHEN d < risk_traced THEN ln(1 - d::float8 / risk_traced::float8)
                    ELSE '-Infinity' END) OVER so_far AS log_waiting_traced
            FROM at_risk WINDOW so_far AS (%5$s ORDER BY days ROWS UNBOUNDED PRECEDING)
        )
        SELECT %1$s, sum(n)::bigint, sum(d)::bigint, (sum(t) - sum(d))::bigint, (sum(n) - sum(t))::bigint,
            min(days) FILTER (WHERE log_waiting <= ln(0.75::float8) + 1e-9),
            min(days) FILTER (WHERE log_waiting <= ln(0.5::float8) + 1e-9),
            min(days) FILTER (WHERE log_waiting <= ln(0.25::float8) + 1e-9),
            min(days) FILTER (WHERE log_waiting_traced <= ln(0.5::float8) + 1e-9)
        FROM still %4$s$query$,
        shown, lead, 'worked_on, graduated_on, history[1] <= history_key($1) + 9999 AS traced',
        CASE grouped WHEN '' THEN 'HAVING count(*) > 0'
            ELSE format('GROUP BY %1$s ORDER BY %1$s', grouped) END,
        CASE grouped WHEN '' THEN '' ELSE 'PARTITION BY ' || grouped END,
        -- There may be as many of them as persons, and bytes are sorted faster than words.
        regexp_replace(lead, '\m(region|province|vocation|batch|funding|sex),', '\1 COLLATE "C" AS \1,', 'g'),
        standing_name())
    USING day;
END $$;
COMMENT ON FUNCTION time_to_work IS 'Days from graduation to work: median and quarters of a cohort by Kaplan and Meier; null: not reached yet';
