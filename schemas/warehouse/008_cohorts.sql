-- Reports of what was known on a day, of a part of the cells, and of one region, in less time.
--
-- jejaring.standing tells when its history, cut off at a day, is what was known at a moment (which is
-- usual: things become known in the order in which they happen), so that few persons are left to be
-- evaluated anew. It is found by region. The counters tell what the definitions of the rate disagree
-- about. The rows come back when the definitions are applied: see define-40-settle.sql.
TRUNCATE standing, absorption_cell;

ALTER TABLE standing ADD COLUMN jumbled boolean[];
COMMENT ON COLUMN standing.known_from IS 'When this graduation became known';
COMMENT ON COLUMN standing.learnt_at IS 'Moments after known_from, ascending, at which something became known of the person or of this graduation';
COMMENT ON COLUMN standing.jumbled IS 'For each of learnt_at: true if what was known before was more than what history says of the days before learnt_of, so that the state must be evaluated anew; null: false for all';
CREATE INDEX standing_cell ON standing (region, year);
COMMENT ON INDEX standing_cell IS 'Reports of one region, and what a reader may see';
CREATE INDEX standing_jumbled ON standing (person) WHERE jumbled IS NOT NULL;
COMMENT ON INDEX standing_jumbled IS 'The few of whom a report of what was known on a day may have to ask anew';

ALTER TABLE absorption_cell ADD COLUMN placed_still bigint NOT NULL, ADD COLUMN placed_working bigint NOT NULL;
COMMENT ON COLUMN absorption_cell.placed_still IS 'Placed, and employed';
COMMENT ON COLUMN absorption_cell.placed_working IS 'Placed, and self-employed';

-- They take or return something else now, or are gone.
DROP FUNCTION IF EXISTS learn(uuid[]);
DROP FUNCTION IF EXISTS unsettled(date, timestamptz);
DROP FUNCTION IF EXISTS cohort_dimensions(text[]);
DROP FUNCTION IF EXISTS cohort_persons(text, text, boolean, boolean, boolean, boolean);
DROP FUNCTION IF EXISTS cohort_rows(text, boolean, boolean, boolean);
DROP FUNCTION IF EXISTS absorption_query(text[], text, text, boolean, boolean, boolean, boolean);
DROP FUNCTION IF EXISTS absorption(text[], text, date, timestamptz, text) CASCADE; -- the view absorption
DROP FUNCTION IF EXISTS absorption_explained(text[], text, date, timestamptz);
DROP FUNCTION IF EXISTS absorption_missing(text, boolean, text, date, timestamptz);
DROP FUNCTION IF EXISTS funnel(text[], date);
DROP FUNCTION IF EXISTS time_to_work(text[], date);
DROP FUNCTION IF EXISTS funding(text[], text, date, integer);
DROP FUNCTION IF EXISTS absorption_by_disability(text[], text, date, timestamptz, text);
DROP FUNCTION IF EXISTS absorption_shown(text[], text, date);
DROP FUNCTION IF EXISTS funnel_by_disability(text[], date);
DROP FUNCTION IF EXISTS time_to_work_by_disability(text[], date);
