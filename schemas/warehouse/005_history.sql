-- Reports of any day, from jejaring.standing alone: it keeps where each graduate stood on every day,
-- and when what was learnt of whom. `settled_on` and `recorded` said only that something had changed
-- since, which made a report of the past evaluate everybody anew.
ALTER TABLE standing
    DROP COLUMN settled_on,
    DROP COLUMN recorded,
    ADD COLUMN history bigint[],
    ADD COLUMN known_from timestamptz,
    ADD COLUMN learnt_at timestamptz[],
    ADD COLUMN learnt_of date[];
COMMENT ON COLUMN standing.history IS 'Every state since graduation: ascending, for each day on which there is evidence the day and the state from it on, see jejaring.state_on';
COMMENT ON COLUMN standing.known_from IS 'When the first of the person''s graduations became known';
COMMENT ON COLUMN standing.learnt_at IS 'Moments, ascending, at which something became known of the person';
COMMENT ON COLUMN standing.learnt_of IS 'For each of learnt_at: the earliest day about which anything became known then or later. What is learnt after a moment about later days only does not change what was known then of earlier ones';

-- They return something else now, or are gone.
DROP FUNCTION IF EXISTS evaluate(uuid[], date, timestamptz);
DROP FUNCTION IF EXISTS unpack_status(bigint, boolean);
DROP FUNCTION IF EXISTS unpack_formal(bigint);
DROP FUNCTION IF EXISTS unpack_witness(bigint);
DROP FUNCTION IF EXISTS absorption_query(text[], text, text, boolean, boolean);
