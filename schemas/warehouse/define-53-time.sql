-- How long graduates wait for work. Those who still wait are counted for as long as they have waited
-- (Kaplan and Meier's estimator for observations censored on the right), not left out, and not
-- taken for never. README.md says who waits.
--
-- Until the day on which the first of those who still wait leaves, the share that waits is simply that
-- of those who have not begun. Most cohorts of the past have come to their median before that day, and
-- nobody began later: the estimator itself is left to the others.

-- The waiting times of a cohort: the days times 4, plus 2 if traced, plus 1 if still waiting. `same` are
-- the days by which a quarter, half and three quarters had begun if nobody leaves; all ones: not so many.
CREATE OR REPLACE FUNCTION waiting_days(waiting_time integer) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN waiting_time & 1 = 1 THEN 2147483647 ELSE waiting_time >> 2 END;
COMMENT ON FUNCTION waiting_days IS 'Days until work of a coded waiting time; 2147483647: still waiting';

-- The estimator, over the coded waiting times of one cohort: the first days on which no more than these
-- shares are still waiting.
CREATE OR REPLACE FUNCTION kaplan_meier(waiting_times integer[], shares float8[]) RETURNS integer[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    WITH by_day AS (
        SELECT w >> 2 AS days, count(*) AS n, count(*) FILTER (WHERE w & 1 = 0) AS d
        FROM unnest(waiting_times) AS w GROUP BY 1
    ),
    -- At risk on a day is who had waited that long or longer.
    at_risk AS (
        SELECT days, d, sum(n) OVER (ORDER BY days DESC)::float8 AS risk FROM by_day
    ),
    -- The share still waiting is the product of (1 - d / risk) over the days so far: the sum of the
    -- logarithms. It is 0 from the day on which everybody at risk began.
    still AS (
        SELECT days, sum(CASE WHEN d < risk THEN ln(1 - d / risk) ELSE '-Infinity' END) OVER (ORDER BY days) AS log_waiting
        FROM at_risk WHERE d > 0
    )
    SELECT array_agg((SELECT min(s.days) FROM still s WHERE s.log_waiting <= ln(q.share) + 1e-9) ORDER BY q.place)
    FROM unnest(shares) WITH ORDINALITY AS q (share, place)
$$;
COMMENT ON FUNCTION kaplan_meier IS 'Days until no more than each of these shares of a cohort still waits; null: not reached';

CREATE OR REPLACE FUNCTION time_to_work(
    dimensions text[] DEFAULT '{region,year}', as_of date DEFAULT NULL, cell jsonb DEFAULT '{}')
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
    d record;
BEGIN
    SELECT * INTO d FROM cohort_dimensions(dimensions);
    RETURN QUERY EXECUTE format($query$
        WITH cohort AS (
            SELECT %1$s array_agg((least(worked_on, $1) - graduated_on) * 4
                + CASE WHEN history[1] <= $2 THEN 2 ELSE 0 END + CASE WHEN worked_on <= $1 THEN 0 ELSE 1 END) AS times
            FROM (%2$s) AS persons %3$s
        ),
        counted AS (
            SELECT c.*, s.*, 2147483647 AS never FROM cohort c, LATERAL (
                SELECT count(*) AS n, count(*) FILTER (WHERE w & 1 = 0) AS d, count(*) FILTER (WHERE w & 2 = 2) AS t,
                    -- Who leaves first, and who began last.
                    coalesce(min(w >> 2) FILTER (WHERE w & 1 = 1), 2147483647) AS left_on,
                    coalesce(max(w >> 2) FILTER (WHERE w & 1 = 0), 0) AS last_on,
                    percentile_disc('{0.25,0.5,0.75}'::float8[]) WITHIN GROUP (ORDER BY waiting_days(w)) AS same,
                    percentile_disc(0.5) WITHIN GROUP (ORDER BY waiting_days(w)) FILTER (WHERE w & 2 = 2) AS same_traced
                FROM unnest(c.times) AS w) AS s
        ),
        estimated AS (
            SELECT *,
                CASE WHEN last_on <= left_on OR same[3] <= left_on THEN same
                    ELSE kaplan_meier(times, '{0.75,0.5,0.25}') END AS days,
                CASE WHEN last_on <= left_on OR same_traced <= left_on THEN same_traced
                    ELSE (kaplan_meier(ARRAY(SELECT w FROM unnest(times) AS w WHERE w & 2 = 2), '{0.5}'))[1] END AS days_traced
            FROM counted
        )
        SELECT %4$s, n, d, t - d, n - t, nullif(days[1], never), nullif(days[2], never), nullif(days[3], never),
            nullif(days_traced, never)
        FROM estimated %5$s$query$,
        d.lead, cohort_persons(d.lead, 'worked_on, history', cohort_condition(cell)), d.tail, d.shown, d.sorted)
    USING day, history_key(day) + 9999;
END $$;
COMMENT ON FUNCTION time_to_work IS 'Days from graduation to work: median and quarters of a cohort by Kaplan and Meier; null: not reached yet';
