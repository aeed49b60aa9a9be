-- Reports of any day, from jejaring.standing alone: it keeps where each graduate stood on every day,
-- and when what was learnt of whom; before, a report of the past evaluated everybody anew of whom
-- something had happened since. What reports read of a row stands at its beginning, where it is found
-- fastest. The rows come back when the definitions are applied: see define-40-settle.sql.
DROP TABLE standing CASCADE; -- and the policy on evidence, which the definitions make again
TRUNCATE absorption_cell;

CREATE TABLE standing (
    person uuid NOT NULL,
    graduated_on date NOT NULL,
    year integer NOT NULL,
    several boolean NOT NULL,
    ahead boolean NOT NULL,
    disability boolean NOT NULL,
    digital_marketing boolean NOT NULL,
    region text NOT NULL,
    vocation text NOT NULL,
    batch text NOT NULL,
    funding text,
    sex text,
    state smallint,
    state_6m smallint,
    state_12m smallint,
    history bigint[] NOT NULL,
    worked_on date,
    certified_on date,
    proposed_on date,
    known_from timestamptz NOT NULL,
    learnt_at timestamptz[] NOT NULL,
    learnt_of date[] NOT NULL,
    status text,
    formal boolean,
    witness text,
    placed boolean NOT NULL,
    PRIMARY KEY (person, year, vocation, batch)
);
COMMENT ON TABLE standing IS 'Where each graduation stands: now, 6 and 12 months after it, and on every day. What jejaring.evaluate says with everything that is known';
COMMENT ON COLUMN standing.person IS 'Person key (never the NIK). Distribution column';
COMMENT ON COLUMN standing.graduated_on IS 'Day of graduation';
COMMENT ON COLUMN standing.year IS 'As in jejaring.alumni';
COMMENT ON COLUMN standing.several IS 'The person has more than one graduation: reports must count the person once';
COMMENT ON COLUMN standing.ahead IS 'Some date lies after everything that is recorded of the person: reports must look again at the day they are for';
COMMENT ON COLUMN standing.disability IS 'Told of a disability';
COMMENT ON COLUMN standing.digital_marketing IS 'Training had the digital marketing module';
COMMENT ON COLUMN standing.region IS 'Region of the graduation';
COMMENT ON COLUMN standing.vocation IS 'As in jejaring.alumni';
COMMENT ON COLUMN standing.batch IS 'As in jejaring.alumni';
COMMENT ON COLUMN standing.funding IS 'apbn, apbd or other';
COMMENT ON COLUMN standing.sex IS 'female or male';
COMMENT ON COLUMN standing.state IS 'Latest state, see jejaring.state_status; null: untraced';
COMMENT ON COLUMN standing.state_6m IS 'State 6 months after graduation; null: untraced by then';
COMMENT ON COLUMN standing.state_12m IS 'State 12 months after graduation; null: untraced by then';
COMMENT ON COLUMN standing.history IS 'Every state since graduation: ascending, for each day on which there is evidence the day and the state from it on, see jejaring.state_on';
COMMENT ON COLUMN standing.worked_on IS 'First day of work at or after graduation';
COMMENT ON COLUMN standing.certified_on IS 'First test with the result competent, for this vocation or for none named';
COMMENT ON COLUMN standing.proposed_on IS 'First proposal for a vacancy at or after graduation';
COMMENT ON COLUMN standing.known_from IS 'When the first of the person''s graduations became known';
COMMENT ON COLUMN standing.learnt_at IS 'Moments, ascending, at which something became known of the person';
COMMENT ON COLUMN standing.learnt_of IS 'For each of learnt_at: the earliest day about which anything became known then or later. What is learnt after a moment about later days only does not change what was known then of earlier ones';
COMMENT ON COLUMN standing.status IS 'The latest state in words: employed, self_employed, unemployed, studying or not_seeking; null: untraced';
COMMENT ON COLUMN standing.formal IS 'Formal by the BPS rule; null: not working, or not told (latest)';
COMMENT ON COLUMN standing.witness IS 'Who showed it: employer, cooperative, bank, opd, or self for the graduate''s own word (latest)';
COMMENT ON COLUMN standing.placed IS 'Had begun work at an employer that said so, whether or not it lasted (latest)';

-- The few rows that the counters leave out, and those of persons who must be counted once.
CREATE INDEX standing_ahead ON standing (person) WHERE ahead;
COMMENT ON INDEX standing_ahead IS 'Rows that jejaring.absorption_cell leaves out';
CREATE INDEX standing_several ON standing (person) WHERE several;
COMMENT ON INDEX standing_several IS 'Persons whom a report must count once though they graduated more than once';
ALTER TABLE standing SET (fillfactor = 80);

-- They return something else now, or are gone.
DROP FUNCTION IF EXISTS evaluate(uuid[], date, timestamptz);
DROP FUNCTION IF EXISTS unpack_status(bigint, boolean);
DROP FUNCTION IF EXISTS unpack_formal(bigint);
DROP FUNCTION IF EXISTS unpack_witness(bigint);
DROP FUNCTION IF EXISTS absorption_query(text[], text, text, boolean, boolean);
