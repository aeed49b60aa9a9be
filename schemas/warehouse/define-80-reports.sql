-- Reports that are lists and sums of facts: `jejaringctl report ...`. What each of them counts, and
-- by what rule, is in README.md. All run with the rights of who asks: row-level security holds. Those
-- with arguments that may be null are in PL/pgSQL, which plans for what is asked.

-- A region, or all regencies of a province; null: everywhere.
CREATE OR REPLACE FUNCTION in_region(region text, wanted text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN wanted IS NULL OR region = wanted OR split_part(region, '.', 1) = wanted;
COMMENT ON FUNCTION in_region IS 'True if a region is the one wanted, or lies in the province wanted, or nothing is wanted';

-- ---- Tracer ------------------------------------------------------------------------------------

-- The last day of graduation of those who have come to so many months after it: months differ in
-- length, so it is looked for around the day that many months back.
CREATE OR REPLACE FUNCTION graduated_by(day date, months integer) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT max(g)::date
        FROM generate_series(day - make_interval(months => months) - interval '4 days',
                             day - make_interval(months => months) + interval '4 days', interval '1 day') AS g
        WHERE g + make_interval(months => months) <= day);
COMMENT ON FUNCTION graduated_by IS 'Last day of graduation from which so many months have passed on a day';

-- Who is due: graduates without any evidence of what became of them, once one month has passed since
-- graduation. A person stands here once, with the last graduation. Whoever has evidence by `day` is
-- gone: the list shrinks as placements, businesses, orders, loans and surveys arrive.
DROP FUNCTION IF EXISTS tracer_due(text, date);
CREATE FUNCTION tracer_due(in_region text, day date)
RETURNS TABLE (person uuid, region text, vocation text, batch text, year integer, graduated_on date, due_wave text)
LANGUAGE plpgsql STABLE
SET search_path = jejaring, pg_catalog SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    after_1m CONSTANT date := graduated_by(day, 1);
    after_6m CONSTANT date := graduated_by(day, 6);
    after_12m CONSTANT date := graduated_by(day, 12);
    -- A history whose first entry is later, or that has none, says nothing of the day: see state_on().
    known CONSTANT bigint := history_key(day) + 9999;
BEGIN
    RETURN QUERY
    SELECT o.person, o.region, o.vocation, o.batch, o.year, o.graduated_on,
        CASE WHEN o.graduated_on <= after_12m THEN '12m' WHEN o.graduated_on <= after_6m THEN '6m' ELSE '1m' END
    FROM (SELECT s.person, s.region, s.vocation, s.batch, s.year, s.graduated_on
          FROM standing s
          WHERE NOT s.several AND (s.history[1] <= known) IS NOT TRUE
          UNION ALL
          SELECT l.person, l.region, l.vocation, l.batch, l.year, l.graduated_on
          FROM (SELECT DISTINCT ON (s.person) s.person, s.region, s.vocation, s.batch, s.year,
                    s.graduated_on, s.history
                FROM standing s WHERE s.several AND s.graduated_on <= day
                ORDER BY s.person, s.graduated_on DESC, s.vocation, s.batch) AS l
          WHERE (l.history[1] <= known) IS NOT TRUE) AS o
    WHERE o.graduated_on <= after_1m AND (in_region IS NULL OR in_region(o.region, in_region));
END $$;
COMMENT ON FUNCTION tracer_due IS 'Graduates without any evidence of outcome on a day, with the last tracer wave (1, 6, 12 months after graduation) that they have come to';

DROP FUNCTION IF EXISTS report_tracer_due(text, text, date);
CREATE FUNCTION report_tracer_due(in_region text, wave text, as_of date)
RETURNS TABLE (person uuid, region text, region_name text, vocation text, batch text, year integer,
    graduated_on date, due_wave text, due_on date, days_overdue integer)
LANGUAGE sql STABLE
SET search_path = jejaring, pg_catalog SET work_mem = '64MB' SET jit = off
AS $$
    SELECT d.person, d.region, r.name, d.vocation, d.batch, d.year, d.graduated_on, d.due_wave, w.due_on,
        coalesce($3, today()) - w.due_on
    FROM tracer_due($1, coalesce($3, today())) AS d
        LEFT JOIN region r ON r.code = d.region,
        LATERAL (SELECT (d.graduated_on + CASE d.due_wave WHEN '12m' THEN interval '12 months'
            WHEN '6m' THEN interval '6 months' ELSE interval '1 month' END)::date) AS w (due_on)
    WHERE $2 IS NULL OR d.due_wave = $2
    ORDER BY w.due_on, d.region, d.person
