-- The reports cut by disability, for everybody. Of a cohort they show two rows: those who told of a
-- disability, with every count rounded to a multiple of jejaring.disclosure.floor, and the others: the
-- cohort as the same report without the cut shows it, less the first row. README.md says what
-- that protects. With the rights of jejaring_counter, see define-70-roles.sql: so neither they nor
-- what they call may find a view that a reader has put before a table (pg_temp comes last).

-- The nearest multiple of step, but never more than `most`.
CREATE OR REPLACE FUNCTION rounded(n bigint, most bigint, step integer) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN least((coalesce(n, 0) + step / 2) / step, most / step) * step;
COMMENT ON FUNCTION rounded IS 'The nearest multiple of step, but never more than most';

-- A count of one of the two rows. whole: of the cohort, part: of those who told; the same of all
-- graduates, of whom no count of the others may be more.
CREATE OR REPLACE FUNCTION shown_count(told boolean, whole bigint, part bigint, all_whole bigint, all_part bigint, step integer)
RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN told THEN rounded(part, whole, step)
    ELSE least(whole - rounded(part, whole, step), all_whole - rounded(all_part, all_whole, step)) END;
COMMENT ON FUNCTION shown_count IS 'A count of those who told of a disability, rounded, or what it leaves of the whole';

-- A share of one of the rows: null if rounding has made it meaningless.
CREATE OR REPLACE FUNCTION shown_share(part bigint, whole bigint, too_few boolean) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN NOT too_few THEN least(part::numeric / nullif(whole, 0), 1) END;
COMMENT ON FUNCTION shown_share IS 'A share of counts that are shown; null of too few persons';

-- absorption() with absorption_explained(). too_few: the shares are null, since rounding changes them
-- too much. rounded_to: the floor.
CREATE OR REPLACE FUNCTION absorption_by_disability(
    dimensions text[] DEFAULT '{disability}', horizon text DEFAULT 'now',
    as_of date DEFAULT NULL, known_at timestamptz DEFAULT NULL, definition text DEFAULT 'working',
    cell jsonb DEFAULT '{}')
RETURNS TABLE (
    region text, province text, year integer, vocation text, batch text, funding text, sex text,
    disability boolean, digital_marketing boolean,
    graduates bigint, traced bigint, employed bigint, self_employed bigint, working bigint,
    formal bigint, informal bigint, rate numeric, low numeric, high numeric, coverage numeric,
    placed bigint, by_employer bigint, by_cooperative bigint, by_bank bigint, by_opd bigint,
    by_self bigint, unplaced bigint, placed_still bigint, placed_before bigint,
    placed_before_working bigint, too_few boolean, rounded_to integer)
LANGUAGE plpgsql STABLE
SET search_path = jejaring, pg_catalog, pg_temp SET work_mem = '64MB' SET jit = off
AS $$
DECLARE
    day CONSTANT date := coalesce(as_of, today());
    cells CONSTANT text[] := '{graduates,traced,employed,self_employed,working,formal,informal,placed,by_employer,by_cooperative,by_bank,by_opd,by_self,unplaced,placed_still,placed_before,placed_before_working}';
    others CONSTANT text[] := array_remove(dimensions, 'disability');
    step CONSTANT integer := (SELECT d.floor FROM disclosure d);
    shown text;
    grouped text;
    lead text;
    counted text; -- of states, as a select list
    everybody record; -- the graduations that are counted
    those_who_told record;
