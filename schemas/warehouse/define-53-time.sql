-- How long graduates wait for work. Those who still wait are counted for as long as they have waited
-- (Kaplan and Meier's estimator for observations censored on the right), not left out, and not
-- taken for never. README.md says who waits.
--
-- Until the day on which the first of those who still wait leaves, the share that waits is simply that
-- of those who have not begun: of the ordered waiting times of a cohort one tells its median. Most
-- cohorts of the past have come to it before that day; the estimator itself is left to the others.

DROP FUNCTION IF EXISTS waiting_days(integer);
DROP FUNCTION IF EXISTS kaplan_meier(integer[], float8[]);

-- The first days on which no more than these shares of a cohort still wait, for the days behind the first
-- on which somebody left. `began`: the days of those who began, in order, of whom so many had `before`
-- anybody left; `waiting`: those of the others, in order.
CREATE OR REPLACE FUNCTION kaplan_meier(began integer[], before integer, waiting integer[], shares float8[])
RETURNS integer[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    WITH by_day AS (
        SELECT b AS days, count(*) AS n FROM unnest(began[before + 1:]) AS b GROUP BY b
    ),
    -- At risk on a day is who had waited that long or longer.
    at_risk AS (
        SELECT days, n, (cardinality(began) + cardinality(waiting) - before - sum(n) OVER (ORDER BY days) + n
            - width_bucket(days - 1, waiting))::float8 AS risk
        FROM by_day
    ),
    -- The share still waiting is the product of (1 - n / risk) over the days so far: the sum of the
    -- logarithms. It is 0 from the day on which everybody at risk began.
    still AS (
        SELECT days, sum(CASE WHEN n < risk THEN ln(1 - n / risk) ELSE '-Infinity' END) OVER (ORDER BY days)
            + ln(1 - before::float8 / (cardinality(began) + cardinality(waiting))) AS log_waiting
        FROM at_risk
    )
    SELECT array_agg((SELECT min(s.days) FROM still s WHERE s.log_waiting <= ln(q.share) + 1e-9) ORDER BY q.place)
    FROM unnest(shares) WITH ORDINALITY AS q (share, place)
$$;
COMMENT ON FUNCTION kaplan_meier IS 'Days until no more than each of these shares of a cohort still waits, behind the first day on which somebody left; null: not reached';

CREATE OR REPLACE FUNCTION time_to_work(
    dimensions text[] DEFAULT '{region,year}', as_of date DEFAULT NULL, cell jsonb DEFAULT '{}')
RETURNS TABLE (
    region text, province text, year integer, vocation text, batch text, funding text, sex text,
    disability boolean, digital_marketing boolean,
    graduates bigint, started bigint, waiting bigint, untraced bigint,
    first_quarter integer, median integer, last_quarter integer, median_traced integer)
LANGUAGE plpgsql STABLE
SET search_path = jejaring, pg_catalog, pg_temp SET work_mem = '256MB' SET jit = off
SET parallel_setup_cost = 100 SET parallel_tuple_cost = 0.01
SET cpu_operator_cost = 0.02 -- of many cohorts: sorting persons by several texts takes longer than hashing them
AS $$
DECLARE
    day CONSTANT date := coalesce(as_of, today());
    d record;
BEGIN
    SELECT * INTO d FROM cohort_dimensions(dimensions);
    -- A waiting time is the days until work; of those who still wait the days so far, plus 2^29 if they
    -- are traced, else 2^30: so that in order come who began, the traced and the untraced.
    RETURN QUERY EXECUTE format($query$
        WITH cohort AS (
            SELECT %1$s array_agg(CASE WHEN worked_on <= $1 THEN worked_on - graduated_on
                ELSE $1 - graduated_on + CASE WHEN history[1] <= $2 THEN 1 << 29 ELSE 1 << 30 END END) AS unordered
            FROM (%2$s) AS persons %3$s
        ),
        ordered AS MATERIALIZED (
            SELECT %1$s ARRAY(SELECT w FROM unnest(unordered) AS w ORDER BY w) AS times FROM cohort
        ),
        -- Everybody, those who are traced, and of these those who began: the first so many of the times.
        counted AS MATERIALIZED (
            SELECT *, cardinality(times) AS n, width_bucket((1 << 30) - 1, times) AS t, width_bucket((1 << 29) - 1, times) AS d
            FROM ordered
        ),
        -- So many of these had begun when the first left, of everybody and of those who are traced.
        before AS MATERIALIZED (
            SELECT *, coalesce(width_bucket(least(mod(times[d + 1], 1 << 29), mod(times[t + 1], 1 << 29)), times), d) AS b,
                CASE WHEN d < t THEN width_bucket(mod(times[d + 1], 1 << 29), times) ELSE d END AS b_traced
            FROM counted
        ),
        estimated AS MATERIALIZED (
            SELECT *,
                CASE WHEN b < d AND b < ceil(n * 0.75) THEN kaplan_meier(times[:d], b,
                    ARRAY(SELECT mod(w, 1 << 29) FROM unnest(times[d + 1:]) AS w ORDER BY 1), '{0.75,0.5,0.25}') END AS later,
                CASE WHEN b_traced < d AND b_traced < ceil(t * 0.5) THEN kaplan_meier(times[:d], b_traced,
                    ARRAY(SELECT mod(w, 1 << 29) FROM unnest(times[d + 1:t]) AS w ORDER BY 1), '{0.5}') END AS later_traced
            FROM before
        )
        SELECT %4$s, n::bigint, d::bigint, (t - d)::bigint, (n - t)::bigint,
            CASE WHEN ceil(n * 0.25) <= b THEN times[ceil(n * 0.25)::integer] ELSE later[1] END,
            CASE WHEN ceil(n * 0.5) <= b THEN times[ceil(n * 0.5)::integer] ELSE later[2] END,
            CASE WHEN ceil(n * 0.75) <= b THEN times[ceil(n * 0.75)::integer] ELSE later[3] END,
            CASE WHEN ceil(t * 0.5) <= b_traced THEN times[ceil(t * 0.5)::integer] ELSE later_traced[1] END
        FROM estimated %5$s$query$,
        d.lead, cohort_persons(d.lead, 'worked_on, history', cohort_condition(cell)), d.tail, d.shown, d.sorted)
    USING day, history_key(day) + 9999;
END $$;
COMMENT ON FUNCTION time_to_work IS 'Days from graduation to work: median and quarters of a cohort by Kaplan and Meier; null: not reached yet';