$$;
COMMENT ON FUNCTION report_tracer_due IS 'Whom to call: graduates without any evidence of outcome, those who are overdue longest first';

DROP FUNCTION IF EXISTS report_tracer(text, text, date);
CREATE FUNCTION report_tracer(in_region text, wave text, as_of date)
RETURNS TABLE (region text, region_name text, due bigint, due_1m bigint, due_6m bigint, due_12m bigint,
    oldest date)
LANGUAGE sql STABLE
SET search_path = jejaring, pg_catalog SET jit = off
AS $$
    SELECT s.region, r.name, s.due, s.due_1m, s.due_6m, s.due_12m, s.oldest
    FROM (SELECT d.region, count(*) AS due, count(*) FILTER (WHERE d.due_wave = '1m') AS due_1m,
              count(*) FILTER (WHERE d.due_wave = '6m') AS due_6m,
              count(*) FILTER (WHERE d.due_wave = '12m') AS due_12m, min(d.graduated_on) AS oldest
          FROM tracer_due($1, coalesce($3, today())) AS d
          WHERE $2 IS NULL OR d.due_wave = $2
          GROUP BY d.region) AS s
        LEFT JOIN region r ON r.code = s.region
    ORDER BY s.region
$$;
COMMENT ON FUNCTION report_tracer IS 'How many graduates are due for a tracer call, by region and wave';

-- ---- Vacancies -----------------------------------------------------------------------------------

-- The state of a vacancy on a day. Its seats are those that persons have taken (placement.started),
-- whether or not they left again. With all seats taken it is filled, on the day on which the last of them
-- was, unless it had been withdrawn before, and even if something else was said meanwhile. After its last
-- day it is expired.
DROP FUNCTION IF EXISTS report_vacancies(boolean, boolean, text, date, date);
CREATE FUNCTION report_vacancies(only_open boolean, only_filled boolean, in_region text, from_day date, to_day date)
RETURNS TABLE (region text, region_name text, employer text, title text, headcount integer, filled bigint,
    status text, status_on date, opened_on date, valid_until date, kind text, occupation text,
    vocations text, requirements text, wage_min bigint, wage_max bigint, location text,
    disability_friendly boolean, vacancy uuid)
LANGUAGE plpgsql STABLE
SET search_path = jejaring, pg_catalog SET work_mem = '64MB' SET jit = off
SET parallel_setup_cost = 100 SET parallel_tuple_cost = 0.01
AS $$
#variable_conflict use_column
DECLARE
    day CONSTANT date := today();
BEGIN
    RETURN QUERY
    WITH taken AS (
        SELECT p.vacancy, count(*) AS seats, array_agg(p.started_on ORDER BY p.started_on) AS started
        FROM placement p
        WHERE p.vacancy IS NOT NULL AND p.started_on <= day
        GROUP BY p.vacancy
    ),
    stated AS (
        SELECT v.*, coalesce(t.seats, 0) AS seats,
            t.started[v.headcount] AS full_on, -- null: not all seats are known to be taken
            CASE WHEN t.started[v.headcount] <= CASE WHEN c.closed AND v.close_reason = 'withdrawn' THEN v.closed_on ELSE day END
                     THEN 'filled'
                 WHEN c.closed THEN v.close_reason
                 WHEN v.valid_until < day THEN 'expired'
                 ELSE 'open' END AS status, c.closed
        FROM vacancy v LEFT JOIN taken t USING (vacancy),
            LATERAL (SELECT coalesce(v.closed_on <= day AND NOT v.open, false) AS closed) AS c
        WHERE v.opened_on <= day AND in_region(v.region, $3)
    ),
    dated AS (
        SELECT s.*, CASE s.status WHEN 'open' THEN s.opened_on
            WHEN 'filled' THEN coalesce(s.full_on, s.closed_on)
            -- As the industry plugin says it: on the day behind the last one.
            ELSE CASE WHEN s.closed THEN s.closed_on ELSE s.valid_until + 1 END END AS status_on
        FROM stated s
    )
    SELECT s.region, r.name, s.employer, s.title, s.headcount, s.seats, s.status, s.status_on,
        s.opened_on, s.valid_until, s.kind, s.occupation, nullif(array_to_string(s.vocations, ', '), ''),
        s.requirements, s.wage_min, s.wage_max, s.location, s.disability_friendly, s.vacancy
    FROM dated s LEFT JOIN region r ON r.code = s.region
    WHERE (NOT coalesce($1, false) AND NOT coalesce($2, false)
            OR s.status = 'open' AND $1 OR s.status = 'filled' AND $2)
        AND (s.opened_on >= coalesce($4, '-infinity') AND s.opened_on <= coalesce($5, 'infinity')
            OR s.status_on >= coalesce($4, '-infinity') AND s.status_on <= coalesce($5, 'infinity'))
    ORDER BY s.region COLLATE "C", s.employer, s.opened_on, s.vacancy;