BEGIN
    IF 'disability' <> ALL (dimensions) OR definition IS NULL OR definition NOT IN ('working', 'employed', 'placed') THEN
        RAISE EXCEPTION 'disability is among the dimensions, and definition is working, employed or placed'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT d.grouped INTO grouped FROM cohort_dimensions(others) AS d;
    lead := CASE grouped WHEN '' THEN '' ELSE grouped || ', ' END;
    SELECT string_agg(CASE WHEN n = 'disability' THEN 'told' WHEN n = ANY (others) THEN 'w.' || n ELSE 'NULL' END || '::' || t || ' AS ' || n, ', ' ORDER BY o)
        INTO shown
        FROM unnest('{region,province,year,vocation,batch,funding,sex,disability,digital_marketing}'::text[],
                    '{text,text,integer,text,text,text,text,boolean,boolean}'::text[]) WITH ORDINALITY AS d (n, t, o);
    SELECT string_agg(format('coalesce(sum(n) FILTER (WHERE %s), 0)::bigint AS %s', CASE c
            WHEN 'unplaced' THEN 'state / 1000 = 1 AND mod(state, 10) = 0'
            WHEN 'placed_still' THEN 'state / 1000 = 1 AND mod(state, 10) = 1'
            WHEN 'placed_before' THEN 'state / 1000 <> 1 AND mod(state, 10) = 1'
            WHEN 'placed_before_working' THEN 'state / 1000 = 2 AND mod(state, 10) = 1'
            ELSE counter_condition(c) END, c), ', ' ORDER BY o)
        INTO counted FROM unnest(cells) WITH ORDINALITY AS u (c, o);
    SELECT * INTO everybody FROM cohort_states(horizon, as_of IS NULL, known_at IS NOT NULL, cohort_condition(cell));
    SELECT * INTO those_who_told
        FROM cohort_states(horizon, as_of IS NULL, known_at IS NOT NULL, cohort_condition(cell) || ' AND disability');
    RETURN QUERY EXECUTE format($query$
        WITH whole AS (
            SELECT jsonb_build_array(%2$s) AS cohort, %3$s %4$s
            FROM (SELECT %3$s state, count(*) AS n FROM (%5$s) AS persons GROUP BY %3$s state) AS states %6$s
        ),
        part AS (
            SELECT jsonb_build_array(%2$s) AS cohort, %4$s
            FROM (SELECT %3$s state, count(*) AS n FROM (%7$s) AS persons GROUP BY %3$s state) AS states %6$s
        ),
        shown AS (
            SELECT %1$s, %8$s, told AND rounded(p.graduates, w.graduates, $4) < 5 * $4 AS too_few
            FROM whole w LEFT JOIN part p USING (cohort) CROSS JOIN (VALUES (false), (true)) AS two (told)
            WHERE w.graduates > 0
        )
        SELECT %9$s, graduates, traced, employed, self_employed, working, formal, informal,
            shown_share(%10$s, graduates, too_few), shown_share(%10$s, graduates, too_few),
            shown_share(%10$s + graduates - traced, graduates, too_few),
            shown_share(traced, graduates, too_few), placed, by_employer, by_cooperative, by_bank,
            by_opd, by_self, unplaced, placed_still, placed_before, placed_before_working, too_few, $4
        FROM shown ORDER BY %9$s$query$,
        shown, grouped, lead, counted,
        cohort_once(lead, everybody.single, everybody.several),
        CASE grouped WHEN '' THEN '' ELSE 'GROUP BY ' || grouped END,
        cohort_once(lead, those_who_told.single, those_who_told.several),
        (SELECT string_agg(format('shown_count(told, w.%1$s, p.%1$s, w.graduates, p.graduates, $4) AS %1$s', c), ', ' ORDER BY o)
         FROM unnest(cells) WITH ORDINALITY AS u (c, o)),
        'region, province, year, vocation, batch, funding, sex, disability, digital_marketing', definition)
    USING come_to(horizon, day), day, known_at, step;
END $$;
COMMENT ON FUNCTION absorption_by_disability IS 'Absorption by disability and other dimensions: counts of persons with a disability rounded to multiples of the floor';

-- absorption(), or where it is cut by disability what may be shown of it.
CREATE OR REPLACE FUNCTION absorption_shown(dimensions text[], horizon text, as_of date, cell jsonb)
RETURNS TABLE (
    region text, province text, year integer, vocation text, batch text, funding text, sex text,
    disability boolean, digital_marketing boolean, graduates bigint, rate numeric, high numeric,
    coverage numeric)
LANGUAGE plpgsql STABLE
SET search_path = jejaring, pg_catalog, pg_temp
AS $$
BEGIN
    IF 'disability' = ANY (dimensions) THEN
        RETURN QUERY SELECT a.region, a.province, a.year, a.vocation, a.batch, a.funding, a.sex, a.disability,
            a.digital_marketing, a.graduates, a.rate, a.high, a.coverage
        FROM absorption_by_disability(dimensions, horizon, as_of, cell => cell) AS a;
    ELSE
        RETURN QUERY SELECT a.region, a.province, a.year, a.vocation, a.batch, a.funding, a.sex, a.disability,
            a.digital_marketing, a.graduates, a.rate, a.high, a.coverage
        FROM absorption(dimensions, horizon, as_of, cell => cell) AS a;
    END IF;
END $$;
COMMENT ON FUNCTION absorption_shown IS 'Absorption by any dimensions, cut by disability only as far as may be shown';

CREATE OR REPLACE FUNCTION funnel_by_disability(
    dimensions text[] DEFAULT '{disability}', as_of date DEFAULT NULL, cell jsonb DEFAULT '{}')
RETURNS TABLE (
    region text, province text, year integer, vocation text, batch text, funding text, sex text,
    disability boolean, digital_marketing boolean,
    graduates bigint, certified bigint, proposed bigint, started bigint, due bigint, lasting bigint,
    too_few boolean, rounded_to integer)
