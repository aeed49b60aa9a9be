-- The parts of a packed claim (see `ordered` in jejaring.evaluate).
CREATE OR REPLACE FUNCTION unpack_status(packed bigint, traced boolean) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN packed IS NOT NULL
    THEN ('{employed,self_employed,unemployed,studying,not_seeking}'::text[])[packed / 100 % 10]
    WHEN traced THEN 'unemployed' END;
COMMENT ON FUNCTION unpack_status IS 'Status of a packed claim; without one, unemployed if the person is traced';

CREATE OR REPLACE FUNCTION unpack_formal(packed bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE packed / 10 % 10 WHEN 1 THEN true WHEN 2 THEN false END;
COMMENT ON FUNCTION unpack_formal IS 'Formality of a packed claim';

CREATE OR REPLACE FUNCTION unpack_witness(packed bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ('{employer,cooperative,bank,opd,self}'::text[])[packed % 10];
COMMENT ON FUNCTION unpack_witness IS 'Witness of a packed claim';

-- What became of each graduate: the one definition of a person's status. README.md explains it.
--
-- For each graduation of the persons asked for, with what was known at known_at: the status on the
-- day as_of, 6 and 12 months after graduation (never later than as_of).
--
--   A claim (placement, business, order, loan, survey) holds from its day on, until an end takes it
--   back. The status on a day is that of the latest claim that holds on it; on the same day what an
--   agency confirms goes before the graduate's own word, then the later event before the earlier.
--   Claims that have all been taken back leave a person traced, and unemployed. No evidence at all
--   leaves a person untraced (status null).
CREATE OR REPLACE FUNCTION evaluate(persons uuid[], as_of date, known_at timestamptz)
RETURNS TABLE (
    person uuid, year integer, vocation text, batch text, region text, funding text, sex text,
    disability boolean, digital_marketing boolean, graduated_on date, several boolean,
    ahead boolean, settled_on date, recorded timestamptz, worked_on date,
    status text, formal boolean, witness text, placed boolean,
    status_6m text, formal_6m boolean, witness_6m text, placed_6m boolean,
    status_12m text, formal_12m boolean, witness_12m text, placed_12m boolean)
LANGUAGE plpgsql STABLE
-- Made for any number of persons: those are looked up by index, everything else is hashed or sorted.
SET enable_nestloop = off SET enable_seqscan = off SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
#variable_conflict use_column
BEGIN
RETURN QUERY WITH
-- Of each graduation the version that was known.
known_graduation AS (
    SELECT DISTINCT ON (v.person, v.year, v.vocation, v.batch) v.*
    FROM (
        SELECT a.person, a.year, a.vocation, a.batch, a.region, a.funding, a.sex, a.disability,
            'digital_marketing' = ANY (a.extras) AS digital_marketing, a.graduated_on, a.recorded,
            a.time, a.event_key
        FROM alumni a WHERE a.person = ANY (persons) AND a.recorded <= known_at
        UNION ALL
        SELECT a.person, a.year, a.vocation, a.batch, a.region, a.funding, a.sex, a.disability,
            'digital_marketing' = ANY (a.extras), a.graduated_on, a.recorded, a.time, a.event_key
        FROM alumni_version a
        WHERE known_at < 'infinity' AND a.person = ANY (persons) AND a.recorded <= known_at) AS v
    ORDER BY v.person, v.year, v.vocation, v.batch, v.time DESC, v.event_key DESC
),
graduation AS MATERIALIZED (
    SELECT *, row_number() OVER () AS nr, count(*) OVER same_person > 1 AS several,
        max(recorded) OVER same_person AS recorded_all,
        max(graduated_on) OVER same_person AS graduated_all
    FROM known_graduation WHERE graduated_on <= as_of
    WINDOW same_person AS (PARTITION BY person)
),
-- Of each fact the version that was known.
fact AS MATERIALIZED (
    SELECT DISTINCT ON (e.person, e.fact) e.*
    FROM evidence e
    WHERE e.person = ANY (persons) AND e.recorded <= known_at
    ORDER BY e.person, e.fact, e.time DESC, e.event_key DESC
),
-- Which end takes back which spell. An end names a vacancy, an employer, both or neither: it takes
-- back what agrees best with it (3 the vacancy, 2 the employer, 1 nothing comparable), and on its
-- own day only what has no earlier match, so that a new job may begin on the day an old one ends.
paired AS (
    SELECT s.person, s.event_key, x.on_date,
        rank() OVER (PARTITION BY x.person, x.event_key
                     ORDER BY l.level DESC, (s.on_date < x.on_date) DESC) AS place
    FROM fact x
        JOIN fact s ON s.person = x.person AND s.track = x.track AND s.spell
            AND s.on_date <= x.on_date,
        LATERAL (SELECT CASE
            WHEN s.post IS NOT NULL AND x.post IS NOT NULL THEN CASE WHEN s.post = x.post THEN 3 END
            WHEN s.employer IS NOT NULL AND x.employer IS NOT NULL
                THEN CASE WHEN s.employer = x.employer THEN 2 END
            ELSE 1 END) AS l (level)
    WHERE x.ends AND l.level IS NOT NULL
),
-- It also takes back every claim of one day (survey, order, loan) of its track up to its day.
ended AS (
    SELECT person, event_key, min(on_date) AS until FROM (
        SELECT person, event_key, on_date FROM paired WHERE place = 1
        UNION ALL
        SELECT s.person, s.event_key, x.on_date
        FROM fact x JOIN fact s ON s.person = x.person AND s.track = x.track AND NOT s.spell
            AND s.status IS NOT NULL AND s.on_date <= x.on_date
        WHERE x.ends) AS both_kinds
    GROUP BY person, event_key
),
-- nr puts a person's evidence in order, latest last. `packed` carries that order and what the
-- claim says in one number, so that the latest claim under any condition is a plain maximum.
ordered AS MATERIALIZED (
    SELECT f.person, f.on_date, f.status, f.witness, f.ends, f.spell, u.until,
        row_number() OVER (PARTITION BY f.person
            ORDER BY f.on_date, f.witness <> 'self', f.time, f.event_key) * 1000
        + array_position('{employed,self_employed,unemployed,studying,not_seeking}', f.status) * 100
        + CASE WHEN f.formal THEN 10 WHEN NOT f.formal THEN 20 ELSE 0 END
        + array_position('{employer,cooperative,bank,opd,self}', f.witness) AS packed
    FROM fact f LEFT JOIN ended u USING (person, event_key)
    WHERE f.status IS NOT NULL OR f.ends
),
bounds AS (
    SELECT person, max(on_date) AS last_on, max(recorded) AS recorded FROM fact GROUP BY person
),
-- Evidence from before the graduation does not count, unless it is a job or a business that was
-- still going on then.
judged AS (
    SELECT g.nr,
        min(greatest(o.on_date, g.graduated_on))
            FILTER (WHERE o.on_date <= as_of AND o.status IN ('employed', 'self_employed')) AS worked_on,
        bool_or(o.on_date <= as_of) AS traced,
        bool_or(o.on_date <= d.m6) AS traced_6m,
        bool_or(o.on_date <= d.m12) AS traced_12m,
        max(o.packed) FILTER (WHERE o.on_date <= as_of AND (o.until IS NULL OR o.until > as_of)) AS packed,
        max(o.packed) FILTER (WHERE o.on_date <= d.m6 AND (o.until IS NULL OR o.until > d.m6)) AS packed_6m,
        max(o.packed) FILTER (WHERE o.on_date <= d.m12 AND (o.until IS NULL OR o.until > d.m12)) AS packed_12m,
        bool_or(o.on_date <= as_of AND o.status = 'employed' AND o.witness = 'employer') AS placed,
        bool_or(o.on_date <= d.m6 AND o.status = 'employed' AND o.witness = 'employer') AS placed_6m,
        bool_or(o.on_date <= d.m12 AND o.status = 'employed' AND o.witness = 'employer') AS placed_12m
    FROM graduation g
        JOIN ordered o ON o.person = g.person
            AND (o.on_date >= g.graduated_on OR (o.spell AND (o.until IS NULL OR o.until > g.graduated_on))),
        LATERAL (SELECT least(as_of, (g.graduated_on + interval '6 months')::date),
                        least(as_of, (g.graduated_on + interval '12 months')::date)) AS d (m6, m12)
    GROUP BY g.nr
)
SELECT g.person, g.year, g.vocation, g.batch, g.region, g.funding, g.sex, g.disability,
    g.digital_marketing, g.graduated_on, g.several,
    b.settled_on > (b.recorded AT TIME ZONE 'UTC')::date, b.settled_on, b.recorded, j.worked_on,
    unpack_status(j.packed, j.traced), unpack_formal(j.packed), unpack_witness(j.packed),
    coalesce(j.placed, false),
    unpack_status(j.packed_6m, j.traced_6m), unpack_formal(j.packed_6m),
    unpack_witness(j.packed_6m), coalesce(j.placed_6m, false),
    unpack_status(j.packed_12m, j.traced_12m), unpack_formal(j.packed_12m),
    unpack_witness(j.packed_12m), coalesce(j.placed_12m, false)
FROM graduation g
    LEFT JOIN judged j USING (nr)
    LEFT JOIN bounds f ON f.person = g.person,
    LATERAL (SELECT greatest(g.graduated_all, f.last_on), greatest(g.recorded_all, f.recorded))
        AS b (settled_on, recorded);
END $$;
COMMENT ON FUNCTION evaluate IS 'Where the graduations of these persons stand: on as_of and 6 and 12 months after graduation, with what was known at known_at';