END $$;
COMMENT ON FUNCTION report_vacancies IS 'Vacancies with the fields that Perpres 57/2023 asks for, and what became of each; a period takes those that were opened, or came to their state, in it';

-- ---- Directory of alumni businesses -------------------------------------------------------------

-- Businesses that are open, of owners whose current consent names who searches. For `opd` (offices):
-- consent to `opd`, or to `public`, of which an office is a part; with the person key, by which an
-- office asks for the contact (REVEAL). For `public`: consent to `public`; no key. The columns are
-- those that schemas/events/business.registered.json shows to that audience.
DROP FUNCTION IF EXISTS report_directory(text, text, text, text);
CREATE FUNCTION report_directory(audience text, in_region text, in_vocation text, in_product text)
RETURNS TABLE (region text, region_name text, vocation text, product text, name text, kbli text,
    registered_on date, needs_marketing boolean, business uuid, person uuid)
LANGUAGE plpgsql STABLE
SET search_path = jejaring, pg_catalog SET work_mem = '64MB' SET jit = off
SET parallel_setup_cost = 100 SET parallel_tuple_cost = 0.01
AS $$
#variable_conflict use_column
DECLARE
    day CONSTANT date := today();
BEGIN
    RETURN QUERY
    SELECT b.region, r.name, b.vocation, b.product, b.name, b.kbli, b.registered_on,
        CASE WHEN $1 = 'opd' THEN b.needs_marketing END, b.business,
        CASE WHEN $1 = 'opd' THEN b.person END
    FROM business b LEFT JOIN region r ON r.code = b.region
    WHERE b.registered_on <= day
        AND (b.closed_time IS NULL OR b.registered_time > b.closed_time)
        AND EXISTS (SELECT FROM consent c WHERE c.person = b.person AND c.given
                AND c.audience = ANY (CASE WHEN $1 = 'opd' THEN '{opd,public}' ELSE '{public}' END::text[]))
        AND in_region(b.region, $2)
        AND ($3 IS NULL OR b.vocation = lower($3))
        AND ($4 IS NULL OR position(lower($4) IN lower(concat_ws(' ', b.product, b.name))) > 0)
    ORDER BY b.region COLLATE "C", b.vocation COLLATE "C" NULLS LAST, b.name, b.business;
END $$;
COMMENT ON FUNCTION report_directory IS 'Businesses of alumni who consent to be found, by skill and region; no contact';

-- ---- Orders of government offices ---------------------------------------------------------------

-- An order counts with what it cost when it was completed, before that with what it was to cost, in
-- the year when it was placed. Ordered from alumni: completed orders that name the alumnus.
DROP FUNCTION IF EXISTS report_orders(text, integer, text, integer);
CREATE FUNCTION report_orders(in_region text, in_year integer, in_opd text, small_share integer)
RETURNS TABLE (opd text, region text, region_name text, year integer, orders bigint, value numeric,
    completed bigint, alumni_orders bigint, alumni_value numeric, alumni_share numeric, target numeric,
    missing numeric, met boolean)
LANGUAGE plpgsql STABLE
SET search_path = jejaring, pg_catalog SET work_mem = '64MB' SET jit = off
SET parallel_setup_cost = 100 SET parallel_tuple_cost = 0.01
AS $$
#variable_conflict use_column
DECLARE
    day CONSTANT date := today();
