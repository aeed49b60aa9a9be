-- What begins and ends, or is granted and withdrawn, at one moment has ended, or is withdrawn: a file
-- tells a day, and no hour, and which of the two events has the greater key is chance.
ALTER TABLE consent DROP COLUMN given;
ALTER TABLE consent ADD COLUMN given boolean
    GENERATED ALWAYS AS (granted_time IS NOT NULL AND (withdrawn_time IS NULL OR granted_time > withdrawn_time)) STORED;
COMMENT ON COLUMN consent.given IS 'True if consent stands: granted, and not withdrawn since; at one moment the withdrawal counts';

ALTER TABLE vacancy DROP COLUMN open;
ALTER TABLE vacancy ADD COLUMN open boolean
    GENERATED ALWAYS AS (opened_time IS NOT NULL AND (closed_time IS NULL OR opened_time > closed_time)) STORED;
COMMENT ON COLUMN vacancy.open IS 'True if it was opened and not closed since (whatever valid_until says); at one moment the closing counts';

-- What a node's own plugins and hub say of a region is no report of that region: it is counted apart.
COMMENT ON COLUMN arrival.node IS 'Node that took them in (attribute origin); empty: told to the hub that this warehouse reads itself; *: said there by its own plugins, in answer to others, or of an erasure';
DROP FUNCTION IF EXISTS count_arrivals(text[], jsonb[], timestamptz[], integer);
TRUNCATE arrival;
INSERT INTO arrival
SELECT region, coalesce(extra ->> 'origin', CASE WHEN cause IS NOT NULL OR type = 'person.erased' THEN '*' ELSE '' END),
    (recordedtime AT TIME ZONE 'Asia/Jakarta')::date, count(*)
FROM event GROUP BY 1, 2, 3;
