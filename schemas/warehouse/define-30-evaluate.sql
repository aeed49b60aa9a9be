-- A state is a number of four digits: status (1 employed, 2 self_employed, 3 unemployed, 4 studying,
-- 5 not_seeking), formal (1 yes, 2 no, 0 not told), witness (1 employer, 2 cooperative, 3 bank, 4 opd,
-- 5 self, 0 none) and placed (1 or 0). An entry of a history is the number of its day, times 10000,
-- plus the state that holds from then on; so the state on any day is one binary search away. Infinity is
-- no number of a day: the last day that an event can name stands for it.
CREATE OR REPLACE FUNCTION history_key(day date) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (least(day, DATE '9999-12-31') - DATE '0001-01-01') * 10000::bigint;
COMMENT ON FUNCTION history_key IS 'What an entry of that day in a history begins with';

CREATE OR REPLACE FUNCTION state_on(history bigint[], day date) RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (history[width_bucket(history_key(day) + 9999, history)] % 10000)::smallint;
COMMENT ON FUNCTION state_on IS 'State on a day: of the last entry up to it; null: untraced then';

CREATE OR REPLACE FUNCTION entry_day(entry bigint) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN DATE '0001-01-01' + (entry / 10000)::integer;
COMMENT ON FUNCTION entry_day IS 'Day of an entry of a history';

