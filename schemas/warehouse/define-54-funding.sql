-- APBN beside APBD, and training with the digital marketing module beside training without it: the
-- same cohort split in two, side by side, with what keeps one from believing the difference.
CREATE OR REPLACE FUNCTION funding(
    dimensions text[] DEFAULT '{year}', horizon text DEFAULT 'now', as_of date DEFAULT NULL,
    few integer DEFAULT 30, cell jsonb DEFAULT '{}')
RETURNS TABLE (
    region text, province text, year integer, vocation text, batch text, sex text, disability boolean,
    compared text, graduates bigint, rate numeric, high numeric, coverage numeric,
    other_graduates bigint, other_rate numeric, other_high numeric, other_coverage numeric,
    difference numeric, warnings text[])
LANGUAGE plpgsql STABLE
SET search_path = jejaring, pg_catalog, pg_temp SET work_mem = '64MB' SET jit = off
SET parallel_setup_cost = 100 SET parallel_tuple_cost = 0.01
AS $$
DECLARE
    day CONSTANT date := coalesce(as_of, today());
    lead text;
    shown text;
    rows record;
    counted text := '';
    halves text;
BEGIN
    IF dimensions && '{funding,digital_marketing}' THEN
        RAISE EXCEPTION 'funding and digital_marketing are what is compared'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- Cut by disability it shows what absorption_by_disability() does, to everybody.
    SELECT d.lead, d.shown INTO lead, shown FROM cohort_dimensions(array_remove(dimensions, 'disability')) AS d;
    IF 'disability' = ANY (dimensions) THEN
        lead := lead || 'disability, ';
        shown := replace(shown, 'NULL::boolean AS disability', 'disability');
    END IF;
    -- Of each cohort the rows of two halves, `second` telling which.
    IF 'disability' = ANY (dimensions) THEN
        halves := format($query$
            SELECT %1$s 'funding' AS compared, funding = 'apbd' AS second, graduates, rate, high, coverage
            FROM absorption_shown($4 || '{funding}', $5, $6, $7) WHERE funding IN ('apbn', 'apbd')
            UNION ALL
            SELECT %1$s 'digital_marketing', NOT digital_marketing, graduates, rate, high, coverage
            FROM absorption_shown($4 || '{digital_marketing}', $5, $6, $7)$query$, lead);
    ELSE
        SELECT * INTO rows FROM cohort_states(horizon, as_of IS NULL, false, cohort_condition(cell));
        halves := format($query$
            SELECT %1$s compared, second, n::bigint AS graduates, working / n AS rate,
                (working + n - traced) / n AS high, traced / n AS coverage
            FROM (
                SELECT %1$s compared, second, sum(n) AS n, sum(working) AS working, sum(traced) AS traced
                FROM (
                    SELECT %1$s 'funding' AS compared, funding = 'apbd' AS second, n, working, traced
                    FROM counted WHERE funding IN ('apbn', 'apbd')
                    UNION ALL
                    SELECT %1$s 'digital_marketing', NOT digital_marketing, n, working, traced FROM counted
                    UNION ALL -- who graduated more than once is once in each half
                    SELECT %1$s 'funding', funding = 'apbd', 1, (state IS NOT NULL AND state < 3000)::integer, (state IS NOT NULL)::integer
                    FROM (%2$s) AS p WHERE funding IN ('apbn', 'apbd')
                    UNION ALL
                    SELECT %1$s 'digital_marketing', NOT digital_marketing, 1, (state IS NOT NULL AND state < 3000)::integer, (state IS NOT NULL)::integer
                    FROM (%3$s) AS p) AS parts
                GROUP BY %1$s compared, second) AS sums$query$,
            lead, cohort_once(lead || 'funding, ', NULL, rows.several),
            cohort_once(lead || 'digital_marketing, ', NULL, rows.several));
        counted := format($query$
            counted AS MATERIALIZED (
                SELECT %1$s funding, digital_marketing, count(*) AS n,
                    count(*) FILTER (WHERE state < 3000) AS working, count(state) AS traced
                FROM (%2$s) AS persons GROUP BY %1$s funding, digital_marketing),$query$, lead, rows.single);
    END IF;
    RETURN QUERY EXECUTE format($query$
        WITH %1$s half AS (%2$s),
        pair AS (
            SELECT %3$s compared,
                max(graduates) FILTER (WHERE NOT second) AS graduates, max(rate) FILTER (WHERE NOT second) AS rate,
                max(high) FILTER (WHERE NOT second) AS high, max(coverage) FILTER (WHERE NOT second) AS coverage,
                max(graduates) FILTER (WHERE second) AS other_graduates, max(rate) FILTER (WHERE second) AS other_rate,
                max(high) FILTER (WHERE second) AS other_high, max(coverage) FILTER (WHERE second) AS other_coverage
            FROM half GROUP BY %3$s compared
        ),
        shown AS (SELECT %4$s, compared, graduates, rate, high, coverage, other_graduates, other_rate, other_high, other_coverage FROM pair)
        SELECT region, province, year, vocation, batch, sex, disability, compared, graduates, rate, high,
            coverage, other_graduates, other_rate, other_high, other_coverage, rate - other_rate,
            array_remove(ARRAY[
                CASE WHEN graduates IS NULL OR other_graduates IS NULL THEN 'missing' END,
                CASE WHEN least(graduates, other_graduates) < $3 THEN 'few' END,
                -- The untraced alone could turn the difference round.
                CASE WHEN rate <= other_high AND other_rate <= high THEN 'untraced' END], NULL)
        FROM shown ORDER BY %3$s compared DESC$query$, counted, halves, lead, shown)
    USING come_to(horizon, day), day, few, dimensions, horizon, as_of, cell;
END $$;
COMMENT ON FUNCTION funding IS 'Absorption of APBN beside APBD, and of training with digital marketing beside training without; warnings: missing (one side has nobody), few (fewer than `few` graduates on one side), untraced (those of whom nothing is known could turn the difference round)';
