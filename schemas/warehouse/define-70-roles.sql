-- Who may read and write. jejaring_writer: everything, for a worker that does not own the schema.
-- jejaring_reader: facts and reports of the regions that jejaring.access_region gives a role, no raw
-- log, no specific personal data (UU 27/2022). jejaring_specific: besides, who has a disability, which
-- is for those whose duty it is. The roles cannot log in: administrators grant them.
-- jejaring_counter is nobody's: as it run the few functions that count for readers what these may not
-- see one by one, within the regions of who asks.
--
-- Without the right to create roles, and without the roles, all of this is left out and only the
-- owner can read.

DO $roles$
DECLARE
    name text;
    holder text;
    counts boolean := false;
    may_create CONSTANT boolean := (SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user);
    -- The regions of the current role, or everything.
    visible CONSTANT text := $policy$(SELECT jejaring.reads_everything())
        OR region IN (SELECT code FROM jejaring.readable_region)$policy$;
    by_region CONSTANT text[] := '{alumni,alumni_version,certification,incubation,outcome,application,placement,business,membership,mentoring,loan,loan_repayment,consent,order_offer,vacancy,batch,service_order,quota,standing,absorption_cell}';
    hidden CONSTANT text[] := '{event,erasure,refused_event,consumer_cursor,arrival,accommodation,referral}';
    -- They run as jejaring_counter.
    counting CONSTANT text[] := '{absorption_by_disability,funnel_by_disability,time_to_work_by_disability,evaluate_open}';
    spread text[]; -- over several machines, where there are no policies: readers get nothing of them