BEGIN
    RETURN QUERY
    WITH counted AS (
        SELECT o.opd, o.region, extract(year FROM o.placed_on)::integer AS year, o.completed_on, o.person,
            coalesce(o.completed_value, o.value) AS value
        FROM service_order o
        WHERE o.placed_on <= day
    ),
    sums AS (
        SELECT c.opd, c.region, c.year, count(*) AS orders, sum(c.value) AS value,
            count(c.completed_on) AS completed, count(c.person) AS alumni_orders,
            coalesce(sum(c.value) FILTER (WHERE c.person IS NOT NULL), 0) AS alumni_value
        FROM counted c
        WHERE in_region(c.region, $1) AND ($2 IS NULL OR c.year = $2)
            AND ($3 IS NULL OR position(lower($3) IN lower(c.opd)) > 0)
        GROUP BY c.opd, c.region, c.year
    )
    SELECT s.opd, s.region, r.name, s.year, s.orders, s.value, s.completed, s.alumni_orders,
        s.alumni_value, s.alumni_value / nullif(s.value, 0), $4 / 100.0,
        greatest(0, ceil(s.value * $4 / 100) - s.alumni_value),
        s.alumni_value * 100 >= s.value * $4
    FROM sums s LEFT JOIN region r ON r.code = s.region
    ORDER BY s.region, s.opd, s.year;
END $$;
COMMENT ON FUNCTION report_orders IS 'Orders of government offices, and how much of their value went to alumni, against the share that small business is to have';

-- ---- Capital ------------------------------------------------------------------------------------

-- Each step counts on its own day, so that a period shows what was done in it. A loan is of the scheme
-- that its last step names.
DROP FUNCTION IF EXISTS report_capital(text, text, date, date);
CREATE FUNCTION report_capital(in_region text, in_scheme text, from_day date, to_day date)
RETURNS TABLE (region text, region_name text, scheme text, referred bigint, applied bigint,
    applied_amount numeric, approved bigint, approved_amount numeric, refused bigint,
    refused_amount numeric, disbursed bigint, disbursed_amount numeric, repaid_amount numeric,
    refusal_reasons text)
LANGUAGE plpgsql STABLE
SET search_path = jejaring, pg_catalog SET work_mem = '64MB' SET jit = off
SET parallel_setup_cost = 100 SET parallel_tuple_cost = 0.01
AS $$
#variable_conflict use_column
DECLARE
    day CONSTANT date := today();
BEGIN
    RETURN QUERY
    WITH period AS (SELECT coalesce($3, '-infinity') AS a, least(coalesce($4, 'infinity'), day) AS z),
    step AS (
        SELECT l.region, coalesce(l.disbursed_scheme, l.decided_scheme, l.applied_scheme, l.scheme) AS scheme,
            l.referred_on BETWEEN p.a AND p.z AS referred,
            l.applied_on BETWEEN p.a AND p.z AS applied, l.applied_amount,
            l.decided_on BETWEEN p.a AND p.z AND l.decision = 'approved' AS approved,
            l.decided_on BETWEEN p.a AND p.z AND l.decision = 'refused' AS refused,
            l.decided_amount, l.decision_reason,
            l.disbursed_on BETWEEN p.a AND p.z AS disbursed, l.disbursed_amount,
            0::bigint AS repaid
        FROM loan l, period p
        UNION ALL
        SELECT coalesce(l.region, i.region), coalesce(l.disbursed_scheme, l.decided_scheme, l.applied_scheme, l.scheme, i.scheme),
            false, false, NULL, false, false, NULL, NULL, false, NULL, i.amount
        FROM period p, loan_repayment i LEFT JOIN loan l ON l.person = i.person AND l.loan = i.loan
        WHERE i.repaid_on BETWEEN p.a AND p.z
    ),
    chosen AS (
        SELECT * FROM step s
        WHERE (s.referred OR s.applied OR s.approved OR s.refused OR s.disbursed OR s.repaid > 0)
            AND in_region(s.region, $1) AND ($2 IS NULL OR s.scheme = $2)
    ),
    reason AS (
        SELECT t.region, t.scheme,
            string_agg(format('%s (%s)', t.text, t.times), ', ' ORDER BY t.times DESC, t.text) AS reasons
        FROM (SELECT c.region, c.scheme, coalesce(c.decision_reason, 'tanpa alasan') AS text, count(*) AS times
              FROM chosen c WHERE c.refused GROUP BY 1, 2, 3) AS t
        GROUP BY t.region, t.scheme
    )
    SELECT s.region, r.name, s.scheme, s.referred, s.applied, s.applied_amount, s.approved, s.approved_amount,
        s.refused, s.refused_amount, s.disbursed, s.disbursed_amount, s.repaid_amount, w.reasons
    FROM (SELECT c.region, c.scheme, count(*) FILTER (WHERE c.referred) AS referred,
              count(*) FILTER (WHERE c.applied) AS applied,
              coalesce(sum(c.applied_amount) FILTER (WHERE c.applied), 0) AS applied_amount,
              count(*) FILTER (WHERE c.approved) AS approved,
              coalesce(sum(c.decided_amount) FILTER (WHERE c.approved), 0) AS approved_amount,
              count(*) FILTER (WHERE c.refused) AS refused,
              coalesce(sum(c.decided_amount) FILTER (WHERE c.refused), 0) AS refused_amount,
              count(*) FILTER (WHERE c.disbursed) AS disbursed,
              coalesce(sum(c.disbursed_amount) FILTER (WHERE c.disbursed), 0) AS disbursed_amount,
              sum(c.repaid) AS repaid_amount
          FROM chosen c GROUP BY c.region, c.scheme) AS s
        LEFT JOIN region r ON r.code = s.region
        LEFT JOIN reason w ON w.region = s.region AND w.scheme = s.scheme
    ORDER BY s.region, array_position('{kur_super_mikro,kur_mikro,kur_kecil,other}', s.scheme);
