-- Keeping the derived tables: settle() after a batch, ingest() for the whole of a batch, rebuild()
-- and verify() for everything.

-- Brings jejaring.standing and the counters up to date for these persons. What changes in the
-- counters is the difference between the rows before and after, so they never drift. A rebuild counts
-- once, at its end: see count_cells().
CREATE OR REPLACE FUNCTION settle(persons uuid[], counting boolean DEFAULT true) RETURNS void
LANGUAGE plpgsql
SET enable_nestloop = off -- as evaluate_and_learn()
AS $$
BEGIN
    IF cardinality(persons) = 0 THEN
        RETURN;
    END IF;
    WITH stale AS MATERIALIZED (
        SELECT * FROM standing s WHERE s.person = ANY (persons)
    ),
    -- The steps, certified_on and proposed_on, stay what they are: settle_steps() sees to them.
    fresh AS MATERIALIZED (
        SELECT e.*, state_status(e.state) AS status, state_formal(e.state) AS formal,
            state_witness(e.state) AS witness, state_placed(e.state) AS placed,
            s.certified_on, s.proposed_on
        FROM evaluate_and_learn(persons, 'infinity', 'infinity', true) e
            LEFT JOIN stale s USING (person, year, vocation, batch)
    ),
    -- A person with several graduations in one cell counts there with the last of them.
    part AS (
        SELECT DISTINCT ON (sign, region, year, person) *
        FROM (
            SELECT 1 AS sign, f.region, f.year, f.person, f.graduated_on, f.vocation, f.batch,
                f.status, f.formal, f.witness, f.placed
            FROM fresh f WHERE NOT f.ahead
            UNION ALL
            SELECT -1, s.region, s.year, s.person, s.graduated_on, s.vocation, s.batch,
                s.status, s.formal, s.witness, s.placed
            FROM stale s WHERE NOT s.ahead) AS both_sides
        ORDER BY sign, region, year, person, graduated_on DESC, vocation, batch
    ),
    change AS (
        SELECT region, year, sum(sign) AS graduates,
            coalesce(sum(sign) FILTER (WHERE status IS NOT NULL), 0) AS traced,
            coalesce(sum(sign) FILTER (WHERE status = 'employed'), 0) AS employed,
            coalesce(sum(sign) FILTER (WHERE status = 'self_employed'), 0) AS self_employed,
            coalesce(sum(sign) FILTER (WHERE formal), 0) AS formal,
            coalesce(sum(sign) FILTER (WHERE NOT formal), 0) AS informal,
            coalesce(sum(sign) FILTER (WHERE placed), 0) AS placed,
            coalesce(sum(sign) FILTER (WHERE works AND witness = 'employer'), 0) AS by_employer,
            coalesce(sum(sign) FILTER (WHERE works AND witness = 'cooperative'), 0) AS by_cooperative,
            coalesce(sum(sign) FILTER (WHERE works AND witness = 'bank'), 0) AS by_bank,
            coalesce(sum(sign) FILTER (WHERE works AND witness = 'opd'), 0) AS by_opd,
            coalesce(sum(sign) FILTER (WHERE works AND witness = 'self'), 0) AS by_self,
            coalesce(sum(sign) FILTER (WHERE placed AND status = 'employed'), 0) AS placed_still,
            coalesce(sum(sign) FILTER (WHERE placed AND status = 'self_employed'), 0) AS placed_working
        FROM part, LATERAL (SELECT status IN ('employed', 'self_employed')) AS w (works)
        GROUP BY region, year
    ),
    counted AS (
        INSERT INTO absorption_cell AS t (
            region, year,
            graduates, traced, employed, self_employed, formal, informal, placed, by_employer,
            by_cooperative, by_bank, by_opd, by_self, placed_still, placed_working)
        SELECT * FROM change c
        WHERE counting AND (
            c.graduates, c.traced, c.employed, c.self_employed, c.formal, c.informal, c.placed,
            c.by_employer, c.by_cooperative, c.by_bank, c.by_opd, c.by_self, c.placed_still,
            c.placed_working) <> (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        ON CONFLICT (region, year) DO UPDATE SET (
            graduates, traced, employed, self_employed, formal, informal, placed, by_employer,
            by_cooperative, by_bank, by_opd, by_self, placed_still, placed_working) = (
            t.graduates + excluded.graduates, t.traced + excluded.traced,
            t.employed + excluded.employed, t.self_employed + excluded.self_employed,
            t.formal + excluded.formal, t.informal + excluded.informal,
            t.placed + excluded.placed, t.by_employer + excluded.by_employer,
            t.by_cooperative + excluded.by_cooperative, t.by_bank + excluded.by_bank,
            t.by_opd + excluded.by_opd, t.by_self + excluded.by_self,
            t.placed_still + excluded.placed_still, t.placed_working + excluded.placed_working)
    ),
    lost AS MATERIALIZED (
        SELECT person, year, vocation, batch FROM stale
        EXCEPT
        SELECT person, year, vocation, batch FROM fresh
    ),
    gone AS (
        DELETE FROM standing t
        WHERE t.person = ANY (ARRAY(SELECT person FROM lost))
            AND (t.person, t.year, t.vocation, t.batch) IN (SELECT * FROM lost)
    )
    INSERT INTO standing AS t (
        person, year, vocation, batch, region, funding, sex, disability, digital_marketing,
        graduated_on, several, ahead, state, state_6m, state_12m, history, worked_on,
        certified_on, proposed_on, known_from, learnt_at, learnt_of, jumbled, status, formal,
        witness, placed)
    SELECT
        person, year, vocation, batch, region, funding, sex, disability, digital_marketing,
        graduated_on, several, ahead, state, state_6m, state_12m, history, worked_on,
        certified_on, proposed_on, known_from, learnt_at, learnt_of, jumbled, status, formal,
        witness, placed
    FROM fresh
    ON CONFLICT (person, year, vocation, batch) DO UPDATE SET (
        region, funding, sex, disability, digital_marketing, graduated_on, several, ahead,
        state, state_6m, state_12m, history, worked_on, certified_on, proposed_on, known_from,
        learnt_at, learnt_of, jumbled, status, formal, witness, placed) = (
        excluded.region, excluded.funding, excluded.sex, excluded.disability,
        excluded.digital_marketing, excluded.graduated_on, excluded.several, excluded.ahead,
        excluded.state, excluded.state_6m, excluded.state_12m, excluded.history,
        excluded.worked_on, excluded.certified_on, excluded.proposed_on, excluded.known_from,
        excluded.learnt_at, excluded.learnt_of, excluded.jumbled, excluded.status, excluded.formal,
        excluded.witness, excluded.placed)
    WHERE (
        t.region, t.funding, t.sex, t.disability, t.digital_marketing, t.graduated_on,
        t.several, t.ahead, t.state, t.state_6m, t.state_12m, t.history, t.worked_on,
        t.certified_on, t.proposed_on, t.known_from, t.learnt_at, t.learnt_of, t.jumbled, t.status,
        t.formal, t.witness, t.placed)
        IS DISTINCT FROM (
        excluded.region, excluded.funding, excluded.sex, excluded.disability,
        excluded.digital_marketing, excluded.graduated_on, excluded.several, excluded.ahead,
        excluded.state, excluded.state_6m, excluded.state_12m, excluded.history,
        excluded.worked_on, excluded.certified_on, excluded.proposed_on, excluded.known_from,
        excluded.learnt_at, excluded.learnt_of, excluded.jumbled, excluded.status, excluded.formal,
        excluded.witness, excluded.placed);
    DELETE FROM absorption_cell WHERE graduates = 0;
END $$;
COMMENT ON FUNCTION settle IS 'Brings jejaring.standing and jejaring.absorption_cell up to date for these persons';

-- The same for the steps on the way to work that are no evidence of it: the first test that was passed, in
-- the vocation of the graduation or in none named, and the first proposal at or after the graduation. Of
-- which persons they may have changed is told for each of the two.
CREATE OR REPLACE FUNCTION settle_steps(certified uuid[], proposed uuid[]) RETURNS void
LANGUAGE plpgsql
-- As evaluate_and_learn(), and as plain: where nothing is known of a new table yet, a loop over a wrong
-- index looks as good as any.
SET enable_nestloop = off
AS $$
BEGIN
    WITH step AS MATERIALIZED (
        SELECT s.person, s.year, s.vocation, s.batch, s.certified_on AS old_certified_on,
            s.proposed_on AS old_proposed_on,
            CASE WHEN c.person IS NULL THEN s.certified_on ELSE (
                SELECT min(t.certified_on) FROM certification t
                WHERE t.person = s.person AND t.result = 'competent'
                    AND (t.vocation IS NULL OR t.vocation = s.vocation)) END AS certified_on,
            CASE WHEN p.person IS NULL THEN s.proposed_on ELSE (
                SELECT min(t.proposed_on) FROM placement t
                WHERE t.person = s.person AND t.proposed_on >= s.graduated_on) END AS proposed_on
        FROM standing s
            LEFT JOIN unnest(certified) AS c (person) USING (person)
            LEFT JOIN unnest(proposed) AS p (person) USING (person)
        WHERE s.person = ANY (certified || proposed)
    ),
    changed AS (
        SELECT * FROM step
        WHERE (certified_on, proposed_on) IS DISTINCT FROM (old_certified_on, old_proposed_on)
    )
    UPDATE standing t SET certified_on = c.certified_on, proposed_on = c.proposed_on
    FROM changed c
    WHERE t.person = ANY (ARRAY(SELECT person FROM changed))
        AND t.person = c.person AND t.year = c.year AND t.vocation = c.vocation AND t.batch = c.batch;
END $$;
COMMENT ON FUNCTION settle_steps(uuid[], uuid[]) IS 'Brings certified_on and proposed_on of jejaring.standing up to date for these persons';
DROP FUNCTION IF EXISTS settle_steps(uuid[]);
DROP FUNCTION IF EXISTS steps(uuid[]);

-- Both, for whoever the events in `stage` are about.
CREATE OR REPLACE FUNCTION settle_stage(types text[], counting boolean DEFAULT true) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    certifying CONSTANT text[] := '{alumni.graduated,alumni.certified,person.erased}';
    proposing CONSTANT text[] := '{alumni.graduated,placement.proposed,person.erased}';
BEGIN
    PERFORM settle(touched(types), counting);
    IF types && (certifying || proposing) THEN
        PERFORM settle_steps(ARRAY(SELECT DISTINCT subject FROM stage WHERE type = ANY (certifying)),
                             ARRAY(SELECT DISTINCT subject FROM stage WHERE type = ANY (proposing)));
    END IF;
END $$;
COMMENT ON FUNCTION settle_stage IS 'Brings jejaring.standing and the counters up to date for the persons of the events in `stage`';

-- The counters of everything, from jejaring.standing.
CREATE OR REPLACE FUNCTION count_cells() RETURNS void
LANGUAGE sql AS $$
    INSERT INTO absorption_cell (
        region, year,
        graduates, traced, employed, self_employed, formal, informal, placed, by_employer,
        by_cooperative, by_bank, by_opd, by_self, placed_still, placed_working)
    SELECT region, year, count(*), count(status), count(*) FILTER (WHERE status = 'employed'),
        count(*) FILTER (WHERE status = 'self_employed'), count(*) FILTER (WHERE formal),
        count(*) FILTER (WHERE NOT formal), count(*) FILTER (WHERE placed),
        count(*) FILTER (WHERE works AND witness = 'employer'),
        count(*) FILTER (WHERE works AND witness = 'cooperative'),
        count(*) FILTER (WHERE works AND witness = 'bank'),
        count(*) FILTER (WHERE works AND witness = 'opd'),
        count(*) FILTER (WHERE works AND witness = 'self'),
        count(*) FILTER (WHERE placed AND status = 'employed'),
        count(*) FILTER (WHERE placed AND status = 'self_employed')
    FROM (SELECT DISTINCT ON (region, year, person) *, status IN ('employed', 'self_employed') AS works
          FROM standing WHERE NOT ahead
          ORDER BY region, year, person, graduated_on DESC, vocation, batch) AS person_once
    GROUP BY region, year
$$;
COMMENT ON FUNCTION count_cells IS 'Fills the empty jejaring.absorption_cell from jejaring.standing';

-- Through which node an event came. What this node's own plugins answer, and what its hub says of an
-- erasure, is about a region and no report of it: whoever is silent stays silent by it.
CREATE OR REPLACE FUNCTION arrival_node(type text, cause text, extra jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(extra ->> 'origin', CASE WHEN cause IS NOT NULL OR type = 'person.erased' THEN '*' ELSE '' END);
COMMENT ON FUNCTION arrival_node IS 'Node that took an event in; empty: told to the hub that this warehouse reads; *: said there by itself';

-- Adds events to jejaring.arrival, or takes them away (sign -1): of each the region, the node
-- (arrival_node), and when it was recorded.
CREATE OR REPLACE FUNCTION count_arrivals(
    regions text[], nodes text[], times timestamptz[], sign integer DEFAULT 1) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO arrival AS t (region, node, day, events)
    SELECT e.region, e.node, (e.at AT TIME ZONE 'Asia/Jakarta')::date, sign * count(*)
    FROM unnest(regions, nodes, times) AS e (region, node, at)
    GROUP BY 1, 2, 3
    ON CONFLICT (region, node, day) DO UPDATE SET events = t.events + excluded.events;
    IF sign < 0 THEN
        DELETE FROM arrival WHERE region = ANY (regions) AND events = 0;
    END IF;
END $$;
COMMENT ON FUNCTION count_arrivals IS 'Keeps jejaring.arrival in step with jejaring.event';

-- Removes what happened to these persons up to their tombstones, from the log and from every table,
-- and puts what happened since into `stage` once more.
CREATE OR REPLACE FUNCTION erase(persons uuid[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    name text;
    regions text[];
    nodes text[];
    times timestamptz[];
    orders uuid[];
    completions uuid[];
BEGIN
    WITH gone AS (
        DELETE FROM event e USING erasure x
        WHERE x.person = ANY (persons) AND e.subject = x.person
            AND (e.time <= x.time OR e.recordedtime <= x.recorded) AND e.type <> 'person.erased'
        RETURNING e.region, arrival_node(e.type, e.cause, e.extra) AS node, e.recordedtime)
    SELECT array_agg(g.region), array_agg(g.node), array_agg(g.recordedtime)
    INTO regions, nodes, times FROM gone g;
    IF regions IS NOT NULL THEN
        PERFORM count_arrivals(regions, nodes, times, -1);
    END IF;
    -- Found by event_completed_by: what names one of them, not what is completed.
    WITH freed AS (
        UPDATE event e SET data = e.data - 'person' FROM erasure x
        WHERE e.type = 'order.completed' AND e.data ? 'person'
            AND (e.data ->> 'person')::uuid = ANY (persons)
            AND x.person = (e.data ->> 'person')::uuid
            AND (e.time <= x.time OR e.recordedtime <= x.recorded)
        RETURNING e.subject, e.event_key)
    SELECT array_agg(f.subject), array_agg(f.event_key) INTO orders, completions FROM freed f;
    UPDATE service_order SET person = NULL
    WHERE service_order = ANY (orders) AND completed_event = ANY (completions);
    -- All that is about a person but jejaring.standing, which settle() brings up to date.
    FOR name IN SELECT d.name FROM distribution() d WHERE d.by_column = 'person' AND d.name <> 'standing' LOOP
        EXECUTE format('DELETE FROM %I WHERE person = ANY ($1)', name) USING persons;
    END LOOP;
    INSERT INTO stage
    SELECT event_key, type, source, id, time, recordedtime, region, subject, recipient, cause, data,
        extra
    FROM event e
    WHERE e.subject = ANY (persons)
        OR (e.type = 'order.completed' AND e.data ? 'person'
            AND (e.data ->> 'person')::uuid = ANY (persons));
END $$;
COMMENT ON FUNCTION erase IS 'Carries out the erasures of these persons; their tombstones are in jejaring.erasure';

-- One batch, from the temporary table `stage` to everything. Returns the number of events that were
-- new. Call it in a transaction that also moves the cursor.
-- Batches look up a few thousand keys in tables of any size. Plans made while these were still empty,
-- or anew each time, are the wrong ones: always by index, and made once. (The staging table has no
-- index and is read whole all the same.) A temporary table goes before one of the search path.
-- A batch is put in order in memory.
CREATE OR REPLACE FUNCTION ingest() RETURNS bigint
LANGUAGE plpgsql
SET search_path = jejaring, pg_catalog SET jit = off SET work_mem = '32MB'
SET enable_seqscan = off SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    types text[];
    erased uuid[];
    regions text[];
    nodes text[];
    times timestamptz[];
BEGIN
    -- One writer at a time, whatever its node: two of them settling one person would each miss
    -- what the other has not committed yet.
    PERFORM pg_advisory_xact_lock(7311146, 1);
    types := ARRAY(SELECT DISTINCT type FROM stage);
    IF 'person.erased' = ANY (types) THEN
        PERFORM project('{person.erased}'); -- first of all, for what erase() and the rest go by
        erased := ARRAY(SELECT DISTINCT subject FROM stage WHERE type = 'person.erased');
        PERFORM erase(erased);
        types := ARRAY(SELECT DISTINCT type FROM stage);
    END IF;
    IF EXISTS (SELECT FROM erasure) THEN
        -- The arrays: what costs by the batch, and not by all who were ever erased.
        DELETE FROM stage s USING erasure x
        WHERE x.person = ANY (ARRAY(SELECT subject FROM stage))
            AND s.subject = x.person AND (s.time <= x.time OR s.recordedtime <= x.recorded)
            AND s.type <> 'person.erased';
        UPDATE stage s SET data = s.data - 'person' FROM erasure x
        WHERE x.person = ANY (ARRAY(SELECT (data ->> 'person')::uuid FROM stage
                                    WHERE type = 'order.completed'))
            AND s.type = 'order.completed' AND (s.time <= x.time OR s.recordedtime <= x.recorded)
            AND (s.data ->> 'person')::uuid = x.person;
    END IF;
    IF log_is_partitioned() THEN
        PERFORM open_months(ARRAY(SELECT DISTINCT key_month(event_key) FROM stage));
    END IF;
    BEGIN
        -- All of them are new as a rule: a plain INSERT costs far less than one that looks first.
        INSERT INTO event (
            event_key, type, source, id, time, recordedtime, region, subject, recipient, cause, data,
            extra)
        SELECT event_key, type, source, id, time, recordedtime, region, subject, recipient, cause, data,
            extra
        FROM stage ORDER BY subject;
        SELECT array_agg(s.region), array_agg(arrival_node(s.type, s.cause, s.extra)), array_agg(s.recordedtime)
        INTO regions, nodes, times FROM stage s;
    EXCEPTION WHEN unique_violation THEN
        WITH fresh AS (
            INSERT INTO event (
                event_key, type, source, id, time, recordedtime, region, subject, recipient, cause, data,
                extra)
            SELECT event_key, type, source, id, time, recordedtime, region, subject, recipient, cause, data,
                extra
            FROM stage
            ON CONFLICT DO NOTHING
            RETURNING event.region, arrival_node(event.type, event.cause, event.extra) AS node, event.recordedtime)
        SELECT array_agg(f.region), array_agg(f.node), array_agg(f.recordedtime)
        INTO regions, nodes, times FROM fresh f;
    END;
    IF regions IS NOT NULL THEN
        PERFORM count_arrivals(regions, nodes, times);
    END IF;
    IF EXISTS (SELECT FROM refused_event) THEN
        DELETE FROM refused_event r USING stage s WHERE r.event_key = s.event_key; -- tried again
    END IF;
    PERFORM project(types);
    PERFORM collect(types);
    PERFORM settle_stage(types);
    RETURN coalesce(cardinality(regions), 0);
END $$;
COMMENT ON FUNCTION ingest IS 'Stores and projects the batch in the temporary table `stage`';

-- Projects the whole log anew into the tables that the search path shows, a person never split
-- between two rounds. Chunks keep the memory flat.
CREATE OR REPLACE FUNCTION replay() RETURNS bigint
LANGUAGE plpgsql
SET search_path = jejaring, pg_catalog SET jit = off
SET enable_seqscan = off SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    chunk CONSTANT integer := 20000;
    done bigint := 0;
    types text[];
    low uuid := '00000000-0000-0000-0000-000000000000';
    high uuid;
BEGIN
    PERFORM open_stage();
    LOOP
        SELECT e.subject INTO high FROM event e WHERE e.subject >= low ORDER BY 1 OFFSET chunk LIMIT 1;
        TRUNCATE stage;
        INSERT INTO stage
        SELECT event_key, type, source, id, time, recordedtime, region, subject, recipient, cause,
            data, extra
        FROM event e WHERE e.subject >= low AND (high IS NULL OR e.subject <= high);
        SELECT array_agg(DISTINCT type), done + count(*) INTO types, done FROM stage;
        IF types IS NOT NULL THEN
            PERFORM count_arrivals(array_agg(region), array_agg(arrival_node(type, cause, extra)),
                                   array_agg(recordedtime)) FROM stage;
            PERFORM project(types);
            PERFORM collect(types);
            PERFORM settle_stage(types, false);
        END IF;
        EXIT WHEN high IS NULL;
        -- Everything up to and with `high` is done; the next subject is the one behind it.
        SELECT e.subject INTO low FROM event e WHERE e.subject > high ORDER BY 1 LIMIT 1;
        EXIT WHEN NOT FOUND;
    END LOOP;
    TRUNCATE stage;
    PERFORM count_cells();
    RETURN done;
END $$;
COMMENT ON FUNCTION replay IS 'Projects every event of the log into the tables that the search path shows';

-- The log and what is made of it: rebuild(), verify() and erase() go by this list, and Citus, which
-- spreads a table by this column (define-65-layout.sql); by null: a copy on every machine. What is not
-- here stays on the coordinator, the only machine that workers and reports connect to.
CREATE OR REPLACE FUNCTION distribution() RETURNS TABLE (name text, by_column text)
LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    VALUES ('event', 'subject'), ('alumni', 'person'), ('alumni_version', 'person'),
        ('certification', 'person'), ('incubation', 'person'), ('outcome', 'person'),
        ('application', 'person'), ('placement', 'person'), ('business', 'person'),
        ('membership', 'person'), ('mentoring', 'person'), ('loan', 'person'),
        ('loan_repayment', 'person'), ('accommodation', 'person'), ('referral', 'person'),
        ('consent', 'person'), ('order_offer', 'person'), ('evidence', 'person'),
        ('standing', 'person'), ('vacancy', 'vacancy'), ('batch', 'batch'),
        ('service_order', 'service_order'), ('quota', 'employer'),
        ('region', NULL), ('erasure', NULL), ('absorption_cell', NULL), ('arrival', NULL);
END;
COMMENT ON FUNCTION distribution IS 'The tables of the log and of what is made of it, and how Citus is told to spread them: by which column, or (null) a copy on every machine';

CREATE OR REPLACE FUNCTION projections() RETURNS text[]
LANGUAGE sql IMMUTABLE
RETURN ARRAY(SELECT name FROM distribution() WHERE name NOT IN ('event', 'region'));
COMMENT ON FUNCTION projections IS 'Tables that are projected from jejaring.event';

CREATE OR REPLACE FUNCTION rebuild() RETURNS bigint
LANGUAGE plpgsql
SET search_path = jejaring, pg_catalog
AS $$
DECLARE
    name text;
BEGIN
    PERFORM pg_advisory_xact_lock(7311146, 1);
    FOREACH name IN ARRAY projections() LOOP
        EXECUTE format('TRUNCATE jejaring.%I', name);
    END LOOP;
    RETURN replay();
END $$;
COMMENT ON FUNCTION rebuild IS 'Recreates every projection from jejaring.event, in one transaction; returns the number of events';

-- Recomputes everything into temporary tables of the same names and compares. Writes nothing that
-- outlives the transaction, locks nobody out. Call it in a session and a transaction of its own,
-- REPEATABLE READ, so that the log and the tables are of one moment.
CREATE OR REPLACE FUNCTION verify()
RETURNS TABLE (name text, stored bigint, missing bigint, surplus bigint)
LANGUAGE plpgsql
SET search_path = jejaring, pg_catalog
AS $$
BEGIN
    FOREACH name IN ARRAY projections() LOOP
        EXECUTE format('CREATE TEMPORARY TABLE %1$I (LIKE jejaring.%1$I INCLUDING ALL) ON COMMIT DROP', name);
    END LOOP;
    DISCARD PLANS;
    PERFORM replay();
    FOREACH name IN ARRAY projections() LOOP
        EXECUTE format(
            'SELECT (SELECT count(*) FROM jejaring.%1$I),
                    (SELECT count(*) FROM (TABLE pg_temp.%1$I EXCEPT ALL TABLE jejaring.%1$I) AS m),
                    (SELECT count(*) FROM (TABLE jejaring.%1$I EXCEPT ALL TABLE pg_temp.%1$I) AS s)',
            name) INTO stored, missing, surplus;
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION verify IS 'Compares every projection with a recomputation from jejaring.event: rows stored, rows missing, rows too many';

-- A migration may leave jejaring.standing empty: it is computed from the facts.
DO $$
DECLARE
    persons uuid[];
    low uuid := '00000000-0000-0000-0000-000000000000';
BEGIN
    IF EXISTS (SELECT FROM standing) THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(7311146, 1);
    LOOP
        persons := ARRAY(SELECT DISTINCT person FROM alumni WHERE person > low ORDER BY 1 LIMIT 20000);
        EXIT WHEN cardinality(persons) = 0;
        PERFORM settle(persons, false);
        PERFORM settle_steps(persons, persons);
        low := persons[cardinality(persons)];
    END LOOP;
    DELETE FROM absorption_cell;
    PERFORM count_cells();
END $$;
