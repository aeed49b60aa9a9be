-- Projection: from events in `stage` to one row a fact. Set-based, one statement a type; a type
-- that is not in the batch costs nothing. Every statement is idempotent and keeps the version with
-- the later (time, event_key), so that any order, repetition and batching of the same events ends
-- in the same rows. That rule stands once, in upsert_of(); the list of types is at the end.
--
-- Tables are named without their schema: `jejaring` is in the search path, and a temporary table of
-- the same name in front of it takes the writes. That is how jejaring.verify() recomputes
-- everything without touching a row.

-- The day on which it happened: data.date, or the day of `time` in UTC for a producer without one.
CREATE OR REPLACE FUNCTION event_day(data jsonb, "time" timestamptz) RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce((data ->> 'date')::date, ("time" AT TIME ZONE 'UTC')::date);
COMMENT ON FUNCTION event_day IS 'Day on which an event happened';

-- The same employer is written in many ways; letters and digits are what counts.
CREATE OR REPLACE FUNCTION name_key(name text) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN md5('employer:' || translate(lower(name COLLATE "C"), E' .,-_/\\&()''"\t', ''))::uuid;
COMMENT ON FUNCTION name_key IS 'Hash of a name, the same for needless differences in writing';

-- What tells one placement of a person from another: the vacancy, else the employer.
CREATE OR REPLACE FUNCTION placement_post(data jsonb) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce((data ->> 'vacancy')::uuid, name_key(data ->> 'employer'),
                '00000000-0000-0000-0000-000000000000');
COMMENT ON FUNCTION placement_post IS 'Key of the post that a placement event names';

-- What tells one loan of a person from another: the bank's own number, else business and scheme.
CREATE OR REPLACE FUNCTION loan_key(data jsonb) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce((data ->> 'loan')::uuid,
                md5('loan:' || coalesce(data ->> 'business', '') || ':' || (data ->> 'scheme'))::uuid);
COMMENT ON FUNCTION loan_key IS 'Key of the loan that a loan event names';

CREATE OR REPLACE FUNCTION open_stage() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF to_regclass('pg_temp.stage') IS NULL THEN
        CREATE TEMPORARY TABLE stage (
            event_key uuid NOT NULL, type text NOT NULL, source text NOT NULL, id text NOT NULL,
            time timestamptz NOT NULL, recordedtime timestamptz NOT NULL, region text NOT NULL,
            subject uuid NOT NULL, recipient text, cause text, data jsonb NOT NULL, extra jsonb
        ) ON COMMIT DELETE ROWS;
    END IF;
END $$;
COMMENT ON FUNCTION open_stage IS 'Makes the temporary table into which a session copies its batches';

-- ---- One row a fact ------------------------------------------------------------------------------

-- In lines of a readable length; a tab is in no item.
CREATE OR REPLACE FUNCTION listed(items text[]) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN replace(regexp_replace(array_to_string(items, E'\t'), E'([^\n]{50,80})\t', E'\\1,\n            ', 'g'), E'\t', ', ');
COMMENT ON FUNCTION listed IS 'These items with commas between, for a statement that somebody may read';

