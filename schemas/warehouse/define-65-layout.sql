-- How the tables lie on disk: all in one place (the default), the log in months, or everything spread
-- over several machines by Citus. OPERATIONS.md tells when and how.

-- ---- Months ------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION log_is_partitioned() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT relkind = 'p' FROM pg_catalog.pg_class WHERE oid = to_regclass('jejaring.event'));
COMMENT ON FUNCTION log_is_partitioned IS 'True if jejaring.event is kept in months';

-- The first 48 bits of an event's key are its time in milliseconds: a month is a range of keys.
CREATE OR REPLACE FUNCTION key_month(event_key uuid) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN date_trunc('month', timestamp '1970-01-01' + interval '1 millisecond'
    * ('x' || substr(replace(event_key::text, '-', ''), 1, 12))::bit(48)::bigint)::date;
COMMENT ON FUNCTION key_month IS 'Month (UTC) of an event, from its key';

CREATE OR REPLACE FUNCTION month_key(month date) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN rpad(lpad(to_hex((month - date '1970-01-01') * 86400000::bigint), 12, '0'), 32, '0')::uuid;
COMMENT ON FUNCTION month_key IS 'Lowest event key of a month';

-- Makes the partitions of these months that are not there yet. With the rights of the owner, because
-- a worker that only writes may not make tables. Attached, not made in place: that lets readers of the
-- log go on. What lies before 1990 or behind 2099 has a partition each, whatever its month.
CREATE OR REPLACE FUNCTION open_months(months date[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = jejaring, pg_catalog, pg_temp
AS $$
DECLARE
    month date;
    name text;
BEGIN
    FOREACH month IN ARRAY months LOOP
        name := 'event_' || to_char(month, 'YYYY_MM');
        IF month < '1990-01-01' OR month >= '2100-01-01' OR to_regclass('jejaring.' || name) IS NOT NULL THEN
            CONTINUE;
        END IF;
        EXECUTE format('CREATE TABLE jejaring.%I (LIKE jejaring.event INCLUDING ALL)', name);
        EXECUTE format('COMMENT ON TABLE jejaring.%I IS %L', name, 'Raw log: the events of ' || to_char(month, 'YYYY-MM'));
        EXECUTE format('ALTER TABLE jejaring.event ATTACH PARTITION jejaring.%I FOR VALUES FROM (%L) TO (%L)',
            name, month_key(month), month_key((month + interval '1 month')::date));
    END LOOP;
END $$;
COMMENT ON FUNCTION open_months IS 'Makes the partitions of jejaring.event for these months (first days) that are missing';
REVOKE EXECUTE ON FUNCTION open_months FROM PUBLIC;

-- From one table to months, with all that is in it. In one transaction: whoever writes or reads the
-- log waits. Returns the number of events that were moved. The rights come with the definitions,
-- which are therefore due again.
CREATE OR REPLACE FUNCTION partition_log() RETURNS bigint
LANGUAGE plpgsql
SET search_path = jejaring, pg_catalog
AS $$
DECLARE
    moved bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(7311146, 1); -- no batch meanwhile
    IF log_is_partitioned() THEN
        RETURN 0;
    END IF;
    ALTER TABLE event RENAME TO event_whole;
    ALTER INDEX event_pkey RENAME TO event_whole_pkey;
    ALTER INDEX event_completed_by RENAME TO event_whole_completed_by;
    CREATE TABLE event (LIKE event_whole INCLUDING DEFAULTS INCLUDING COMMENTS) PARTITION BY RANGE (event_key);
    ALTER TABLE event ADD PRIMARY KEY (subject, event_key);
    CREATE INDEX event_completed_by ON event (((data ->> 'person')::uuid))
        WHERE type = 'order.completed' AND data ? 'person';
    COMMENT ON INDEX event_completed_by IS 'Finds the orders that name a person when that person is erased';
    EXECUTE format('COMMENT ON TABLE event IS %L', obj_description('event_whole'::regclass, 'pg_class') || '. In months');
    EXECUTE format('CREATE TABLE event_early PARTITION OF event FOR VALUES FROM (MINVALUE) TO (%L)', month_key('1990-01-01'));
    EXECUTE format('CREATE TABLE event_late PARTITION OF event FOR VALUES FROM (%L) TO (MAXVALUE)', month_key('2100-01-01'));
    COMMENT ON TABLE event_early IS 'Raw log: events before 1990';
    COMMENT ON TABLE event_late IS 'Raw log: events after 2099';
    PERFORM open_months(ARRAY(SELECT DISTINCT key_month(event_key) FROM event_whole));
    INSERT INTO event (
        subject, event_key, type, source, id, time, recordedtime, region, recipient, cause, data, extra)
    SELECT subject, event_key, type, source, id, time, recordedtime, region, recipient, cause, data, extra
    FROM event_whole;
    GET DIAGNOSTICS moved = ROW_COUNT;
    DROP TABLE event_whole;
    DELETE FROM migration WHERE name = 'definitions';
    RETURN moved;
END $$;
COMMENT ON FUNCTION partition_log IS 'Turns jejaring.event into a table of months, with all that is in it; returns how many events were moved';

-- ---- Citus ---------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION spread_tables() RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = jejaring, pg_catalog, public
AS $$
BEGIN
    IF to_regclass('pg_dist_partition') IS NULL THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(SELECT c.relname::text FROM pg_dist_partition d JOIN pg_class c ON c.oid = d.logicalrelid
                 WHERE c.relnamespace = 'jejaring'::regnamespace);
END $$;
COMMENT ON FUNCTION spread_tables IS 'The tables that Citus has spread or copied already; none without Citus';

-- Spreads what is not spread yet, with its rows; returns how many tables that were. All keys are
-- uuids, so that all tables lie together: what is about one person, and what is joined with it, is on
-- one machine. Citus takes no policies with subqueries (checked against Citus 12), and those for
-- readers have some: they go, and with the next definitions readers lose these tables altogether.
CREATE OR REPLACE FUNCTION distribute() RETURNS integer
LANGUAGE plpgsql
SET search_path = jejaring, pg_catalog, public
AS $$
DECLARE
    item record;
    policy text;
    spread integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(7311146, 1);
    FOR item IN SELECT d.name, d.by_column FROM distribution() d WHERE d.name <> ALL (spread_tables()) LOOP
        FOR policy IN SELECT policyname FROM pg_policies WHERE schemaname = 'jejaring' AND tablename = item.name LOOP
            EXECUTE format('DROP POLICY %I ON jejaring.%I', policy, item.name);
        END LOOP;
        EXECUTE format('ALTER TABLE jejaring.%I DISABLE ROW LEVEL SECURITY', item.name);
        IF item.by_column IS NULL THEN
            PERFORM create_reference_table(format('jejaring.%I', item.name)::regclass);
        ELSIF item.name = 'event' THEN
            PERFORM create_distributed_table('jejaring.event'::regclass, item.by_column, colocate_with => 'none');
        ELSE
            PERFORM create_distributed_table(format('jejaring.%I', item.name)::regclass, item.by_column,
                                             colocate_with => 'jejaring.event');
        END IF;
        spread := spread + 1;
    END LOOP;
    IF spread > 0 THEN
        DELETE FROM migration m WHERE m.name = 'definitions';
    END IF;
    RETURN spread;
END $$;
COMMENT ON FUNCTION distribute IS 'Spreads the tables over the machines of a Citus cluster; returns how many';
REVOKE EXECUTE ON FUNCTION partition_log, distribute FROM PUBLIC;
