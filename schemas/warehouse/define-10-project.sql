-- Projection: from events in `stage` to one row a fact. Set-based, one statement a type; a type
-- that is not in the batch costs nothing. Every statement is idempotent and keeps the version with
-- the later (time, event_key), so that any order, repetition and batching of the same events ends
-- in the same rows.
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

CREATE OR REPLACE FUNCTION project(types text[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF 'alumni.graduated' = ANY (types) THEN
        -- A version that is replaced, or never wins, is kept for reports of what was known then.
        INSERT INTO alumni_version
        SELECT a.* FROM alumni a JOIN stage s ON s.type = 'alumni.graduated' AND s.subject = a.person
            AND (s.data -> 'year')::integer = a.year AND s.data ->> 'vocation' = a.vocation
            AND s.data ->> 'batch' = a.batch AND (s.time, s.event_key) > (a.time, a.event_key)
        ON CONFLICT DO NOTHING;
        INSERT INTO alumni AS t (
            person, year, vocation, batch, graduated_on, program, funding, extras, intent, sex,
            birth_year, education, disability, disability_category, disability_needs, recorded,
            source, region, time, event_key)
        SELECT DISTINCT ON (1, 2, 3, 4)
            subject, (data -> 'year')::integer, data ->> 'vocation', data ->> 'batch',
            event_day(data, time), data ->> 'program', data ->> 'funding',
            ARRAY(SELECT jsonb_array_elements_text(data -> 'extras')), data ->> 'intent',
            data ->> 'sex', (data -> 'birth_year')::integer, data ->> 'education',
            data ? 'disability', data -> 'disability' ->> 'category',
            ARRAY(SELECT jsonb_array_elements_text(data -> 'disability' -> 'needs')),
            recordedtime, source, region, time, event_key
        FROM stage WHERE type = 'alumni.graduated'
        ORDER BY 1, 2, 3, 4, time DESC, event_key DESC
        ON CONFLICT (person, year, vocation, batch) DO UPDATE SET (
            graduated_on, program, funding, extras, intent, sex, birth_year, education,
            disability, disability_category, disability_needs, recorded, source, region, time,
            event_key) = (
            excluded.graduated_on, excluded.program, excluded.funding, excluded.extras,
            excluded.intent, excluded.sex, excluded.birth_year, excluded.education,
            excluded.disability, excluded.disability_category, excluded.disability_needs,
            excluded.recorded, excluded.source, excluded.region, excluded.time,
            excluded.event_key)
        WHERE (excluded.time, excluded.event_key) > (t.time, t.event_key);
        INSERT INTO alumni_version (
            person, year, vocation, batch, graduated_on, program, funding, extras, intent, sex,
            birth_year, education, disability, disability_category, disability_needs, recorded,
            source, region, time, event_key)
        SELECT
            subject, (data -> 'year')::integer, data ->> 'vocation', data ->> 'batch',
            event_day(data, time), data ->> 'program', data ->> 'funding',
            ARRAY(SELECT jsonb_array_elements_text(data -> 'extras')), data ->> 'intent',
            data ->> 'sex', (data -> 'birth_year')::integer, data ->> 'education',
            data ? 'disability', data -> 'disability' ->> 'category',
            ARRAY(SELECT jsonb_array_elements_text(data -> 'disability' -> 'needs')),
            recordedtime, source, region, time, event_key
        FROM stage s
        WHERE s.type = 'alumni.graduated' AND EXISTS (
            SELECT FROM alumni a WHERE a.person = s.subject
                AND a.year = (s.data -> 'year')::integer AND a.vocation = s.data ->> 'vocation'
                AND a.batch = s.data ->> 'batch' AND a.event_key <> s.event_key)
        ON CONFLICT DO NOTHING;
    END IF;

    IF 'alumni.certified' = ANY (types) THEN
        INSERT INTO certification AS t (
            person, scheme, certified_on, result, score, vocation, batch, year, skkni, lsp,
            valid_until, certificate, source, region, time, event_key)
        SELECT DISTINCT ON (1, 2, 3)
            subject, data ->> 'scheme', event_day(data, time), data ->> 'result',
            (data -> 'score')::numeric, data ->> 'vocation', data ->> 'batch',
            (data -> 'year')::integer, data ->> 'skkni', data ->> 'lsp',
            (data ->> 'valid_until')::date, data ->> 'certificate', source, region, time,
            event_key
        FROM stage WHERE type = 'alumni.certified'
        ORDER BY 1, 2, 3, time DESC, event_key DESC
        ON CONFLICT (person, scheme, certified_on) DO UPDATE SET (
            result, score, vocation, batch, year, skkni, lsp, valid_until, certificate, source,
            region, time, event_key) = (
            excluded.result, excluded.score, excluded.vocation, excluded.batch, excluded.year,
            excluded.skkni, excluded.lsp, excluded.valid_until, excluded.certificate,
            excluded.source, excluded.region, excluded.time, excluded.event_key)
        WHERE (excluded.time, excluded.event_key) > (t.time, t.event_key);
    END IF;

    IF 'batch.closed' = ANY (types) THEN
        INSERT INTO batch AS t (
            batch, name, program, vocation, year, participants, graduates, closed_on, source,
            region, time, event_key)
        SELECT DISTINCT ON (1)
            subject, data ->> 'name', data ->> 'program', data ->> 'vocation',
            (data -> 'year')::integer, (data -> 'participants')::integer,
            (data -> 'graduates')::integer, event_day(data, time), source, region, time,
            event_key
        FROM stage WHERE type = 'batch.closed'
        ORDER BY 1, time DESC, event_key DESC
        ON CONFLICT (batch) DO UPDATE SET (
            name, program, vocation, year, participants, graduates, closed_on, source, region,
            time, event_key) = (
            excluded.name, excluded.program, excluded.vocation, excluded.year,
            excluded.participants, excluded.graduates, excluded.closed_on, excluded.source,
            excluded.region, excluded.time, excluded.event_key)
        WHERE (excluded.time, excluded.event_key) > (t.time, t.event_key);
    END IF;

    IF 'incubation.selected' = ANY (types) THEN
        INSERT INTO incubation AS t (
            person, vocation, batch, selected_on, year, rank, funder, source, region, time,
            event_key)
        SELECT DISTINCT ON (1, 2, 3)
            subject, data ->> 'vocation', data ->> 'batch', event_day(data, time),
            (data -> 'year')::integer, (data -> 'rank')::integer, data ->> 'funder', source,
            region, time, event_key
        FROM stage WHERE type = 'incubation.selected'
        ORDER BY 1, 2, 3, time DESC, event_key DESC
        ON CONFLICT (person, vocation, batch) DO UPDATE SET (
            selected_on, year, rank, funder, source, region, time, event_key) = (
            excluded.selected_on, excluded.year, excluded.rank, excluded.funder,
            excluded.source, excluded.region, excluded.time, excluded.event_key)
        WHERE (excluded.time, excluded.event_key) > (t.time, t.event_key);
    END IF;

    IF 'outcome.reported' = ANY (types) THEN
        INSERT INTO outcome AS t (
            person, reported_on, source, status, employment_status, occupation, employer,
            match_to_training, income_band, method, wave, region, time, event_key)
        SELECT DISTINCT ON (1, 2, 3)
            subject, event_day(data, time), source, data ->> 'status',
            data ->> 'employment_status', data ->> 'occupation', data ->> 'employer',
            data ->> 'match_to_training', data ->> 'income_band', data ->> 'method',
            data ->> 'wave', region, time, event_key
        FROM stage WHERE type = 'outcome.reported'
        ORDER BY 1, 2, 3, time DESC, event_key DESC
        ON CONFLICT (person, reported_on, source) DO UPDATE SET (
            status, employment_status, occupation, employer, match_to_training, income_band,
            method, wave, region, time, event_key) = (
            excluded.status, excluded.employment_status, excluded.occupation,
            excluded.employer, excluded.match_to_training, excluded.income_band,
            excluded.method, excluded.wave, excluded.region, excluded.time, excluded.event_key)
        WHERE (excluded.time, excluded.event_key) > (t.time, t.event_key);
    END IF;

    IF 'vacancy.opened' = ANY (types) THEN
        INSERT INTO vacancy AS t (
            vacancy, opened_on, employer, title, headcount, valid_until, requirements,
            wage_min, wage_max, location, kind, occupation, vocations, regions,
            disability_friendly, opened_source, opened_region, opened_time, opened_event)
        SELECT DISTINCT ON (1)
            subject, event_day(data, time), data ->> 'employer', data ->> 'title',
            (data -> 'headcount')::integer, (data ->> 'valid_until')::date,
            data ->> 'requirements', (data -> 'wage' -> 'min')::bigint,
            (data -> 'wage' -> 'max')::bigint, data ->> 'location', data ->> 'kind',
            data ->> 'occupation',
            ARRAY(SELECT jsonb_array_elements_text(data -> 'vocations')),
            ARRAY(SELECT jsonb_array_elements_text(data -> 'regions')),
            (data -> 'disability_friendly')::boolean, source, region, time, event_key
        FROM stage WHERE type = 'vacancy.opened'
        ORDER BY 1, time DESC, event_key DESC
        ON CONFLICT (vacancy) DO UPDATE SET (
            opened_on, employer, title, headcount, valid_until, requirements, wage_min,
            wage_max, location, kind, occupation, vocations, regions, disability_friendly,
            opened_source, opened_region, opened_time, opened_event) = (
            excluded.opened_on, excluded.employer, excluded.title, excluded.headcount,
            excluded.valid_until, excluded.requirements, excluded.wage_min, excluded.wage_max,
            excluded.location, excluded.kind, excluded.occupation, excluded.vocations,
            excluded.regions, excluded.disability_friendly, excluded.opened_source,
            excluded.opened_region, excluded.opened_time, excluded.opened_event)
        WHERE t.opened_time IS NULL
            OR (excluded.opened_time, excluded.opened_event) > (t.opened_time, t.opened_event);
    END IF;

    IF 'vacancy.closed' = ANY (types) THEN
        INSERT INTO vacancy AS t (
            vacancy, closed_on, close_reason, closed_source, closed_region, closed_time,
            closed_event)
        SELECT DISTINCT ON (1)
            subject, event_day(data, time), data ->> 'reason', source, region, time, event_key
        FROM stage WHERE type = 'vacancy.closed'
        ORDER BY 1, time DESC, event_key DESC
        ON CONFLICT (vacancy) DO UPDATE SET (
            closed_on, close_reason, closed_source, closed_region, closed_time, closed_event) = (
            excluded.closed_on, excluded.close_reason, excluded.closed_source,
            excluded.closed_region, excluded.closed_time, excluded.closed_event)
        WHERE t.closed_time IS NULL
            OR (excluded.closed_time, excluded.closed_event) > (t.closed_time, t.closed_event);
    END IF;

    IF 'application.submitted' = ANY (types) THEN
        INSERT INTO application AS t (
            person, vacancy, submitted_on, source, region, time, event_key)
        SELECT DISTINCT ON (1, 2)
            subject, (data ->> 'vacancy')::uuid, event_day(data, time), source, region, time,
            event_key
        FROM stage WHERE type = 'application.submitted'
        ORDER BY 1, 2, time DESC, event_key DESC
        ON CONFLICT (person, vacancy) DO UPDATE SET (
            submitted_on, source, region, time, event_key) = (
            excluded.submitted_on, excluded.source, excluded.region, excluded.time,
            excluded.event_key)
        WHERE (excluded.time, excluded.event_key) > (t.time, t.event_key);
    END IF;

    IF 'placement.proposed' = ANY (types) THEN
        INSERT INTO placement AS t (
            person, post, vacancy, proposed_on, rank, reasons, proposed_source,
            proposed_region, proposed_time, proposed_event)
        SELECT DISTINCT ON (1, 2)
            subject, placement_post(data), (data ->> 'vacancy')::uuid, event_day(data, time),
            (data -> 'rank')::integer,
            ARRAY(SELECT jsonb_array_elements_text(data -> 'reasons')), source, region, time,
            event_key
        FROM stage WHERE type = 'placement.proposed'
        ORDER BY 1, 2, time DESC, event_key DESC
        ON CONFLICT (person, post) DO UPDATE SET (
            vacancy, proposed_on, rank, reasons, proposed_source, proposed_region,
            proposed_time, proposed_event) = (
            excluded.vacancy, excluded.proposed_on, excluded.rank, excluded.reasons,
            excluded.proposed_source, excluded.proposed_region, excluded.proposed_time,
            excluded.proposed_event)
        WHERE t.proposed_time IS NULL
            OR (excluded.proposed_time, excluded.proposed_event) > (t.proposed_time, t.proposed_event);
    END IF;

    IF 'placement.started' = ANY (types) THEN
        INSERT INTO placement AS t (
            person, post, vacancy, started_on, placement, employer, kind, vocation, occupation,
            employment_status, agreement_ref, started_source, started_region, started_time,
            started_event)
        SELECT DISTINCT ON (1, 2)
            subject, placement_post(data), (data ->> 'vacancy')::uuid, event_day(data, time),
            data ->> 'placement', data ->> 'employer', data ->> 'kind', data ->> 'vocation',
            data ->> 'occupation', data ->> 'employment_status', data ->> 'agreement_ref',
            source, region, time, event_key
        FROM stage WHERE type = 'placement.started'
        ORDER BY 1, 2, time DESC, event_key DESC
        ON CONFLICT (person, post) DO UPDATE SET (
            vacancy, started_on, placement, employer, kind, vocation, occupation,
            employment_status, agreement_ref, started_source, started_region, started_time,
            started_event) = (
            excluded.vacancy, excluded.started_on, excluded.placement, excluded.employer,
            excluded.kind, excluded.vocation, excluded.occupation, excluded.employment_status,
            excluded.agreement_ref, excluded.started_source, excluded.started_region,
            excluded.started_time, excluded.started_event)
        WHERE t.started_time IS NULL
            OR (excluded.started_time, excluded.started_event) > (t.started_time, t.started_event);
    END IF;

    IF 'placement.ended' = ANY (types) THEN
        INSERT INTO placement AS t (
            person, post, vacancy, ended_on, ended_employer, end_reason, ended_source,
            ended_region, ended_time, ended_event)
        SELECT DISTINCT ON (1, 2)
            subject, placement_post(data), (data ->> 'vacancy')::uuid, event_day(data, time),
            data ->> 'employer', data ->> 'reason', source, region, time, event_key
        FROM stage WHERE type = 'placement.ended'
        ORDER BY 1, 2, time DESC, event_key DESC
        ON CONFLICT (person, post) DO UPDATE SET (
            vacancy, ended_on, ended_employer, end_reason, ended_source, ended_region,
            ended_time, ended_event) = (
            excluded.vacancy, excluded.ended_on, excluded.ended_employer, excluded.end_reason,
            excluded.ended_source, excluded.ended_region, excluded.ended_time,
            excluded.ended_event)
        WHERE t.ended_time IS NULL
            OR (excluded.ended_time, excluded.ended_event) > (t.ended_time, t.ended_event);
    END IF;

    IF 'business.registered' = ANY (types) THEN
        INSERT INTO business AS t (
            person, business, registered_on, name, nib, kbli, kbli_version, product, vocation,
            needs_capital, amount_needed, needs_marketing, registered_source,
            registered_region, registered_time, registered_event)
        SELECT DISTINCT ON (1, 2)
            subject, (data ->> 'business')::uuid, event_day(data, time), data ->> 'name',
            data ->> 'nib', data ->> 'kbli', (data -> 'kbli_version')::integer,
            data ->> 'product', data ->> 'vocation', (data -> 'needs_capital')::boolean,
            (data -> 'amount_needed')::bigint, (data -> 'needs_marketing')::boolean, source,
            region, time, event_key
        FROM stage WHERE type = 'business.registered'
        ORDER BY 1, 2, time DESC, event_key DESC
        ON CONFLICT (person, business) DO UPDATE SET (
            registered_on, name, nib, kbli, kbli_version, product, vocation, needs_capital,
            amount_needed, needs_marketing, registered_source, registered_region,
            registered_time, registered_event) = (
            excluded.registered_on, excluded.name, excluded.nib, excluded.kbli,
            excluded.kbli_version, excluded.product, excluded.vocation, excluded.needs_capital,
            excluded.amount_needed, excluded.needs_marketing, excluded.registered_source,
            excluded.registered_region, excluded.registered_time, excluded.registered_event)
        WHERE t.registered_time IS NULL
            OR (excluded.registered_time, excluded.registered_event) > (t.registered_time, t.registered_event);
    END IF;

    IF 'business.closed' = ANY (types) THEN
        INSERT INTO business AS t (
            person, business, closed_on, close_reason, closed_source, closed_region,
            closed_time, closed_event)
        SELECT DISTINCT ON (1, 2)
            subject, (data ->> 'business')::uuid, event_day(data, time), data ->> 'reason',
            source, region, time, event_key
        FROM stage WHERE type = 'business.closed'
        ORDER BY 1, 2, time DESC, event_key DESC
        ON CONFLICT (person, business) DO UPDATE SET (
            closed_on, close_reason, closed_source, closed_region, closed_time, closed_event) = (
            excluded.closed_on, excluded.close_reason, excluded.closed_source,
            excluded.closed_region, excluded.closed_time, excluded.closed_event)
        WHERE t.closed_time IS NULL
            OR (excluded.closed_time, excluded.closed_event) > (t.closed_time, t.closed_event);
    END IF;

    IF 'cooperative.joined' = ANY (types) THEN
        INSERT INTO membership AS t (
            person, cooperative, joined_on, name, joined_source, joined_region, joined_time,
            joined_event)
        SELECT DISTINCT ON (1, 2)
            subject, (data ->> 'cooperative')::uuid, event_day(data, time), data ->> 'name',
            source, region, time, event_key
        FROM stage WHERE type = 'cooperative.joined'
        ORDER BY 1, 2, time DESC, event_key DESC
        ON CONFLICT (person, cooperative) DO UPDATE SET (
            joined_on, name, joined_source, joined_region, joined_time, joined_event) = (
            excluded.joined_on, excluded.name, excluded.joined_source, excluded.joined_region,
            excluded.joined_time, excluded.joined_event)
        WHERE t.joined_time IS NULL
            OR (excluded.joined_time, excluded.joined_event) > (t.joined_time, t.joined_event);
    END IF;

    IF 'cooperative.left' = ANY (types) THEN
        INSERT INTO membership AS t (
            person, cooperative, left_on, left_name, left_source, left_region, left_time,
            left_event)
        SELECT DISTINCT ON (1, 2)
            subject, (data ->> 'cooperative')::uuid, event_day(data, time), data ->> 'name',
            source, region, time, event_key
        FROM stage WHERE type = 'cooperative.left'
        ORDER BY 1, 2, time DESC, event_key DESC
        ON CONFLICT (person, cooperative) DO UPDATE SET (
            left_on, left_name, left_source, left_region, left_time, left_event) = (
            excluded.left_on, excluded.left_name, excluded.left_source, excluded.left_region,
            excluded.left_time, excluded.left_event)
        WHERE t.left_time IS NULL
            OR (excluded.left_time, excluded.left_event) > (t.left_time, t.left_event);
    END IF;

    IF 'mentoring.provided' = ANY (types) THEN
        INSERT INTO mentoring AS t (
            person, provided_on, topic, source, hours, region, time, event_key)
        SELECT DISTINCT ON (1, 2, 3, 4)
            subject, event_day(data, time), data ->> 'topic', source,
            (data -> 'hours')::numeric, region, time, event_key
        FROM stage WHERE type = 'mentoring.provided'
        ORDER BY 1, 2, 3, 4, time DESC, event_key DESC
        ON CONFLICT (person, provided_on, topic, source) DO UPDATE SET (
            hours, region, time, event_key) = (
            excluded.hours, excluded.region, excluded.time, excluded.event_key)
        WHERE (excluded.time, excluded.event_key) > (t.time, t.event_key);
    END IF;

    IF 'order.placed' = ANY (types) THEN
        INSERT INTO service_order AS t (
            service_order, placed_on, opd, service, description, value, needed_by,
            placed_source, placed_region, placed_time, placed_event)
        SELECT DISTINCT ON (1)
            subject, event_day(data, time), data ->> 'opd', data ->> 'service',
            data ->> 'description', (data -> 'value')::bigint, (data ->> 'needed_by')::date,
            source, region, time, event_key
        FROM stage WHERE type = 'order.placed'
        ORDER BY 1, time DESC, event_key DESC
        ON CONFLICT (service_order) DO UPDATE SET (
            placed_on, opd, service, description, value, needed_by, placed_source,
            placed_region, placed_time, placed_event) = (
            excluded.placed_on, excluded.opd, excluded.service, excluded.description,
            excluded.value, excluded.needed_by, excluded.placed_source, excluded.placed_region,
            excluded.placed_time, excluded.placed_event)
        WHERE t.placed_time IS NULL
            OR (excluded.placed_time, excluded.placed_event) > (t.placed_time, t.placed_event);
    END IF;

    IF 'order.completed' = ANY (types) THEN
        INSERT INTO service_order AS t (
            service_order, completed_on, person, completed_value, completed_source,
            completed_region, completed_time, completed_event)
        SELECT DISTINCT ON (1)
            subject, event_day(data, time), (data ->> 'person')::uuid,
            (data -> 'value')::bigint, source, region, time, event_key
        FROM stage WHERE type = 'order.completed'
        ORDER BY 1, time DESC, event_key DESC
        ON CONFLICT (service_order) DO UPDATE SET (
            completed_on, person, completed_value, completed_source, completed_region,
            completed_time, completed_event) = (
            excluded.completed_on, excluded.person, excluded.completed_value,
            excluded.completed_source, excluded.completed_region, excluded.completed_time,
            excluded.completed_event)
        WHERE t.completed_time IS NULL
            OR (excluded.completed_time, excluded.completed_event) > (t.completed_time, t.completed_event);
    END IF;

    IF 'order.offered' = ANY (types) THEN
        INSERT INTO order_offer AS t (
            person, service_order, offered_on, rank, reasons, source, region, time, event_key)
        SELECT DISTINCT ON (1, 2)
            subject, (data ->> 'order')::uuid, event_day(data, time),
            (data -> 'rank')::integer,
            ARRAY(SELECT jsonb_array_elements_text(data -> 'reasons')), source, region, time,
            event_key
        FROM stage WHERE type = 'order.offered'
        ORDER BY 1, 2, time DESC, event_key DESC
        ON CONFLICT (person, service_order) DO UPDATE SET (
            offered_on, rank, reasons, source, region, time, event_key) = (
            excluded.offered_on, excluded.rank, excluded.reasons, excluded.source,
            excluded.region, excluded.time, excluded.event_key)
        WHERE (excluded.time, excluded.event_key) > (t.time, t.event_key);
    END IF;

    IF 'loan.referred' = ANY (types) THEN
        INSERT INTO loan AS t (
            person, loan, referred_on, business, scheme, referred_amount, reasons,
            referred_source, referred_region, referred_time, referred_event)
        SELECT DISTINCT ON (1, 2)
            subject, loan_key(data), event_day(data, time), (data ->> 'business')::uuid,
            data ->> 'scheme', (data -> 'amount')::bigint,
            ARRAY(SELECT jsonb_array_elements_text(data -> 'reasons')), source, region, time,
            event_key
        FROM stage WHERE type = 'loan.referred'
        ORDER BY 1, 2, time DESC, event_key DESC
        ON CONFLICT (person, loan) DO UPDATE SET (
            referred_on, business, scheme, referred_amount, reasons, referred_source,
            referred_region, referred_time, referred_event) = (
            excluded.referred_on, excluded.business, excluded.scheme, excluded.referred_amount,
            excluded.reasons, excluded.referred_source, excluded.referred_region,
            excluded.referred_time, excluded.referred_event)
        WHERE t.referred_time IS NULL
            OR (excluded.referred_time, excluded.referred_event) > (t.referred_time, t.referred_event);
    END IF;

    IF 'loan.applied' = ANY (types) THEN
        INSERT INTO loan AS t (
            person, loan, applied_on, applied_business, applied_scheme, applied_amount,
            applied_source, applied_region, applied_time, applied_event)
        SELECT DISTINCT ON (1, 2)
            subject, loan_key(data), event_day(data, time), (data ->> 'business')::uuid,
            data ->> 'scheme', (data -> 'amount')::bigint, source, region, time, event_key
        FROM stage WHERE type = 'loan.applied'
        ORDER BY 1, 2, time DESC, event_key DESC
        ON CONFLICT (person, loan) DO UPDATE SET (
            applied_on, applied_business, applied_scheme, applied_amount, applied_source,
            applied_region, applied_time, applied_event) = (
            excluded.applied_on, excluded.applied_business, excluded.applied_scheme,
            excluded.applied_amount, excluded.applied_source, excluded.applied_region,
            excluded.applied_time, excluded.applied_event)
        WHERE t.applied_time IS NULL
            OR (excluded.applied_time, excluded.applied_event) > (t.applied_time, t.applied_event);
    END IF;

    IF 'loan.decided' = ANY (types) THEN
        INSERT INTO loan AS t (
            person, loan, decided_on, decided_scheme, decided_amount, decision,
            decision_reason, decided_source, decided_region, decided_time, decided_event)
        SELECT DISTINCT ON (1, 2)
            subject, loan_key(data), event_day(data, time), data ->> 'scheme',
            (data -> 'amount')::bigint, data ->> 'decision', data ->> 'reason', source, region,
            time, event_key
        FROM stage WHERE type = 'loan.decided'
        ORDER BY 1, 2, time DESC, event_key DESC
        ON CONFLICT (person, loan) DO UPDATE SET (
            decided_on, decided_scheme, decided_amount, decision, decision_reason,
            decided_source, decided_region, decided_time, decided_event) = (
            excluded.decided_on, excluded.decided_scheme, excluded.decided_amount,
            excluded.decision, excluded.decision_reason, excluded.decided_source,
            excluded.decided_region, excluded.decided_time, excluded.decided_event)
        WHERE t.decided_time IS NULL
            OR (excluded.decided_time, excluded.decided_event) > (t.decided_time, t.decided_event);
    END IF;

    IF 'loan.disbursed' = ANY (types) THEN
        INSERT INTO loan AS t (
            person, loan, disbursed_on, disbursed_business, disbursed_scheme, disbursed_amount,
            disbursed_source, disbursed_region, disbursed_time, disbursed_event)
        SELECT DISTINCT ON (1, 2)
            subject, loan_key(data), event_day(data, time), (data ->> 'business')::uuid,
            data ->> 'scheme', (data -> 'amount')::bigint, source, region, time, event_key
        FROM stage WHERE type = 'loan.disbursed'
        ORDER BY 1, 2, time DESC, event_key DESC
        ON CONFLICT (person, loan) DO UPDATE SET (
            disbursed_on, disbursed_business, disbursed_scheme, disbursed_amount,
            disbursed_source, disbursed_region, disbursed_time, disbursed_event) = (
            excluded.disbursed_on, excluded.disbursed_business, excluded.disbursed_scheme,
            excluded.disbursed_amount, excluded.disbursed_source, excluded.disbursed_region,
            excluded.disbursed_time, excluded.disbursed_event)
        WHERE t.disbursed_time IS NULL
            OR (excluded.disbursed_time, excluded.disbursed_event) > (t.disbursed_time, t.disbursed_event);
    END IF;

    IF 'loan.repaid' = ANY (types) THEN
        INSERT INTO loan_repayment AS t (
            person, loan, repaid_on, business, scheme, amount, collectability, source, region,
            time, event_key)
        SELECT DISTINCT ON (1, 2, 3)
            subject, loan_key(data), event_day(data, time), (data ->> 'business')::uuid,
            data ->> 'scheme', (data -> 'amount')::bigint,
            (data -> 'collectability')::smallint, source, region, time, event_key
        FROM stage WHERE type = 'loan.repaid'
        ORDER BY 1, 2, 3, time DESC, event_key DESC
        ON CONFLICT (person, loan, repaid_on) DO UPDATE SET (
            business, scheme, amount, collectability, source, region, time, event_key) = (
            excluded.business, excluded.scheme, excluded.amount, excluded.collectability,
            excluded.source, excluded.region, excluded.time, excluded.event_key)
        WHERE (excluded.time, excluded.event_key) > (t.time, t.event_key);
    END IF;

    IF 'accommodation.assessed' = ANY (types) THEN
        INSERT INTO accommodation AS t (
            person, category, assessed_on, needs, assessed_source, assessed_region,
            assessed_time, assessed_event)
        SELECT DISTINCT ON (1, 2)
            subject, data ->> 'category', event_day(data, time),
            ARRAY(SELECT jsonb_array_elements_text(data -> 'needs')), source, region, time,
            event_key
        FROM stage WHERE type = 'accommodation.assessed'
        ORDER BY 1, 2, time DESC, event_key DESC
        ON CONFLICT (person, category) DO UPDATE SET (
            assessed_on, needs, assessed_source, assessed_region, assessed_time, assessed_event) = (
            excluded.assessed_on, excluded.needs, excluded.assessed_source,
            excluded.assessed_region, excluded.assessed_time, excluded.assessed_event)
        WHERE t.assessed_time IS NULL
            OR (excluded.assessed_time, excluded.assessed_event) > (t.assessed_time, t.assessed_event);
    END IF;

    IF 'accommodation.provided' = ANY (types) THEN
        INSERT INTO accommodation AS t (
            person, category, provided_on, provided_needs, provided_source, provided_region,
            provided_time, provided_event)
        SELECT DISTINCT ON (1, 2)
            subject, data ->> 'category', event_day(data, time),
            ARRAY(SELECT jsonb_array_elements_text(data -> 'needs')), source, region, time,
            event_key
        FROM stage WHERE type = 'accommodation.provided'
        ORDER BY 1, 2, time DESC, event_key DESC
        ON CONFLICT (person, category) DO UPDATE SET (
            provided_on, provided_needs, provided_source, provided_region, provided_time,
            provided_event) = (
            excluded.provided_on, excluded.provided_needs, excluded.provided_source,
            excluded.provided_region, excluded.provided_time, excluded.provided_event)
        WHERE t.provided_time IS NULL
            OR (excluded.provided_time, excluded.provided_event) > (t.provided_time, t.provided_event);
    END IF;

    IF 'referral.made' = ANY (types) THEN
        INSERT INTO referral AS t (
            person, sent_to, purpose, made_on, source, region, time, event_key)
        SELECT DISTINCT ON (1, 2, 3)
            subject, data ->> 'to', data ->> 'purpose', event_day(data, time), source, region,
            time, event_key
        FROM stage WHERE type = 'referral.made'
        ORDER BY 1, 2, 3, time DESC, event_key DESC
        ON CONFLICT (person, sent_to, purpose) DO UPDATE SET (
            made_on, source, region, time, event_key) = (
            excluded.made_on, excluded.source, excluded.region, excluded.time,
            excluded.event_key)
        WHERE (excluded.time, excluded.event_key) > (t.time, t.event_key);
    END IF;

    IF 'quota.reported' = ANY (types) THEN
        INSERT INTO quota AS t (
            employer, reported_on, reported_employer_name, headcount, disabled_headcount,
            ownership, reported_source, reported_region, reported_time, reported_event)
        SELECT DISTINCT ON (1, 2)
            subject, event_day(data, time), data ->> 'employer_name',
            (data -> 'headcount')::integer, (data -> 'disabled_headcount')::integer,
            data ->> 'ownership', source, region, time, event_key
        FROM stage WHERE type = 'quota.reported'
        ORDER BY 1, 2, time DESC, event_key DESC
        ON CONFLICT (employer, reported_on) DO UPDATE SET (
            reported_employer_name, headcount, disabled_headcount, ownership, reported_source,
            reported_region, reported_time, reported_event) = (
            excluded.reported_employer_name, excluded.headcount, excluded.disabled_headcount,
            excluded.ownership, excluded.reported_source, excluded.reported_region,
            excluded.reported_time, excluded.reported_event)
        WHERE t.reported_time IS NULL
            OR (excluded.reported_time, excluded.reported_event) > (t.reported_time, t.reported_event);
    END IF;

    IF 'quota.shortfall' = ANY (types) THEN
        INSERT INTO quota AS t (
            employer, reported_on, shortfall_employer_name, required, employed, shortfall,
            shortfall_ownership, shortfall_source, shortfall_region, shortfall_time,
            shortfall_event)
        SELECT DISTINCT ON (1, 2)
            subject, event_day(data, time), data ->> 'employer_name',
            (data -> 'required')::integer, (data -> 'employed')::integer,
            (data -> 'shortfall')::integer, data ->> 'ownership', source, region, time,
            event_key
        FROM stage WHERE type = 'quota.shortfall'
        ORDER BY 1, 2, time DESC, event_key DESC
        ON CONFLICT (employer, reported_on) DO UPDATE SET (
            shortfall_employer_name, required, employed, shortfall, shortfall_ownership,
            shortfall_source, shortfall_region, shortfall_time, shortfall_event) = (
            excluded.shortfall_employer_name, excluded.required, excluded.employed,
            excluded.shortfall, excluded.shortfall_ownership, excluded.shortfall_source,
            excluded.shortfall_region, excluded.shortfall_time, excluded.shortfall_event)
        WHERE t.shortfall_time IS NULL
            OR (excluded.shortfall_time, excluded.shortfall_event) > (t.shortfall_time, t.shortfall_event);
    END IF;

    -- A graduate's consent is given with the graduation or by an event of its own.
    IF 'alumni.graduated' = ANY (types) OR 'consent.granted' = ANY (types) THEN
        INSERT INTO consent AS t (
            person, audience, granted_on, granted_purpose, granted_source, granted_region,
            granted_time, granted_event)
        SELECT DISTINCT ON (1, 2)
            subject, audience, event_day(data, time), data ->> 'purpose', source, region, time,
            event_key
        FROM stage,
            jsonb_array_elements_text(coalesce(data -> 'consent', data -> 'audiences')) AS audience WHERE type IN ('alumni.graduated', 'consent.granted')
        ORDER BY 1, 2, time DESC, event_key DESC
        ON CONFLICT (person, audience) DO UPDATE SET (
            granted_on, granted_purpose, granted_source, granted_region, granted_time,
            granted_event) = (
            excluded.granted_on, excluded.granted_purpose, excluded.granted_source,
            excluded.granted_region, excluded.granted_time, excluded.granted_event)
        WHERE t.granted_time IS NULL
            OR (excluded.granted_time, excluded.granted_event) > (t.granted_time, t.granted_event);
    END IF;

    IF 'consent.withdrawn' = ANY (types) THEN
        INSERT INTO consent AS t (
            person, audience, withdrawn_on, withdrawn_purpose, withdrawn_source,
            withdrawn_region, withdrawn_time, withdrawn_event)
        SELECT DISTINCT ON (1, 2)
            subject, audience, event_day(data, time), data ->> 'purpose', source, region, time,
            event_key
        FROM stage, jsonb_array_elements_text(data -> 'audiences') AS audience WHERE type = 'consent.withdrawn'
        ORDER BY 1, 2, time DESC, event_key DESC
        ON CONFLICT (person, audience) DO UPDATE SET (
            withdrawn_on, withdrawn_purpose, withdrawn_source, withdrawn_region,
            withdrawn_time, withdrawn_event) = (
            excluded.withdrawn_on, excluded.withdrawn_purpose, excluded.withdrawn_source,
            excluded.withdrawn_region, excluded.withdrawn_time, excluded.withdrawn_event)
        WHERE t.withdrawn_time IS NULL
            OR (excluded.withdrawn_time, excluded.withdrawn_event) > (t.withdrawn_time, t.withdrawn_event);
    END IF;

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
END $$;
COMMENT ON FUNCTION project IS 'Projects the events in the temporary table `stage`, which holds these types, to their tables';
