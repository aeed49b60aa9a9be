-- The raw log, the consumers' cursors and what belongs to both.
--
-- jejaring.event is distributed by `subject` (the person, or the vacancy, order, employer ... that
-- the event is about), and `event_key` begins with the time: (subject, event_key) is therefore the
-- one unique key that both a distribution by person and a partition by month (RANGE over
-- event_key) allow, and it finds all that is known of a person without a second index.

CREATE TABLE event (
    subject uuid NOT NULL,
    event_key uuid NOT NULL,
    type text NOT NULL,
    source text NOT NULL,
    id text NOT NULL,
    time timestamptz NOT NULL,
    recordedtime timestamptz NOT NULL,
    region text NOT NULL,
    recipient text,
    cause text,
    data jsonb NOT NULL,
    extra jsonb,
    PRIMARY KEY (subject, event_key)
);
COMMENT ON TABLE event IS 'Raw log: every event that reached this warehouse, once. All other tables are projected from it and can be rebuilt from it';
COMMENT ON COLUMN event.subject IS 'What the event is about: the person key, or the key of the vacancy, batch, employer or order. Distribution column';
COMMENT ON COLUMN event.event_key IS 'Key of the event, 128 bits: 48 bits of time in milliseconds, 80 bits of a hash over source and id. Decides between events of the same time';
COMMENT ON COLUMN event.type IS 'Event type, e.g. alumni.graduated';
COMMENT ON COLUMN event.source IS 'Agency system that said it';
COMMENT ON COLUMN event.id IS 'Id that the source gave the event; unique per source';
COMMENT ON COLUMN event.time IS 'When it happened. Of two versions of a fact the later time wins';
COMMENT ON COLUMN event.recordedtime IS 'When the first hub accepted it: what was known on a date is what had been recorded by then';
COMMENT ON COLUMN event.region IS 'Kemendagri code of the region, with its dot (33.75), or of the province (33)';
COMMENT ON COLUMN event.recipient IS 'Agency that alone may see it beside its owner; null: as the schema says';
COMMENT ON COLUMN event.cause IS 'Id of the event that this one answers';
COMMENT ON COLUMN event.data IS 'The event''s own data, as its schema describes it; vault members were cut out at intake';
COMMENT ON COLUMN event.extra IS 'CloudEvents attributes that have no column here (sequence, dataschema, ...)';

-- Orders whose completion names a person, for the erasure of that person.
CREATE INDEX event_completed_by ON event (((data ->> 'person')::uuid))
    WHERE type = 'order.completed' AND data ? 'person';
COMMENT ON INDEX event_completed_by IS 'Finds the orders that name a person when that person is erased';

CREATE TABLE consumer_cursor (
    node text NOT NULL,
    consumer text NOT NULL,
    cursor bigint NOT NULL,
    moved_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (node, consumer)
);
COMMENT ON TABLE consumer_cursor IS 'How far each warehouse worker has come. Moves in the transaction that stores the batch';
COMMENT ON COLUMN consumer_cursor.node IS 'Name of the node whose journal is read';
COMMENT ON COLUMN consumer_cursor.consumer IS 'Name of the plugin instance on that node';
COMMENT ON COLUMN consumer_cursor.cursor IS 'Journal cursor of the last event stored here';
COMMENT ON COLUMN consumer_cursor.moved_at IS 'When the cursor moved last';

CREATE TABLE refused_event (
    node text NOT NULL,
    consumer text NOT NULL,
    cursor bigint NOT NULL,
    event_key uuid NOT NULL,
    sqlstate text NOT NULL,
    reason text NOT NULL,
    refused_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (node, consumer, event_key)
);
COMMENT ON TABLE refused_event IS 'Events that the database refused, recorded with the batch they came in, so that an interrupted report to the hub''s quarantine is made again';
COMMENT ON COLUMN refused_event.node IS 'Node whose journal held the event';
COMMENT ON COLUMN refused_event.consumer IS 'Plugin instance that delivered it';
COMMENT ON COLUMN refused_event.cursor IS 'Cursor of the batch';
COMMENT ON COLUMN refused_event.event_key IS 'Key of the event; the event itself is in the node''s quarantine';
COMMENT ON COLUMN refused_event.sqlstate IS 'SQLSTATE of the refusal';
COMMENT ON COLUMN refused_event.reason IS 'What was wrong; never a value of the event';
COMMENT ON COLUMN refused_event.refused_at IS 'When';

CREATE TABLE erasure (
    person uuid PRIMARY KEY,
    time timestamptz NOT NULL,
    recorded timestamptz NOT NULL,
    event_key uuid NOT NULL
);
COMMENT ON TABLE erasure IS 'Tombstones: persons whose data was erased. Nothing that happened, or was said, up to then comes back';
COMMENT ON COLUMN erasure.person IS 'Person key';
COMMENT ON COLUMN erasure.time IS 'Time of the last person.erased; events up to it are gone, and refused when they arrive late';
COMMENT ON COLUMN erasure.recorded IS 'When a person.erased was last accepted; what was accepted before is gone, too, whatever time it names';
COMMENT ON COLUMN erasure.event_key IS 'That event';

CREATE TABLE region (
    code text PRIMARY KEY,
    name text NOT NULL,
    level text NOT NULL,
    province_code text NOT NULL
);
COMMENT ON TABLE region IS 'Reference: provinces, regencies and cities with their Kemendagri codes';
COMMENT ON COLUMN region.code IS 'Code with its dot: 33, 33.75';
COMMENT ON COLUMN region.name IS 'Official name';
COMMENT ON COLUMN region.level IS 'province, regency or city';
COMMENT ON COLUMN region.province_code IS 'Code of its province; a province''s own code';

CREATE TABLE access_region (
    role_name text NOT NULL,
    region text NOT NULL,
    PRIMARY KEY (role_name, region)
);
COMMENT ON TABLE access_region IS 'Which regions a role (or the members of a role) may read; a reader without a row here sees nothing';
COMMENT ON COLUMN access_region.role_name IS 'Name of a database role that is a member of jejaring_reader';
COMMENT ON COLUMN access_region.region IS 'Code of a region, of a province (all of its regions), or *';