END $$;
COMMENT ON FUNCTION report_capital IS 'Loans by region and scheme: referred, applied for, approved, refused with the lenders'' reasons, disbursed, repaid';

-- The candidate file for banks: referrals that nobody has applied for yet, of open businesses that
-- still look for capital, whose owner's current consent names `capital`. The columns are those that
-- the schemas of business.registered and loan.referred show to the audience `capital`.
DROP FUNCTION IF EXISTS report_candidates(text, text);
CREATE FUNCTION report_candidates(in_region text, in_scheme text)
RETURNS TABLE (region text, region_name text, scheme text, amount bigint, reasons text, referred_on date,
    name text, product text, vocation text, kbli text, nib text, registered_on date,
    amount_needed bigint, business uuid, person uuid)
LANGUAGE plpgsql STABLE
SET search_path = jejaring, pg_catalog SET work_mem = '64MB' SET jit = off
SET parallel_setup_cost = 100 SET parallel_tuple_cost = 0.01
AS $$
#variable_conflict use_column
DECLARE
    day CONSTANT date := today();
BEGIN
    RETURN QUERY
    SELECT l.referred_region, r.name, l.scheme, l.referred_amount, nullif(array_to_string(l.reasons, ', '), ''),
        l.referred_on, b.name, b.product, b.vocation, b.kbli, b.nib, b.registered_on, b.amount_needed,
        b.business, b.person
    FROM loan l
        JOIN business b ON b.person = l.person AND b.business = l.business
        LEFT JOIN region r ON r.code = l.referred_region
    WHERE l.referred_on <= day AND b.needs_capital
        AND (b.closed_time IS NULL OR b.registered_time > b.closed_time)
        -- Said of this loan alone first: most of what was referred long ago is over.
        AND (greatest(l.applied_on, l.decided_on, l.disbursed_on) >= l.referred_on) IS NOT TRUE
        AND EXISTS (SELECT FROM consent c WHERE c.person = l.person AND c.audience = 'capital' AND c.given)
        AND NOT EXISTS (SELECT FROM loan a WHERE a.person = l.person
                AND greatest(a.applied_on, a.decided_on, a.disbursed_on) >= l.referred_on)
        AND in_region(l.referred_region, $1) AND ($2 IS NULL OR l.scheme = $2)
    ORDER BY l.referred_region, l.scheme, l.referred_on, b.business;
END $$;
COMMENT ON FUNCTION report_candidates IS 'Businesses referred to lenders, with what a lender may see of them and their owners'' consent';