CREATE OR REPLACE FUNCTION state_status(state smallint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ('{employed,self_employed,unemployed,studying,not_seeking}'::text[])[state / 1000];
COMMENT ON FUNCTION state_status IS 'Status of a state';

CREATE OR REPLACE FUNCTION state_formal(state smallint) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE state / 100 % 10 WHEN 1 THEN true WHEN 2 THEN false END;
COMMENT ON FUNCTION state_formal IS 'Formality of a state; null: not told, or not working';

CREATE OR REPLACE FUNCTION state_witness(state smallint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ('{employer,cooperative,bank,opd,self}'::text[])[state / 10 % 10];
COMMENT ON FUNCTION state_witness IS 'Witness of a state';

CREATE OR REPLACE FUNCTION state_placed(state smallint) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(state % 10 = 1, false);
COMMENT ON FUNCTION state_placed IS 'Whether the person had begun work at an employer that said so';

DROP FUNCTION IF EXISTS learn(uuid[]);

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
--
-- With `learning` also when what was learnt, of everything that was ever told (else these columns are
-- null): known_from, learnt_at, learnt_of and jumbled of jejaring.standing.
--
--   At a moment, everything is known of the days before the earliest day of which anything is learnt
--   later (learnt_of). If nothing of that day or later is known yet, then what is known is the whole
--   history up to the day before it, cut off there. Else it is jumbled: only an evaluation with what
--   was known then can tell. So it is, too, if the graduation itself is told otherwise later, or if
--   that day is not behind it: a job that began before graduation shows in the history by what came of
--   it later. Every version of a claim tells of the earliest day that any version of it has.
--
-- One function for both: what it reads of a person lies scattered over large tables, and is read once.
CREATE OR REPLACE FUNCTION evaluate_and_learn(
    persons uuid[], as_of date, known_at timestamptz, learning boolean)
RETURNS TABLE (
    person uuid, year integer, vocation text, batch text, region text, funding text, sex text,
    disability boolean, digital_marketing boolean, graduated_on date, several boolean,
    ahead boolean, worked_on date, history bigint[], state smallint, state_6m smallint,
    state_12m smallint, known_from timestamptz, learnt_at timestamptz[], learnt_of date[],
    jumbled boolean[])
LANGUAGE plpgsql STABLE PARALLEL SAFE
-- Made for any number of persons: those are looked up by index, everything else is hashed or sorted.
SET enable_nestloop = off SET enable_seqscan = off SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
#variable_conflict use_column
BEGIN
RETURN QUERY WITH
-- ---- What was told: every version of each graduation and of each fact.
version AS MATERIALIZED (
    SELECT a.person, a.year, a.vocation, a.batch, a.region, a.funding, a.sex, a.disability,
        'digital_marketing' = ANY (a.extras) AS digital_marketing, a.graduated_on, a.recorded,
        a.time, a.event_key, true AS current
    FROM alumni a WHERE a.person = ANY (persons)
    UNION ALL
    SELECT a.person, a.year, a.vocation, a.batch, a.region, a.funding, a.sex, a.disability,
        'digital_marketing' = ANY (a.extras), a.graduated_on, a.recorded, a.time, a.event_key, false
    FROM alumni_version a
    WHERE (learning OR known_at < 'infinity') AND a.person = ANY (persons)
),
claim AS MATERIALIZED (
    SELECT * FROM evidence e WHERE e.person = ANY (persons) AND (learning OR e.recorded <= known_at)
),
-- ---- What was known of it at known_at: the latest version of each.
known_graduation AS (
    SELECT DISTINCT ON (v.person, v.year, v.vocation, v.batch) v.*
    FROM version v WHERE v.recorded <= known_at
    ORDER BY v.person, v.year, v.vocation, v.batch, v.time DESC, v.event_key DESC
),
graduation AS MATERIALIZED (
    SELECT *, row_number() OVER () AS nr, count(*) OVER same_person > 1 AS several,
        max(recorded) OVER same_person AS recorded_all,
        max(graduated_on) OVER same_person AS graduated_all
    FROM known_graduation WHERE graduated_on <= as_of
    WINDOW same_person AS (PARTITION BY person)
),
fact AS MATERIALIZED (
    SELECT DISTINCT ON (c.person, c.fact) c.*
    FROM claim c WHERE c.recorded <= known_at
    ORDER BY c.person, c.fact, c.time DESC, c.event_key DESC
),
-- ---- What became of it.
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
counting AS MATERIALIZED (
    SELECT g.nr, greatest(o.on_date, g.graduated_on) AS from_on, o.until, o.packed,
        o.status IN ('employed', 'self_employed') AS works,
        coalesce(o.status = 'employed' AND o.witness = 'employer', false) AS places
    FROM graduation g
        JOIN ordered o ON o.person = g.person
            AND (o.on_date >= g.graduated_on OR (o.spell AND (o.until IS NULL OR o.until > g.graduated_on)))
),
-- The state changes on days with evidence only: an end is evidence, too.
changed AS (
    SELECT d.nr, d.from_on, bool_or(c.places) AS placed,
        max(c.packed) FILTER (WHERE c.until IS NULL OR c.until > d.from_on) AS packed
    FROM (SELECT DISTINCT nr, from_on FROM counting) AS d
        JOIN counting c ON c.nr = d.nr AND c.from_on <= d.from_on
    GROUP BY d.nr, d.from_on
),
told AS (
    SELECT nr, array_agg(history_key(from_on) + coalesce(packed % 1000, 300) * 10 + placed::integer
                         ORDER BY from_on) AS history
    FROM changed GROUP BY nr
),
began AS (
    SELECT nr, min(from_on) AS worked_on FROM counting WHERE works AND from_on <= as_of GROUP BY nr
),
-- ---- When it was learnt.
first_told AS MATERIALIZED (
    SELECT v.person, v.year, v.vocation, v.batch, row_number() OVER () AS nr,
        min(v.recorded) AS known_from, min(v.graduated_on) AS first_on,
        min(v.graduated_on) FILTER (WHERE v.current) AS graduated_on, count(*) > 1 AS told_again
    FROM version v WHERE learning
    GROUP BY v.person, v.year, v.vocation, v.batch
),
moment AS (
    SELECT m.nr, m.recorded, min(m.of_day) AS of_day, max(m.on_date) AS on_date, bool_or(m.anew) AS anew
    FROM (SELECT g.nr, c.recorded, c.of_day, c.on_date, false AS anew
          FROM first_told g
              JOIN (SELECT e.person, e.recorded, e.on_date,
                        min(e.on_date) OVER (PARTITION BY e.person, e.fact) AS of_day
                    FROM claim e WHERE learning) AS c USING (person)
          UNION ALL
          SELECT g.nr, v.recorded, g.first_on, NULL, true
          FROM first_told g JOIN version v USING (person, year, vocation, batch)
          WHERE g.told_again AND v.recorded > g.known_from) AS m
    GROUP BY m.nr, m.recorded
),
learnt AS (
    SELECT m.nr, m.recorded, min(m.of_day) OVER from_then AS of_day, bool_or(m.anew) OVER from_then AS anew,
        max(m.on_date) OVER (PARTITION BY m.nr ORDER BY m.recorded ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
            AS known_of
    FROM moment m
    WINDOW from_then AS (PARTITION BY m.nr ORDER BY m.recorded DESC)
),
judged AS (
    SELECT t.nr, t.recorded, t.of_day,
        t.anew OR coalesce(t.known_of >= t.of_day OR t.known_of IS NOT NULL AND t.of_day <= g.graduated_on, false) AS jumbled
    FROM learnt t JOIN first_told g USING (nr)
    WHERE t.recorded > g.known_from
),
-- Moments that tell the same as the next one say nothing.
step AS (
    SELECT j.nr, j.recorded, j.of_day, j.jumbled,
        (j.of_day, j.jumbled) IS DISTINCT FROM (lead(j.of_day) OVER n, lead(j.jumbled) OVER n) AS last
    FROM judged j WINDOW n AS (PARTITION BY j.nr ORDER BY j.recorded)
),
learnt_in_steps AS (
    SELECT s.nr, array_agg(s.recorded ORDER BY s.recorded) AS learnt_at,
        array_agg(s.of_day ORDER BY s.recorded) AS learnt_of,
        CASE WHEN bool_or(s.jumbled) THEN array_agg(s.jumbled ORDER BY s.recorded) END AS jumbled
    FROM step s WHERE s.last GROUP BY s.nr
),
learning_of AS (
    SELECT g.person, g.year, g.vocation, g.batch, g.known_from, coalesce(t.learnt_at, '{}') AS learnt_at,
        coalesce(t.learnt_of, '{}') AS learnt_of, t.jumbled
    FROM first_told g LEFT JOIN learnt_in_steps t USING (nr)
)
SELECT g.person, g.year, g.vocation, g.batch, g.region, g.funding, g.sex, g.disability,
    g.digital_marketing, g.graduated_on, g.several,
    greatest(g.graduated_all, f.last_on) > (greatest(g.recorded_all, f.recorded) AT TIME ZONE 'UTC')::date,
    w.worked_on, coalesce(t.history, '{}'), state_on(t.history, as_of),
    state_on(t.history, least(as_of, (g.graduated_on + interval '6 months')::date)),
    state_on(t.history, least(as_of, (g.graduated_on + interval '12 months')::date)),
    l.known_from, l.learnt_at, l.learnt_of, l.jumbled
FROM graduation g
    LEFT JOIN told t USING (nr)
    LEFT JOIN began w USING (nr)
    LEFT JOIN bounds f ON f.person = g.person
    LEFT JOIN learning_of l ON l.person = g.person AND l.year = g.year AND l.vocation = g.vocation
        AND l.batch = g.batch;
END $$;
COMMENT ON FUNCTION evaluate_and_learn IS 'What jejaring.evaluate() tells and, with `learning`, when what was learnt';

CREATE OR REPLACE FUNCTION evaluate(persons uuid[], as_of date, known_at timestamptz)
RETURNS TABLE (
    person uuid, year integer, vocation text, batch text, region text, funding text, sex text,
    disability boolean, digital_marketing boolean, graduated_on date, several boolean,
    ahead boolean, worked_on date, history bigint[], state smallint, state_6m smallint,
    state_12m smallint)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT person, year, vocation, batch, region, funding, sex, disability, digital_marketing, graduated_on,
        several, ahead, worked_on, history, state, state_6m, state_12m
    FROM evaluate_and_learn($1, $2, $3, false)
$$;
COMMENT ON FUNCTION evaluate IS 'Where the graduations of these persons stand: on as_of and 6 and 12 months after graduation, with what was known at known_at';