LANGUAGE sql STABLE
SET search_path = jejaring, pg_catalog, pg_temp SET jit = off
AS $$
    WITH whole AS (
        SELECT jsonb_build_array(region, province, year, vocation, batch, funding, sex, digital_marketing) AS cohort, f.*
        FROM funnel(array_remove($1, 'disability'), $2, $3) WITH ORDINALITY AS f
    ),
    part AS (
        SELECT jsonb_build_array(region, province, year, vocation, batch, funding, sex, digital_marketing) AS cohort, f.*
        FROM funnel($1 || '{disability}', $2, $3) AS f WHERE f.disability
    )
    SELECT w.region, w.province, w.year, w.vocation, w.batch, w.funding, w.sex, told, w.digital_marketing,
        shown_count(told, w.graduates, p.graduates, w.graduates, p.graduates, d.floor),
        shown_count(told, w.certified, p.certified, w.graduates, p.graduates, d.floor),
        shown_count(told, w.proposed, p.proposed, w.graduates, p.graduates, d.floor),
        shown_count(told, w.started, p.started, w.graduates, p.graduates, d.floor),
        shown_count(told, w.due, p.due, w.graduates, p.graduates, d.floor),
        shown_count(told, w.lasting, p.lasting, w.graduates, p.graduates, d.floor),
        told AND rounded(p.graduates, w.graduates, d.floor) < 5 * d.floor, d.floor
    FROM disclosure d CROSS JOIN whole w LEFT JOIN part p ON p.cohort = w.cohort
        CROSS JOIN (VALUES (false), (true)) AS two (told)
    ORDER BY w.ordinality, told
$$;
COMMENT ON FUNCTION funnel_by_disability IS 'The funnel by disability and other dimensions: counts of persons with a disability rounded to multiples of the floor';

-- Days are those of persons: too_few (of both rows, since the one would tell of the other) hides them.
CREATE OR REPLACE FUNCTION time_to_work_by_disability(
    dimensions text[] DEFAULT '{disability}', as_of date DEFAULT NULL, cell jsonb DEFAULT '{}')
RETURNS TABLE (
    region text, province text, year integer, vocation text, batch text, funding text, sex text,
    disability boolean, digital_marketing boolean,
    graduates bigint, started bigint, waiting bigint, untraced bigint,
    first_quarter integer, median integer, last_quarter integer, median_traced integer,
    too_few boolean, rounded_to integer)
LANGUAGE sql STABLE
SET search_path = jejaring, pg_catalog, pg_temp SET jit = off
AS $$
    WITH whole AS (
        SELECT jsonb_build_array(region, province, year, vocation, batch, funding, sex, digital_marketing) AS cohort, t.*
        FROM time_to_work(array_remove($1, 'disability'), $2, $3) WITH ORDINALITY AS t
    ),
    halves AS (
        SELECT jsonb_build_array(region, province, year, vocation, batch, funding, sex, digital_marketing) AS cohort, t.*
        FROM time_to_work($1 || '{disability}', $2, $3) AS t
    ),
    shown AS (
        SELECT w.*, told, p.graduates AS part, p.started AS part_started, p.waiting AS part_waiting,
            p.untraced AS part_untraced, d.floor,
            rounded(p.graduates, w.graduates, d.floor) < 5 * d.floor AS few
        FROM disclosure d CROSS JOIN whole w LEFT JOIN halves p ON p.cohort = w.cohort AND p.disability
            CROSS JOIN (VALUES (false), (true)) AS two (told)
    )
    SELECT s.region, s.province, s.year, s.vocation, s.batch, s.funding, s.sex, s.told, s.digital_marketing,
        shown_count(s.told, s.graduates, s.part, s.graduates, s.part, s.floor),
        shown_count(s.told, s.started, s.part_started, s.graduates, s.part, s.floor),
        shown_count(s.told, s.waiting, s.part_waiting, s.graduates, s.part, s.floor),
        shown_count(s.told, s.untraced, s.part_untraced, s.graduates, s.part, s.floor),
        CASE WHEN NOT s.few THEN h.first_quarter END, CASE WHEN NOT s.few THEN h.median END,
        CASE WHEN NOT s.few THEN h.last_quarter END, CASE WHEN NOT s.few THEN h.median_traced END,
        s.few, s.floor
    FROM shown s LEFT JOIN halves h ON h.cohort = s.cohort AND h.disability = s.told
    ORDER BY s.ordinality, s.told
$$;
COMMENT ON FUNCTION time_to_work_by_disability IS 'Time to work by disability and other dimensions: counts of persons with a disability rounded to multiples of the floor';
