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

-- A cell of these reports: one of those who told of a disability alone would give exact counts of them.
CREATE OR REPLACE FUNCTION uncut(cell jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF cell ? 'disability' THEN
        RAISE EXCEPTION 'a report by disability is of a cell of all, whether or not they told of one'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN coalesce(cell, '{}');
END $$;
COMMENT ON FUNCTION uncut IS 'The cell, refused if it is of those with or without a disability';

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
#variable_conflict use_variable
BEGIN
    IF 'disability' <> ALL (dimensions) THEN
        RAISE EXCEPTION 'disability is among the dimensions' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN QUERY
    WITH whole AS MATERIALIZED (
        SELECT jsonb_build_array(a.region, a.province, a.year, a.vocation, a.batch, a.funding, a.sex, a.digital_marketing) AS cohort, a.*
        FROM absorption(array_remove(dimensions, 'disability'), horizon, as_of, known_at, definition,
                        uncut(cell)) WITH ORDINALITY AS a
    ),
    part AS MATERIALIZED (
        SELECT jsonb_build_array(a.region, a.province, a.year, a.vocation, a.batch, a.funding, a.sex, a.digital_marketing) AS cohort, a.*
        FROM absorption(array_remove(dimensions, 'disability'), horizon, as_of, known_at, definition,
                        uncut(cell) || '{"disability": true}') AS a
    ),
    shown AS (
        SELECT w.ordinality, w.region, w.province, w.year, w.vocation, w.batch, w.funding, w.sex, told, w.digital_marketing, d.floor,
            shown_count(told, w.graduates, p.graduates, w.graduates, p.graduates, d.floor) AS graduates,
            shown_count(told, w.traced, p.traced, w.graduates, p.graduates, d.floor) AS traced,
            shown_count(told, w.employed, p.employed, w.graduates, p.graduates, d.floor) AS employed,
            shown_count(told, w.self_employed, p.self_employed, w.graduates, p.graduates, d.floor) AS self_employed,
            shown_count(told, w.working, p.working, w.graduates, p.graduates, d.floor) AS working,
            shown_count(told, w.formal, p.formal, w.graduates, p.graduates, d.floor) AS formal,
            shown_count(told, w.informal, p.informal, w.graduates, p.graduates, d.floor) AS informal,
            shown_count(told, w.placed, p.placed, w.graduates, p.graduates, d.floor) AS placed,
            shown_count(told, w.by_employer, p.by_employer, w.graduates, p.graduates, d.floor) AS by_employer,
            shown_count(told, w.by_cooperative, p.by_cooperative, w.graduates, p.graduates, d.floor) AS by_cooperative,
            shown_count(told, w.by_bank, p.by_bank, w.graduates, p.graduates, d.floor) AS by_bank,
            shown_count(told, w.by_opd, p.by_opd, w.graduates, p.graduates, d.floor) AS by_opd,
            shown_count(told, w.by_self, p.by_self, w.graduates, p.graduates, d.floor) AS by_self,
            shown_count(told, w.employed - w.placed_still, p.employed - p.placed_still, w.graduates, p.graduates, d.floor) AS unplaced,
            shown_count(told, w.placed_still, p.placed_still, w.graduates, p.graduates, d.floor) AS placed_still,
            shown_count(told, w.placed - w.placed_still, p.placed - p.placed_still, w.graduates, p.graduates, d.floor) AS placed_before,
            shown_count(told, w.placed_working, p.placed_working, w.graduates, p.graduates, d.floor) AS placed_before_working,
            told AND rounded(p.graduates, w.graduates, d.floor) < 5 * d.floor AS too_few
        FROM disclosure d CROSS JOIN whole w LEFT JOIN part p ON p.cohort = w.cohort
            CROSS JOIN (VALUES (false), (true)) AS two (told)
    )
    SELECT s.region, s.province, s.year, s.vocation, s.batch, s.funding, s.sex, s.told, s.digital_marketing,
        s.graduates, s.traced, s.employed, s.self_employed, s.working, s.formal, s.informal,
        shown_share(c.counter, s.graduates, s.too_few), shown_share(c.counter, s.graduates, s.too_few),
        shown_share(c.counter + s.graduates - s.traced, s.graduates, s.too_few),
        shown_share(s.traced, s.graduates, s.too_few), s.placed, s.by_employer, s.by_cooperative, s.by_bank,
        s.by_opd, s.by_self, s.unplaced, s.placed_still, s.placed_before, s.placed_before_working, s.too_few, s.floor
    FROM shown s,
        LATERAL (SELECT CASE definition WHEN 'working' THEN s.working WHEN 'employed' THEN s.employed ELSE s.placed END) AS c (counter)
    ORDER BY s.ordinality, s.told;
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
    WITH whole AS MATERIALIZED (
        SELECT jsonb_build_array(region, province, year, vocation, batch, funding, sex, digital_marketing) AS cohort, f.*
        FROM funnel(array_remove($1, 'disability'), $2, uncut($3)) WITH ORDINALITY AS f
    ),
    part AS MATERIALIZED (
        SELECT jsonb_build_array(region, province, year, vocation, batch, funding, sex, digital_marketing) AS cohort, f.*
        FROM funnel(array_remove($1, 'disability'), $2, uncut($3) || '{"disability": true}') AS f
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
    WITH whole AS MATERIALIZED (
        SELECT jsonb_build_array(region, province, year, vocation, batch, funding, sex, digital_marketing) AS cohort, t.*
        FROM time_to_work(array_remove($1, 'disability'), $2, uncut($3)) WITH ORDINALITY AS t
    ),
    halves AS MATERIALIZED (
        SELECT jsonb_build_array(region, province, year, vocation, batch, funding, sex, digital_marketing) AS cohort, t.*
        FROM time_to_work($1 || '{disability}', $2, uncut($3)) AS t
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
