-- Evidence: what of the events in `stage` shows what became of a person. See README.md for the
-- rules and their sources.

-- BPS: formal are employees and employers with permanent workers; all others work informally.
CREATE OR REPLACE FUNCTION is_formal(employment_status text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN employment_status IN ('employee', 'employer');
COMMENT ON FUNCTION is_formal IS 'BPS rule: formal work is that of employees and of employers with permanent workers; null in, null out';

CREATE OR REPLACE FUNCTION collect(types text[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF types && '{outcome.reported,placement.started,placement.ended,business.registered,business.closed,loan.disbursed}' THEN
        INSERT INTO evidence (
            person, event_key, fact, on_date, time, recorded, track, ends, status, formal, witness,
            spell, post, employer)
        SELECT subject, event_key, md5(fact)::uuid, event_day(data, time), time, recordedtime,
            track, ends, status, formal, witness, spell, post, employer
        FROM stage,
            LATERAL (SELECT
                -- A survey answer: its own word for the status; formal as far as it tells.
                'survey:' || event_day(data, time) || ':' || source,
                CASE data ->> 'status' WHEN 'employed' THEN 'employment'
                    WHEN 'self_employed' THEN 'business' ELSE 'none' END,
                false, data ->> 'status',
                CASE data ->> 'status'
                    WHEN 'employed' THEN is_formal(data ->> 'employment_status')
                    WHEN 'self_employed' THEN coalesce(is_formal(data ->> 'employment_status'), false)
                END,
                'self', false, NULL::uuid, NULL::uuid
                WHERE type = 'outcome.reported'
            UNION ALL SELECT
                -- An internship is training at a workplace (UU 13/2003 art. 1 no. 11), not work.
                CASE WHEN data ? 'placement' THEN 'placement:' || source || ':' || (data ->> 'placement')
                    ELSE concat_ws(':', 'started', event_day(data, time), placement_post(data),
                                   name_key(data ->> 'employer')) END,
                'employment', false,
                CASE data ->> 'kind' WHEN 'internship' THEN 'studying' ELSE 'employed' END,
                CASE WHEN data ->> 'kind' IS DISTINCT FROM 'internship'
                    THEN coalesce(is_formal(data ->> 'employment_status'), true) END,
                'employer', true, (data ->> 'vacancy')::uuid, name_key(data ->> 'employer')
                WHERE type = 'placement.started'
            UNION ALL SELECT
                concat_ws(':', 'ended', event_day(data, time), placement_post(data),
                          name_key(data ->> 'employer')),
                'employment', true, NULL, NULL, 'employer', false, (data ->> 'vacancy')::uuid,
                name_key(data ->> 'employer')
                WHERE type = 'placement.ended'
            UNION ALL SELECT
                -- Nobody asks at registration for permanent workers: counted as own account.
                'registered:' || (data ->> 'business'), 'business', false, 'self_employed', false,
                'cooperative', true, (data ->> 'business')::uuid, NULL
                WHERE type = 'business.registered'
            UNION ALL SELECT
                'closed:' || (data ->> 'business'), 'business', true, NULL, NULL, 'cooperative',
                false, (data ->> 'business')::uuid, NULL
                WHERE type = 'business.closed'
            UNION ALL SELECT
                -- A bank pays out a productive loan to a running business only.
                concat_ws(':', 'disbursed', loan_key(data), event_day(data, time)), 'business',
                false, 'self_employed', false, 'bank', false, NULL, NULL
                WHERE type = 'loan.disbursed'
            ) AS e (fact, track, ends, status, formal, witness, spell, post, employer)
        ORDER BY 1
        ON CONFLICT DO NOTHING;
    END IF;

    -- An order completed is evidence for whoever did it. If versions of the completion name
    -- different persons, each of them gets each version, and only the named one a status: so the
    -- latest version takes the claim away from the others, and all is found under the person.
    IF 'order.completed' = ANY (types) THEN
        INSERT INTO evidence (
            person, event_key, fact, on_date, time, recorded, track, ends, status, formal, witness,
            spell, post)
        WITH version AS (
            SELECT e.subject, e.event_key, e.time, e.recordedtime, e.data,
                (e.data ->> 'person')::uuid AS person
            FROM event e
            WHERE e.type = 'order.completed'
                AND e.subject = ANY (ARRAY(SELECT s.subject FROM stage s WHERE s.type = 'order.completed')))
        SELECT p.person, v.event_key, md5('order:' || v.subject)::uuid, event_day(v.data, v.time),
            v.time, v.recordedtime, 'business', false,
            CASE WHEN v.person = p.person THEN 'self_employed' END,
            CASE WHEN v.person = p.person THEN false END, 'opd', false, NULL
        FROM version v
            JOIN (SELECT DISTINCT subject, person FROM version WHERE person IS NOT NULL) p USING (subject)
        ON CONFLICT DO NOTHING;
    END IF;
END $$;
COMMENT ON FUNCTION collect IS 'Adds what the events in `stage` show of persons'' work to jejaring.evidence';

-- Whose standing the events in `stage` may change.
CREATE OR REPLACE FUNCTION touched(types text[]) RETURNS uuid[]
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ARRAY(
        SELECT subject FROM stage
        WHERE type IN ('alumni.graduated', 'outcome.reported', 'placement.started',
                       'placement.ended', 'business.registered', 'business.closed',
                       'loan.disbursed', 'person.erased')
        UNION
        SELECT (e.data ->> 'person')::uuid FROM event e
        WHERE 'order.completed' = ANY (types) AND e.type = 'order.completed'
            AND e.subject = ANY (ARRAY(SELECT s.subject FROM stage s WHERE s.type = 'order.completed'))
            -- Not `?`: with it the planner goes through all orders that name somebody.
            AND e.data ->> 'person' IS NOT NULL);
END $$;
COMMENT ON FUNCTION touched IS 'Persons whose standing the events in the temporary table `stage` may change';
