-- Who reports, and who does not. Counters only (jejaring.arrival): anybody who may read reports may
-- see them for every region, so the functions run with the rights of the owner.

-- The first due date behind a day. A calendar has one in every so many months, counted from January,
-- on the same day of the month; a month that is too short has it on its last day.
CREATE OR REPLACE FUNCTION due_after(day date, due_day integer, every_months integer) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT min(d) FROM (
        SELECT least(m + due_day - 1, (m + interval '1 month')::date - 1) AS d
        FROM generate_series(0, every_months) AS n,
            LATERAL (SELECT (date_trunc('month', day) + n * interval '1 month')::date) AS month (m)
        WHERE (extract(month FROM m)::integer - 1) % every_months = 0) AS dates
    WHERE d > day);
COMMENT ON FUNCTION due_after IS 'First due date of a reporting calendar after a day';

-- One row for each regency of the province (null: of every province of which anything is known).
--
-- What this node itself says of a region (node '*') is no report of it.
--
--   reported_on   the last day on which a hub recorded an event of it; null: never
--   missed_on     the first due date before which nothing more had come; null: none
--   late_days     days since then
--   this_month, last_month   events recorded in the month of as_of, and in the one before
--   usual         median of up to twelve months before those; null: it has not reported so long
--   by_month      the twelve months up to this one, the earliest first
DROP VIEW IF EXISTS completeness;
DROP FUNCTION IF EXISTS completeness_on(text, date, integer, integer);
CREATE FUNCTION completeness_on(
    province text DEFAULT NULL, as_of date DEFAULT NULL, due_day integer DEFAULT 10,
    every_months integer DEFAULT 1)
RETURNS TABLE (
    region text, name text, nodes text[], state text, reported_on date, missed_on date,
    late_days integer, events bigint, this_month bigint, last_month bigint, usual numeric,
    by_month bigint[])
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = jejaring, pg_catalog, pg_temp SET work_mem = '64MB' SET jit = off SET parallel_setup_cost = 100
AS $$
#variable_conflict use_column
DECLARE
    wanted CONSTANT text := province;
    today CONSTANT date := coalesce(as_of, today());
    month CONSTANT date := date_trunc('month', today)::date;
BEGIN
    IF due_day NOT BETWEEN 1 AND 31 OR every_months NOT IN (1, 2, 3, 4, 6, 12) THEN
        RAISE EXCEPTION 'completeness: the day is 1 to 31, the months 1, 2, 3, 4, 6 or 12'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN QUERY
    WITH asked AS MATERIALIZED (
        SELECT r.code FROM region r
        WHERE wanted IS NULL OR wanted IN (r.code, r.province_code)
    ),
    by_node AS (
        SELECT a.region, a.node, sum(a.events) AS n, min(a.day) AS first_on, max(a.day) AS last_on
        FROM arrival a
        WHERE a.node <> '*' AND a.day <= today AND (wanted IS NULL OR a.region = ANY (ARRAY(SELECT code FROM asked)))
        GROUP BY 1, 2
    ),
    told AS MATERIALIZED (
        SELECT k.region, min(k.first_on) AS first_on, max(k.last_on) AS last_on, sum(k.n)::bigint AS n,
            array_agg(k.node ORDER BY k.node) FILTER (WHERE k.node <> '') AS nodes
        FROM by_node k GROUP BY 1
    ),
    -- The months that anything below looks at.
    by_month AS MATERIALIZED (
        SELECT a.region, date_trunc('month', a.day::timestamp)::date AS m, sum(a.events)::bigint AS n
        FROM arrival a
        WHERE a.node <> '*' AND a.day BETWEEN (month - interval '13 months')::date AND today
            AND (wanted IS NULL OR a.region = ANY (ARRAY(SELECT code FROM asked)))
        GROUP BY 1, 2
    ),
    -- The months before the last one, from the first report on; one without events counts as none.
    usually AS (
        SELECT f.region, percentile_cont(0.5) WITHIN GROUP (ORDER BY coalesce(b.n, 0)) AS n
        FROM told f
            CROSS JOIN LATERAL generate_series(
                greatest(date_trunc('month', f.first_on::timestamp), month - interval '13 months'),
                month - interval '2 months', interval '1 month') AS s (m)
            LEFT JOIN by_month b ON b.region = f.region AND b.m = s.m::date
        GROUP BY 1
    ),
    -- The last twelve months of each.
    lately AS (
        SELECT c.code AS region, array_agg(coalesce(b.n, 0) ORDER BY s.m) AS by_month
        FROM asked c CROSS JOIN generate_series(month - interval '11 months', month, '1 month') AS s (m)
            LEFT JOIN by_month b ON b.region = c.code AND b.m = s.m::date
        GROUP BY 1
    )
    SELECT r.code, r.name, coalesce(t.nodes, '{}'),
        CASE WHEN t.last_on IS NULL THEN 'never' WHEN d.missed < today THEN 'late' ELSE 'reported' END,
        t.last_on, CASE WHEN d.missed < today THEN d.missed END,
        CASE WHEN d.missed < today THEN today - d.missed END, coalesce(t.n, 0),
        l.by_month[12], l.by_month[11], round(u.n::numeric, 1), l.by_month
    FROM region r
        JOIN lately l ON l.region = r.code
        LEFT JOIN told t ON t.region = r.code
        LEFT JOIN usually u ON u.region = r.code
        CROSS JOIN LATERAL (SELECT due_after(due_after(t.last_on - 1, due_day, every_months),
                                  due_day, every_months)) AS d (missed)
    WHERE r.level <> 'province'
        AND CASE WHEN wanted IS NULL
            THEN r.province_code IN (SELECT split_part(region, '.', 1) FROM told)
            ELSE wanted IN (r.code, r.province_code) END
    ORDER BY r.code;
