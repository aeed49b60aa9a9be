-- How much each region reported on each day, and through which node: who has not reported is seen
-- here, and no report has to read the log for it.
CREATE TABLE arrival (
    region text NOT NULL,
    node text NOT NULL,
    day date NOT NULL,
    events bigint NOT NULL,
    PRIMARY KEY (region, node, day)
);
ALTER TABLE arrival SET (fillfactor = 50);
COMMENT ON TABLE arrival IS 'Events of the log by region, node that took them in and day of recording. Counters only, no person';
COMMENT ON COLUMN arrival.region IS 'Region of the events: Kemendagri code with its dot';
COMMENT ON COLUMN arrival.node IS 'Node that took them in (attribute origin); empty: the hub that this warehouse reads itself';
COMMENT ON COLUMN arrival.day IS 'Day on which a hub first accepted them (recordedtime), in Jakarta';
COMMENT ON COLUMN arrival.events IS 'How many';

INSERT INTO arrival
SELECT region, coalesce(extra ->> 'origin', ''), (recordedtime AT TIME ZONE 'Asia/Jakarta')::date, count(*)
FROM event GROUP BY 1, 2, 3;