-- `path`: a member of `data`, or (wage.min) of an object in it.
CREATE OR REPLACE FUNCTION member_as(path text, kind text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN (
    SELECT CASE
        WHEN kind = 'text' THEN as_text
        WHEN kind IN ('date', 'uuid') THEN format('(%s)::%s', as_text, kind)
        WHEN kind IN ('boolean', 'smallint', 'integer', 'bigint', 'numeric') THEN format('(%s)::%s', as_json, kind)
        WHEN kind = 'text[]' THEN format('ARRAY(SELECT jsonb_array_elements_text(%s))', as_json)
    END
    FROM (SELECT 'data -> ''' || replace(path, '.', ''' -> ''') || '''') AS j (as_json),
        LATERAL (SELECT regexp_replace(as_json, '-> (''\w+'')$', '->> \1')) AS t (as_text));
COMMENT ON FUNCTION member_as IS 'SQL that reads a member of an event for a column of this type; null: nothing is read as that';

-- The part of project() that keeps in a table what the events in `stage` of these types say: one row
-- a fact, of which a later version replaces an earlier one.
--
--   half    for a table whose rows join halves that arrive apart: what the columns of this half's
--           version begin with (opened: opened_time, opened_event ...); else empty
--   key     the columns of the primary key; the first is the event's subject
--   facts   the other columns
--   told    where the rows are from, if not simply one from each event
--
-- A column in `key` or `facts` gets, as its type asks,
--
--   scheme                  the member of `data` of this name
--   sent_to = to            another member, or (wage.min) one of an object in it
--   closed_on               the day on which it happened, whatever is before `_on`
--   loan := loan_key(data)  any SQL over `stage`
--
-- What does not fit the table is an error here already, when the definitions are applied.
CREATE OR REPLACE FUNCTION upsert_of(
    types text[], relation text, half text, key text, facts text, told text DEFAULT 'stage') RETURNS text
LANGUAGE plpgsql AS $upsert$
DECLARE
    origin CONSTANT text[] := '{source,region,time,event_key}';
    version CONSTANT text[] := CASE half WHEN '' THEN origin
        ELSE ARRAY[half || '_source', half || '_region', half || '_time', half || '_event'] END;
    target CONSTANT regclass := 'jejaring.' || relation;
    keys CONSTANT text[] := ARRAY(
        SELECT a.attname FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS k (number, place), pg_attribute a
        WHERE i.indrelid = target AND i.indisprimary AND a.attrelid = target AND a.attnum = k.number ORDER BY place);
    item text;
    said text[]; -- of an item: column, member, SQL
    columns text[] := '{}';
    vals text[] := '{}';
    value text;
    changed text[];
    numbers text; -- of the columns of the key
    each_version boolean;
    statement text;
BEGIN
    FOREACH item IN ARRAY regexp_split_to_array(key || ', ' || facts, ',\s+(?![^()]*\))')
        || ARRAY(SELECT v FROM unnest(version) AS v WHERE v <> ALL (regexp_split_to_array(key, ',\s+'))) LOOP
        said := regexp_match(item, '^(\w+)(?: = ([\w.]+)| := (.+))?$');
        value := (
            SELECT CASE
                WHEN columns = '{}' THEN 'subject'
                WHEN said[3] IS NOT NULL THEN said[3]
                WHEN said[1] = ANY (version) THEN origin[array_position(version, said[1])]
                WHEN said[2] IS NULL AND said[1] LIKE '%\_on' THEN 'event_day(data, time)'
                ELSE member_as(coalesce(said[2], said[1]), format_type(a.atttypid, NULL)) END
            FROM pg_attribute a WHERE a.attrelid = target AND a.attnum > 0 AND a.attname = said[1]);
        IF value IS NULL THEN
            RAISE EXCEPTION 'what is "%"?', item;
        END IF;
        columns := columns || said[1];
        vals := vals || value;
    END LOOP;
    IF keys <> columns[:cardinality(keys)] THEN
        RAISE EXCEPTION 'the key is (%)', array_to_string(keys, ', ');
    END IF;
    SELECT string_agg(a.attname, ', ' ORDER BY a.attnum) INTO value FROM pg_attribute a
    WHERE a.attrelid = target AND a.attnum > 0 AND a.attnotnull AND NOT a.atthasdef AND a.attname <> ALL (columns);
    IF value IS NOT NULL THEN
        RAISE EXCEPTION 'nothing is said of %', value;
    END IF;

    changed := columns[cardinality(keys) + 1:];
    numbers := array_to_string(ARRAY(SELECT generate_series(1, cardinality(keys))), ', ');
    each_version := version[4] = ANY (keys); -- a row a version, which never changes
    statement := format($sql$INSERT INTO %I AS t (
            %s)
        SELECT%s
            %s
        FROM %s WHERE type IN (%s)$sql$,
        relation, listed(columns), CASE WHEN NOT each_version THEN format(' DISTINCT ON (%s)', numbers) END,
        listed(vals), told, (SELECT string_agg(quote_literal(type), ', ') FROM unnest(types) AS type))
        || CASE WHEN each_version THEN E'\n        ON CONFLICT DO NOTHING' ELSE format($sql$
        ORDER BY %s, time DESC, event_key DESC
        ON CONFLICT (%s) DO UPDATE SET (
            %s) = (
            %s)
        WHERE %s(excluded.%s, excluded.%s) > (t.%6$s, t.%7$s)$sql$,
        numbers, array_to_string(keys, ', '), listed(changed),
        listed(ARRAY(SELECT 'excluded.' || c FROM unnest(changed) AS c)),
        CASE WHEN half <> '' THEN format(E't.%s IS NULL\n            OR ', version[3]) END, version[3], version[4]) END;
    PERFORM open_stage();
    EXECUTE 'PREPARE upsert AS ' || statement; -- whether PostgreSQL would take it
    DEALLOCATE upsert;
    RETURN format(E'\n    IF types && %L THEN\n        %s;\n    END IF;\n', types, statement);
EXCEPTION WHEN OTHERS THEN
    RAISE EXCEPTION 'projection of % to %: %', types, relation, SQLERRM USING ERRCODE = 'invalid_object_definition';
END $upsert$;
COMMENT ON FUNCTION upsert_of IS 'The part of jejaring.project() that keeps in a table, one row a fact, what events of these types say';

-- Writes project(), which is plain SQL then: `\sf jejaring.project` in psql shows it.
DO $define$
DECLARE
    graduation CONSTANT text := $$graduated_on, program, funding, extras, intent, sex, birth_year, education,
        disability := data ? 'disability', disability_category = disability.category,
        disability_needs = disability.needs, recorded := recordedtime$$;
    upserts text;
BEGIN
    SELECT string_agg(upsert_of(ARRAY[type], relation, half, key, facts), '') INTO upserts
    FROM (VALUES
        ('alumni.graduated', 'alumni', '', 'person, year, vocation, batch', graduation),
        ('alumni.certified', 'certification', '', 'person, scheme, certified_on',
            'result, score, vocation, batch, year, skkni, lsp, valid_until, certificate'),
        ('batch.closed', 'batch', '', 'batch',
            'name, program, vocation, year, participants, graduates, closed_on'),
        ('incubation.selected', 'incubation', '', 'person, vocation, batch',
            'selected_on, year, rank, funder'),
        ('outcome.reported', 'outcome', '', 'person, reported_on, source',
            'status, employment_status, occupation, employer, match_to_training, income_band, method, wave'),

        ('vacancy.opened', 'vacancy', 'opened', 'vacancy',
            'opened_on, employer, title, headcount, valid_until, requirements, wage_min = wage.min,
            wage_max = wage.max, location, kind, occupation, vocations, regions, disability_friendly'),
        ('vacancy.closed', 'vacancy', 'closed', 'vacancy', 'closed_on, close_reason = reason'),
        ('application.submitted', 'application', '', 'person, vacancy', 'submitted_on'),
        ('placement.proposed', 'placement', 'proposed', 'person, post := placement_post(data)',
            'vacancy, proposed_on, rank, reasons'),
        ('placement.started', 'placement', 'started', 'person, post := placement_post(data)',
            'vacancy, started_on, placement, employer, kind, vocation, occupation, employment_status,
            agreement_ref'),
        ('placement.ended', 'placement', 'ended', 'person, post := placement_post(data)',
            'vacancy, ended_on, ended_employer = employer, end_reason = reason'),

        ('business.registered', 'business', 'registered', 'person, business',
            'registered_on, name, nib, kbli, kbli_version, product, vocation, needs_capital,
            amount_needed, needs_marketing'),
        ('business.closed', 'business', 'closed', 'person, business', 'closed_on, close_reason = reason'),
        ('cooperative.joined', 'membership', 'joined', 'person, cooperative', 'joined_on, name'),
        ('cooperative.left', 'membership', 'left', 'person, cooperative', 'left_on, left_name = name'),
        ('mentoring.provided', 'mentoring', '', 'person, provided_on, topic, source', 'hours'),
        ('order.placed', 'service_order', 'placed', 'service_order',
            'placed_on, opd, service, description, value, needed_by'),
        ('order.completed', 'service_order', 'completed', 'service_order',
            'completed_on, person, completed_value = value'),
        ('order.offered', 'order_offer', '', 'person, service_order = order', 'offered_on, rank, reasons'),

        ('loan.referred', 'loan', 'referred', 'person, loan := loan_key(data)',
            'referred_on, business, scheme, referred_amount = amount, reasons'),
        ('loan.applied', 'loan', 'applied', 'person, loan := loan_key(data)',
            'applied_on, applied_business = business, applied_scheme = scheme, applied_amount = amount'),
        ('loan.decided', 'loan', 'decided', 'person, loan := loan_key(data)',
            'decided_on, decided_scheme = scheme, decided_amount = amount, decision,
            decision_reason = reason'),
        ('loan.disbursed', 'loan', 'disbursed', 'person, loan := loan_key(data)',
            'disbursed_on, disbursed_business = business, disbursed_scheme = scheme,
            disbursed_amount = amount'),
        ('loan.repaid', 'loan_repayment', '', 'person, loan := loan_key(data), repaid_on',
            'business, scheme, amount, collectability'),

        ('accommodation.assessed', 'accommodation', 'assessed', 'person, category', 'assessed_on, needs'),
        ('accommodation.provided', 'accommodation', 'provided', 'person, category',
            'provided_on, provided_needs = needs'),
        ('referral.made', 'referral', '', 'person, sent_to = to, purpose', 'made_on'),
        ('quota.reported', 'quota', 'reported', 'employer, reported_on',
            'reported_employer_name = employer_name, headcount, disabled_headcount, ownership'),
        ('quota.shortfall', 'quota', 'shortfall', 'employer, reported_on',
            'shortfall_employer_name = employer_name, required, employed, shortfall,
            shortfall_ownership = ownership')
    ) AS fact (type, relation, half, key, facts);

    upserts := upserts
        -- A version that never wins is kept like one that is replaced: see project() below.
        || upsert_of('{alumni.graduated}', 'alumni_version', '', 'person, year, vocation, batch, event_key', graduation,
            $$(SELECT * FROM stage s WHERE EXISTS (
                SELECT FROM alumni a WHERE a.person = s.subject
                    AND a.year = (s.data -> 'year')::integer AND a.vocation = s.data ->> 'vocation'
                    AND a.batch = s.data ->> 'batch' AND a.event_key <> s.event_key)) AS stage$$)
        -- A graduate's consent is given with the graduation or by an event of its own.
        || upsert_of('{alumni.graduated,consent.granted}', 'consent', 'granted',
            'person, audience := audience', 'granted_on, granted_purpose = purpose',
            $$stage, jsonb_array_elements_text(coalesce(data -> 'consent', data -> 'audiences')) AS audience$$)
        || upsert_of('{consent.withdrawn}', 'consent', 'withdrawn',
            'person, audience := audience', 'withdrawn_on, withdrawn_purpose = purpose',
            $$stage, jsonb_array_elements_text(data -> 'audiences') AS audience$$);

    EXECUTE replace($project$CREATE OR REPLACE FUNCTION project(types text[]) RETURNS void
LANGUAGE plpgsql AS $body$
BEGIN
    -- Written by define-10-project.sql: change that.
    IF 'alumni.graduated' = ANY (types) THEN
        -- A version that is replaced is kept for reports of what was known then.
        INSERT INTO alumni_version
        SELECT a.* FROM alumni a JOIN stage s ON s.type = 'alumni.graduated' AND s.subject = a.person
            AND (s.data -> 'year')::integer = a.year AND s.data ->> 'vocation' = a.vocation
            AND s.data ->> 'batch' = a.batch AND (s.time, s.event_key) > (a.time, a.event_key)
        ON CONFLICT DO NOTHING;
    END IF;
{upserts}
    -- Rebuilding makes the tombstones anew from the log.
    IF 'person.erased' = ANY (types) THEN
        INSERT INTO erasure AS t (person, time, event_key, recorded)
        SELECT DISTINCT ON (1) subject, time, event_key,
            max(recordedtime) OVER (PARTITION BY subject)
        FROM stage WHERE type = 'person.erased'
        ORDER BY 1, time DESC, event_key DESC
        ON CONFLICT (person) DO UPDATE SET (time, event_key, recorded) = (
            greatest(t.time, excluded.time),
            CASE WHEN (excluded.time, excluded.event_key) > (t.time, t.event_key)
                THEN excluded.event_key ELSE t.event_key END,
            greatest(t.recorded, excluded.recorded))
        WHERE (excluded.time, excluded.event_key) > (t.time, t.event_key)
            OR excluded.recorded > t.recorded;
    END IF;
END $body$$project$, '{upserts}', upserts);
END $define$;
COMMENT ON FUNCTION project IS 'Projects the events in the temporary table `stage`, which holds these types, to their tables';
