-- Inclusion: graduates with a disability, and the quota of UU 8/2016. These are exact counts, for the
-- owner of the warehouse alone (referrals and accommodations are specific personal data, which no
-- reader sees). `jejaringctl report inclusion` leaves out of them what is too small to be shown.

-- Cells by region and year with all totals (null: of all). A person counts once, with the last
-- graduation, so that totals are sums. Rows that are not asked for come, too, since what may be
-- shown depends on the whole table: `asked` tells them.
DROP FUNCTION IF EXISTS report_inclusion(text, integer);
CREATE FUNCTION report_inclusion(in_region text, in_year integer)
RETURNS TABLE (region text, region_name text, year integer, graduates bigint, employed bigint,
    self_employed bigint, not_working bigint, untraced bigint, rate numeric, referred bigint,
    accommodated bigint, waiting bigint, employers bigint, employers_short bigint, shortfall bigint,
    asked boolean)
LANGUAGE sql STABLE
SET search_path = jejaring, pg_catalog SET work_mem = '64MB' SET jit = off
AS $$
    WITH last_graduation AS (
        SELECT s.person, s.region, s.year, s.history
        FROM standing s
        WHERE s.disability AND NOT s.several AND s.graduated_on <= today()
        UNION ALL
        -- Who told of a disability at any graduation, with the last one.
        SELECT l.person, l.region, l.year, l.history
        FROM (SELECT DISTINCT ON (s.person) s.person, s.region, s.year, s.history,
                  bool_or(s.disability) OVER (PARTITION BY s.person) AS told
              FROM standing s
              WHERE s.several AND s.graduated_on <= today()
              ORDER BY s.person, s.graduated_on DESC, s.vocation, s.batch) AS l
        WHERE l.told
    ),
    graduate AS (
        SELECT l.person, l.region, l.year,
            coalesce(state_status(state_on(l.history, today())), 'untraced') AS status,
            EXISTS (SELECT FROM referral r WHERE r.person = l.person AND r.made_on <= today()) AS referred
        FROM last_graduation l
    ),
    helped AS (
        SELECT a.person, bool_or(a.provided_on <= today()) AS provided
        FROM accommodation a
        WHERE least(a.assessed_on, a.provided_on) <= today()
        GROUP BY a.person
    ),
    person_cell AS (
        SELECT g.region, g.year, count(*) AS graduates,
            count(*) FILTER (WHERE g.status = 'employed') AS employed,
            count(*) FILTER (WHERE g.status = 'self_employed') AS self_employed,
            count(*) FILTER (WHERE g.status IN ('unemployed', 'studying', 'not_seeking')) AS not_working,
            count(*) FILTER (WHERE g.status = 'untraced') AS untraced,
            count(*) FILTER (WHERE g.referred) AS referred,
            count(*) FILTER (WHERE h.provided) AS accommodated,
            count(*) FILTER (WHERE h.person IS NOT NULL AND h.provided IS NOT TRUE) AS waiting
        FROM graduate g LEFT JOIN helped h USING (person)
        GROUP BY GROUPING SETS ((g.region, g.year), (g.region), (g.year), ())
        HAVING count(*) > 0
    ),
    -- Of an employer the last report of a year, and the last finding of it.
    employer AS (
        SELECT q.employer, extract(year FROM q.reported_on)::integer AS year,
            (array_agg(q.region ORDER BY q.reported_on DESC, q.region))[1] AS region,
            (array_agg(q.shortfall ORDER BY q.reported_on DESC) FILTER (WHERE q.shortfall IS NOT NULL))[1] AS shortfall
        FROM quota q
        WHERE q.reported_on <= today()
        GROUP BY 1, 2
    ),
    -- An employer reports every year: years are not added up.
    employer_cell AS (
        SELECT e.region, e.year, count(*) AS employers, count(*) FILTER (WHERE e.shortfall > 0) AS employers_short,
            coalesce(sum(e.shortfall), 0)::bigint AS shortfall
        FROM employer e GROUP BY GROUPING SETS ((e.region, e.year), (e.year))
    )
    SELECT c.region, CASE WHEN c.region IS NULL THEN 'Semua wilayah' ELSE r.name END, c.year,
        coalesce(p.graduates, 0), coalesce(p.employed, 0), coalesce(p.self_employed, 0),
        coalesce(p.not_working, 0), coalesce(p.untraced, 0),
        (p.employed + p.self_employed)::numeric / p.graduates, coalesce(p.referred, 0),
        coalesce(p.accommodated, 0), coalesce(p.waiting, 0), e.employers, e.employers_short, e.shortfall,
        ($1 IS NULL OR c.region IS NOT NULL AND in_region(c.region, $1)) AND ($2 IS NULL OR coalesce(c.year = $2, false))
    FROM (SELECT k.region, k.year FROM person_cell k UNION SELECT k.region, k.year FROM employer_cell k) AS c
        LEFT JOIN person_cell p ON coalesce(p.region, '') = coalesce(c.region, '')
            AND coalesce(p.year, 0) = coalesce(c.year, 0)
        LEFT JOIN employer_cell e ON coalesce(e.region, '') = coalesce(c.region, '')
            AND coalesce(e.year, 0) = coalesce(c.year, 0)
        LEFT JOIN region r ON r.code = c.region
    ORDER BY c.region NULLS LAST, c.year NULLS LAST
$$;
COMMENT ON FUNCTION report_inclusion IS 'Graduates with a disability, what became of them, referrals, accommodations and quota shortfalls, by region and year with all totals; exact counts, not for publication';
