-- From graduation to lasting work: how many of a cohort came how far by as_of. README.md says what
-- each step means. Each step counts persons of the whole cohort: who found work without a certificate
-- or a proposal is in the later step and not in the earlier one.
CREATE OR REPLACE FUNCTION funnel(
    dimensions text[] DEFAULT '{region,year}', as_of date DEFAULT NULL, cell jsonb DEFAULT '{}')
RETURNS TABLE (
    region text, province text, year integer, vocation text, batch text, funding text, sex text,
    disability boolean, digital_marketing boolean,
    graduates bigint, certified bigint, proposed bigint, started bigint, due bigint, lasting bigint)
LANGUAGE plpgsql STABLE
SET search_path = jejaring, pg_catalog, pg_temp SET work_mem = '64MB' SET jit = off
SET parallel_setup_cost = 100 SET parallel_tuple_cost = 0.01
AS $$
DECLARE
    day CONSTANT date := coalesce(as_of, today());
    d record;
BEGIN
    SELECT * INTO d FROM cohort_dimensions(dimensions);
    -- $2: the last day of beginning from which 6 months have passed.
    RETURN QUERY EXECUTE format($query$
        SELECT %1$s, count(*), count(*) FILTER (WHERE certified_on <= $1),
            count(*) FILTER (WHERE proposed_on <= $1), count(*) FILTER (WHERE worked_on <= $1),
            count(*) FILTER (WHERE worked_on <= $2),
            count(*) FILTER (WHERE CASE WHEN worked_on <= $2
                THEN state_on(history, (worked_on + interval '6 months')::date) < 3000 END)
        FROM (%2$s) AS persons %3$s %4$s$query$,
        d.shown,
        cohort_persons(d.lead, 'certified_on, proposed_on, worked_on, history', cohort_condition(cell)),
        d.tail, d.sorted)
    USING day, graduated_by(day, 6);
END $$;
COMMENT ON FUNCTION funnel IS 'How many of a cohort graduated, were certified, proposed, at work, and still at work 6 months later (of those for whom 6 months are over: due)';