BEGIN
    FOREACH name IN ARRAY '{jejaring_writer,jejaring_reader,jejaring_specific,jejaring_counter}'::text[] LOOP
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            CONTINUE;
        ELSIF NOT may_create THEN
            RAISE NOTICE 'role % does not exist and may not be created: no roles, no row-level security', name;
            RETURN;
        END IF;
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', name);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- another database of this server was faster
        END;
    END LOOP;

    -- Who asks: also within a function that runs as jejaring_counter.
    CREATE OR REPLACE FUNCTION jejaring.asking_role() RETURNS name LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN current_user <> 'jejaring_counter' THEN current_user
        WHEN current_setting('role') = 'none' THEN session_user ELSE current_setting('role')::name END;
    COMMENT ON FUNCTION jejaring.asking_role IS 'The role whose regions are read';
    CREATE OR REPLACE FUNCTION jejaring.reads_everything() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
    RETURN EXISTS (SELECT FROM jejaring.access_region a JOIN pg_catalog.pg_roles r ON r.rolname = a.role_name
                   WHERE a.region = '*' AND pg_has_role(jejaring.asking_role(), r.oid, 'member'))
        -- The owner and the writer, when a function counts for them as jejaring_counter.
        OR EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = 'jejaring.standing'::regclass
                   AND pg_has_role(jejaring.asking_role(), c.relowner, 'member'))
        OR pg_has_role(jejaring.asking_role(), 'jejaring_writer', 'member');
    COMMENT ON FUNCTION jejaring.reads_everything IS 'True if the current role may read every region';
    CREATE OR REPLACE VIEW jejaring.readable_region WITH (security_invoker = true) AS
    SELECT g.code FROM jejaring.region g
        JOIN jejaring.access_region a ON a.region IN (g.code, g.province_code)
        JOIN pg_catalog.pg_roles r ON r.rolname = a.role_name
    WHERE pg_has_role(jejaring.asking_role(), r.oid, 'member');
    COMMENT ON VIEW jejaring.readable_region IS 'Regions that the current role may read';
    COMMENT ON COLUMN jejaring.readable_region.code IS 'Code of the region';

    spread := jejaring.spread_tables();
    GRANT USAGE ON SCHEMA jejaring TO jejaring_writer, jejaring_reader;
    GRANT ALL ON ALL TABLES IN SCHEMA jejaring TO jejaring_writer;
    REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON jejaring.migration FROM jejaring_writer;
    GRANT SELECT ON jejaring.region, jejaring.access_region, jejaring.readable_region,
        jejaring.absorption, jejaring.completeness, jejaring.placement_spell, jejaring.evidence,
        jejaring.standing_open, jejaring.disclosure TO jejaring_reader;
    REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON jejaring.disclosure FROM jejaring_writer;
    GRANT EXECUTE ON FUNCTION jejaring.open_months TO jejaring_writer;
    FOREACH name IN ARRAY spread LOOP
        EXECUTE format('REVOKE ALL ON jejaring.%I FROM jejaring_reader', name);
    END LOOP;
    FOREACH name IN ARRAY by_region || hidden || '{evidence}'::text[] LOOP
        CONTINUE WHEN name = ANY (spread);
        EXECUTE format('ALTER TABLE jejaring.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('DROP POLICY IF EXISTS writer ON jejaring.%I', name);
        EXECUTE format('DROP POLICY IF EXISTS reader ON jejaring.%I', name);
        EXECUTE format('CREATE POLICY writer ON jejaring.%I TO jejaring_writer USING (true) WITH CHECK (true)', name);
    END LOOP;
    FOREACH name IN ARRAY by_region LOOP
        CONTINUE WHEN name = ANY (spread);
        -- To whom the unit may turn tells of a disability, too.
        EXECUTE format('CREATE POLICY reader ON jejaring.%I FOR SELECT TO jejaring_reader USING (%s)', name,
            CASE name WHEN 'consent' THEN format('(%s) AND (audience <> ''disability'' OR jejaring.reads_specific())', visible)
                ELSE visible END);
        EXECUTE format('REVOKE ALL ON jejaring.%I FROM jejaring_reader, jejaring_specific', name);
        EXECUTE format('GRANT SELECT (%s) ON jejaring.%I TO jejaring_reader',
            (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
             WHERE attrelid = format('jejaring.%I', name)::regclass AND attnum > 0
                 AND NOT attisdropped AND attname NOT IN ('disability', 'disability_category', 'disability_needs')),
            name);
        IF name IN ('alumni', 'alumni_version', 'standing') THEN
            EXECUTE format('GRANT SELECT (disability) ON jejaring.%I TO jejaring_specific', name);
        END IF;
    END LOOP;
    -- Evidence has no region of its own: a graduate may work anywhere. It follows the graduation.
    IF 'evidence' <> ALL (spread) THEN
        CREATE POLICY reader ON jejaring.evidence FOR SELECT TO jejaring_reader
            USING (EXISTS (SELECT FROM jejaring.standing s WHERE s.person = evidence.person));
    END IF;

    -- Roles that hold others. Where that may not be, or the tables are spread over machines, the
    -- functions run with the rights of who calls them: readers get no reports by disability.
    BEGIN
        FOR name, holder IN VALUES ('jejaring_reader', 'jejaring_specific'), ('jejaring_specific', 'jejaring_counter'),
                                   ('jejaring_counter', current_user) LOOP
            IF NOT EXISTS (SELECT FROM pg_auth_members m WHERE m.roleid = name::regrole AND m.member = quote_ident(holder)::regrole)
                AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = holder) THEN
                EXECUTE format('GRANT %I TO %I', name, holder);
            END IF;
        END LOOP;
        counts := 'standing' <> ALL (spread);
    EXCEPTION WHEN unique_violation THEN
        counts := 'standing' <> ALL (spread); -- another database of this server was faster
    WHEN insufficient_privilege THEN
        RAISE NOTICE 'role jejaring_counter may not be granted to %: readers get no reports by disability', current_user;
    END;
    IF counts THEN
        GRANT CREATE ON SCHEMA jejaring TO jejaring_counter; -- only an owner who might have made it may own
    END IF;
    FOREACH name IN ARRAY counting LOOP
        CONTINUE WHEN NOT counts AND NOT (SELECT prosecdef FROM pg_proc WHERE oid = ('jejaring.' || name)::regproc);
        EXECUTE format('ALTER FUNCTION jejaring.%I SECURITY %s', name, CASE WHEN counts THEN 'DEFINER' ELSE 'INVOKER' END);
        EXECUTE format('ALTER FUNCTION jejaring.%I OWNER TO %I', name, CASE WHEN counts THEN 'jejaring_counter' ELSE current_user END);
    END LOOP;
    REVOKE CREATE ON SCHEMA jejaring FROM jejaring_counter;
END $roles$;
