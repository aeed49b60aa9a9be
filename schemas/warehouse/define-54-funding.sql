-- APBN beside APBD, and training with the digital marketing module beside training without it: the
-- same cohort split in two, side by side, with what keeps one from believing the difference.
CREATE OR REPLACE FUNCTION funding(
    dimensions text[] DEFAULT '{year}', horizon text DEFAULT 'now', as_of date DEFAULT NULL,
    few integer DEFAULT 30)
RETURNS TABLE (
    region text, province text, year integer, vocation text, batch text, sex text, disability boolean,
    compared text, graduates bigint, rate numeric, high numeric, coverage numeric,
    other_graduates bigint, other_rate numeric, other_high numeric, other_coverage numeric,
    difference numeric, warnings text[])
LANGUAGE plpgsql STABLE
SET search_path = jejaring, pg_catalog
AS $$
#variable_conflict use_column
BEGIN
    IF dimensions && '{funding,digital_marketing}' THEN
        RAISE EXCEPTION 'funding and digital_marketing are what is compared'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN QUERY
    WITH half AS (
        SELECT 'funding' AS compared, funding = 'apbd' AS second, a.*
        FROM absorption_shown(dimensions || '{funding}', horizon, as_of) a WHERE funding IN ('apbn', 'apbd')
        UNION ALL
        SELECT 'digital_marketing', NOT digital_marketing, a.*
        FROM absorption_shown(dimensions || '{digital_marketing}', horizon, as_of) a
    ),
    -- A key of the cohort, since its dimensions may be null and an outer join wants plain equality.
    keyed AS (
        SELECT jsonb_build_array(compared, region, province, year, vocation, batch, sex, disability)::text AS cohort, *
        FROM half
    ),
    pair AS (
        SELECT coalesce(x.compared, y.compared) AS compared, coalesce(x.region, y.region) AS region,
            coalesce(x.province, y.province) AS province, coalesce(x.year, y.year) AS year,
            coalesce(x.vocation, y.vocation) AS vocation, coalesce(x.batch, y.batch) AS batch,
            coalesce(x.sex, y.sex) AS sex, coalesce(x.disability, y.disability) AS disability,
            x.graduates, x.rate, x.high, x.coverage, y.graduates AS other_graduates,
            y.rate AS other_rate, y.high AS other_high, y.coverage AS other_coverage
        FROM (SELECT * FROM keyed WHERE NOT second) AS x
            FULL JOIN (SELECT * FROM keyed WHERE second) AS y USING (cohort)
    )
    SELECT region, province, year, vocation, batch, sex, disability, compared, graduates, rate, high,
        coverage, other_graduates, other_rate, other_high, other_coverage, rate - other_rate,
        array_remove(ARRAY[
            CASE WHEN graduates IS NULL OR other_graduates IS NULL THEN 'missing' END,
            CASE WHEN least(graduates, other_graduates) < few THEN 'few' END,
            -- The untraced alone could turn the difference round.
            CASE WHEN rate <= other_high AND other_rate <= high THEN 'untraced' END], NULL)
    FROM pair
    ORDER BY region, province, year, vocation, batch, sex, disability, compared DESC;
END $$;
COMMENT ON FUNCTION funding IS 'Absorption of APBN beside APBD, and of training with digital marketing beside training without; warnings: missing (one side has nobody), few (fewer than `few` graduates on one side), untraced (those of whom nothing is known could turn the difference round)';
