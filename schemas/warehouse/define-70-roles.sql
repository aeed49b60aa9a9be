-- Who may read and write. jejaring_writer: everything, for a worker that does not own the schema.
-- jejaring_reader: facts and reports of the regions that jejaring.access_region gives a role, no raw
-- log, no specific personal data (UU 27/2022). The roles cannot log in: administrators grant them.
--
-- Without the right to create roles, and without the roles, all of this is left out and only the
-- owner can read.

DO $roles$
DECLARE
    name text;
    may_create CONSTANT boolean := (SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user);
    -- The regions of the current role, or everything.
    visible CONSTANT text := $policy$(SELECT jejaring.reads_everything())
        OR region IN (SELECT code FROM jejaring.readable_region)$policy$;
    by_region CONSTANT text[] := '{alumni,alumni_version,certification,incubation,outcome,application,placement,business,membership,mentoring,loan,loan_repayment,consent,order_offer,vacancy,batch,service_order,quota,standing,absorption_cell}';
    hidden CONSTANT text[] := '{event,erasure,refused_event,consumer_cursor,arrival,accommodation,referral}';
    spread text[]; -- over several machines, where there are no policies: readers get nothing of them
BEGIN
    FOREACH name IN ARRAY '{jejaring_writer,jejaring_reader}'::text[] LOOP
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

    CREATE OR REPLACE FUNCTION jejaring.reads_everything() RETURNS boolean LANGUAGE sql STABLE
    RETURN EXISTS (SELECT FROM jejaring.access_region a JOIN pg_catalog.pg_roles r ON r.rolname = a.role_name
                   WHERE a.region = '*' AND pg_has_role(current_user, r.oid, 'member'));
    COMMENT ON FUNCTION jejaring.reads_everything IS 'True if the current role may read every region';
    CREATE OR REPLACE VIEW jejaring.readable_region WITH (security_invoker = true) AS
    SELECT g.code FROM jejaring.region g
        JOIN jejaring.access_region a ON a.region IN (g.code, g.province_code)
        JOIN pg_catalog.pg_roles r ON r.rolname = a.role_name
    WHERE pg_has_role(current_user, r.oid, 'member');
    COMMENT ON VIEW jejaring.readable_region IS 'Regions that the current role may read';
    COMMENT ON COLUMN jejaring.readable_region.code IS 'Code of the region';

    spread := jejaring.spread_tables();
    GRANT USAGE ON SCHEMA jejaring TO jejaring_writer, jejaring_reader;
    GRANT ALL ON ALL TABLES IN SCHEMA jejaring TO jejaring_writer;
    REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON jejaring.migration FROM jejaring_writer;
    GRANT SELECT ON jejaring.region, jejaring.access_region, jejaring.readable_region,
        jejaring.absorption, jejaring.completeness, jejaring.placement_spell, jejaring.evidence
        TO jejaring_reader;
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
        EXECUTE format('CREATE POLICY reader ON jejaring.%I FOR SELECT TO jejaring_reader USING (%s)', name, visible);
        EXECUTE format('GRANT SELECT (%s) ON jejaring.%I TO jejaring_reader',
            (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
             WHERE attrelid = format('jejaring.%I', name)::regclass AND attnum > 0
                 AND NOT attisdropped AND attname NOT IN ('disability_category', 'disability_needs')),
            name);
    END LOOP;
    -- Evidence has no region of its own: a graduate may work anywhere. It follows the graduation.
    IF 'evidence' <> ALL (spread) THEN
        CREATE POLICY reader ON jejaring.evidence FOR SELECT TO jejaring_reader
            USING (EXISTS (SELECT FROM jejaring.standing s WHERE s.person = evidence.person));
    END IF;
END $roles$;