END $$;
COMMENT ON FUNCTION completeness_on IS 'Which regencies have reported until a day, which are late by the reporting calendar, and which never did';

CREATE OR REPLACE VIEW completeness AS SELECT * FROM jejaring.completeness_on();
COMMENT ON VIEW completeness IS 'Who has reported and who has not, today, by a calendar with the 10th of every month; jejaring.completeness_on() takes another one';
COMMENT ON COLUMN completeness.region IS 'Regency or city';
COMMENT ON COLUMN completeness.name IS 'Its name';
COMMENT ON COLUMN completeness.nodes IS 'Nodes through which its events came; empty: directly';
COMMENT ON COLUMN completeness.state IS 'reported, late, or never';
COMMENT ON COLUMN completeness.reported_on IS 'Last day on which an event of it was recorded; null: never';
COMMENT ON COLUMN completeness.missed_on IS 'First due date before which nothing more had come; null: none';
COMMENT ON COLUMN completeness.late_days IS 'Days since then';
COMMENT ON COLUMN completeness.events IS 'All of its events';
COMMENT ON COLUMN completeness.this_month IS 'Those recorded in this month';
COMMENT ON COLUMN completeness.last_month IS 'Those recorded in the month before';
COMMENT ON COLUMN completeness.by_month IS 'Events recorded in each of the twelve months up to this one, the earliest first';
COMMENT ON COLUMN completeness.usual IS 'Median of up to twelve months before those';

-- A day as Indonesians write it.
CREATE OR REPLACE FUNCTION day_in_words(day date) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN concat_ws(' ', extract(day FROM day),
    ('{Januari,Februari,Maret,April,Mei,Juni,Juli,Agustus,September,Oktober,November,Desember}'::text[])[extract(month FROM day)],
    extract(year FROM day));
COMMENT ON FUNCTION day_in_words IS 'A day in Indonesian words: 3 Agustus 2026';

-- The report: what is missing comes first. `nodes` is what the hub knows of the nodes below it (STATUS),
-- null if nobody asked: contact and gaps are of now, and so left out of a report of another day.
DROP FUNCTION IF EXISTS report_completeness(text, date, integer, integer, jsonb);
CREATE FUNCTION report_completeness(
    in_region text, as_of date, due_day integer, every_months integer, nodes jsonb)
RETURNS TABLE (region text, region_name text, status text, reported_on date, contact text,
    late_days integer, this_month bigint, last_month bigint, usual numeric, gaps bigint,
    state text, missed_on date, events bigint, by_month text, node_names text)
LANGUAGE sql STABLE
SET search_path = jejaring, pg_catalog
AS $$
    WITH node AS (
        SELECT n ->> 'name' AS name, (n ->> 'contact')::timestamptz AS contact,
            jsonb_array_length(n -> 'gaps') AS gaps, r.region
        FROM jsonb_array_elements(CASE WHEN as_of IS NULL THEN nodes END) AS n,
            jsonb_array_elements_text(n -> 'regions') AS r (region)
    ),
    reported AS MATERIALIZED (
        SELECT * FROM completeness_on(in_region, as_of, due_day, every_months)
    ),
    by_region AS (
        SELECT c.region, max(n.contact) AS contact, sum(n.gaps)::bigint AS gaps,
            string_agg(n.name, ', ' ORDER BY n.name) AS names
        FROM reported c
            JOIN node n ON n.region IN (c.region, split_part(c.region, '.', 1), '*')
        GROUP BY c.region
    )
    SELECT c.region, c.name,
        CASE c.state WHEN 'never' THEN 'belum pernah lapor'
            WHEN 'late' THEN 'belum lapor sejak ' || day_in_words(c.reported_on)
            ELSE 'sudah lapor' END
        || CASE WHEN n.gaps > 0 THEN '; ada kejadian yang belum sampai' ELSE '' END,
        c.reported_on, to_char(n.contact AT TIME ZONE 'Asia/Jakarta', 'YYYY-MM-DD HH24:MI'),
        c.late_days, c.this_month, c.last_month, c.usual, n.gaps, c.state, c.missed_on, c.events,
        array_to_string(c.by_month, ' '), coalesce(n.names, nullif(array_to_string(c.nodes, ', '), ''))
    FROM reported c
        LEFT JOIN by_region n ON n.region = c.region
    ORDER BY array_position('{never,late,reported}', c.state), c.late_days DESC, c.region
$$;
COMMENT ON FUNCTION report_completeness IS 'Who has not reported, by a reporting calendar, with what the hub knows of the nodes below it';

-- What stands behind a figure of a province: of how many of its regencies anything is known.
CREATE OR REPLACE FUNCTION reported_regions(as_of date DEFAULT NULL)
RETURNS TABLE (province text, name text, regencies bigint, reported bigint, missing text[])
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = jejaring, pg_catalog, pg_temp
AS $$
    WITH told AS (
        SELECT DISTINCT a.region FROM arrival a WHERE a.node <> '*' AND a.day <= coalesce(as_of, today())
    )
    SELECT p.code, p.name, count(*), count(t.region),
        array_agg(r.name ORDER BY r.code) FILTER (WHERE t.region IS NULL)
    FROM region p
        JOIN region r ON r.province_code = p.code AND r.level <> 'province'
        LEFT JOIN told t ON t.region = r.code
    WHERE p.level = 'province' AND p.code IN (SELECT split_part(told.region, '.', 1) FROM told)
    GROUP BY p.code, p.name
    ORDER BY p.code
$$;
COMMENT ON FUNCTION reported_regions IS 'For each province of which anything is known: how many of its regencies have reported until a day, and which have not';
