-- What the absorption rate is computed from. All three tables are derived: they are maintained with
-- every batch and always equal what `jejaringctl warehouse rebuild` would make of jejaring.event.

CREATE TABLE evidence (
    person uuid NOT NULL,
    event_key uuid NOT NULL,
    fact uuid NOT NULL,
    on_date date NOT NULL,
    time timestamptz NOT NULL,
    recorded timestamptz NOT NULL,
    track text NOT NULL,
    ends boolean NOT NULL,
    status text,
    formal boolean,
    witness text NOT NULL,
    spell boolean NOT NULL,
    post uuid,
    employer uuid,
    PRIMARY KEY (person, event_key)
);
COMMENT ON TABLE evidence IS 'Everything that shows what became of a person: each version of each claim (a placement, a business, an order, a loan, a survey) and of what ends one. Nothing is ever updated here, so that what was known on any date can be told again';
COMMENT ON COLUMN evidence.person IS 'Person key (never the NIK). Distribution column';
COMMENT ON COLUMN evidence.event_key IS 'Event it comes from';
COMMENT ON COLUMN evidence.fact IS 'Versions of the same fact have the same hash here; the latest counts';
COMMENT ON COLUMN evidence.on_date IS 'Day from which it holds';
COMMENT ON COLUMN evidence.time IS 'Version: time of the event';
COMMENT ON COLUMN evidence.recorded IS 'When it became known';
COMMENT ON COLUMN evidence.track IS 'employment (placements, surveys of the employed), business (businesses, orders, loans, surveys of the self-employed) or none';
COMMENT ON COLUMN evidence.ends IS 'True: it ends claims of its track; false: it makes one, if it has a status';
COMMENT ON COLUMN evidence.status IS 'What it claims; null: an end, or the word of an order that now names somebody else';
COMMENT ON COLUMN evidence.formal IS 'Formal by the BPS rule; null: not told, or not working';
COMMENT ON COLUMN evidence.witness IS 'employer, cooperative, bank, opd or self';
COMMENT ON COLUMN evidence.spell IS 'True: holds until it is ended (placement, business); false: the state of one day (survey, order, loan)';
COMMENT ON COLUMN evidence.post IS 'Vacancy or business that it is about';
COMMENT ON COLUMN evidence.employer IS 'Hash of the employer''s name';

CREATE TABLE standing (
    person uuid NOT NULL,
    year integer NOT NULL,
    vocation text NOT NULL,
    batch text NOT NULL,
    region text NOT NULL,
    funding text,
    sex text,
    disability boolean NOT NULL,
    digital_marketing boolean NOT NULL,
    graduated_on date NOT NULL,
    several boolean NOT NULL,
    ahead boolean NOT NULL,
    settled_on date NOT NULL,
    recorded timestamptz NOT NULL,
    worked_on date,
    status text,
    formal boolean,
    witness text,
    placed boolean NOT NULL,
    status_6m text,
    formal_6m boolean,
    witness_6m text,
    placed_6m boolean NOT NULL,
    status_12m text,
    formal_12m boolean,
    witness_12m text,
    placed_12m boolean NOT NULL,
    PRIMARY KEY (person, year, vocation, batch)
);
COMMENT ON TABLE standing IS 'Where each graduation stands: now, and 6 and 12 months after it. What jejaring.evaluate says with everything that is known';
COMMENT ON COLUMN standing.person IS 'Person key (never the NIK). Distribution column';
COMMENT ON COLUMN standing.year IS 'As in jejaring.alumni';
COMMENT ON COLUMN standing.vocation IS 'As in jejaring.alumni';
COMMENT ON COLUMN standing.batch IS 'As in jejaring.alumni';
COMMENT ON COLUMN standing.region IS 'Region of the graduation';
COMMENT ON COLUMN standing.funding IS 'apbn, apbd or other';
COMMENT ON COLUMN standing.sex IS 'female or male';
COMMENT ON COLUMN standing.disability IS 'Told of a disability';
COMMENT ON COLUMN standing.digital_marketing IS 'Training had the digital marketing module';
COMMENT ON COLUMN standing.graduated_on IS 'Day of graduation';
COMMENT ON COLUMN standing.several IS 'The person has more than one graduation: reports must count the person once';
COMMENT ON COLUMN standing.ahead IS 'Some date lies after everything that is recorded of the person: reports must look again at the day they are for';
COMMENT ON COLUMN standing.settled_on IS 'Last day on which anything changes: from then on the columns without a suffix hold';
COMMENT ON COLUMN standing.recorded IS 'When the last of it became known';
COMMENT ON COLUMN standing.worked_on IS 'First day of work at or after graduation';
COMMENT ON COLUMN standing.status IS 'employed, self_employed, unemployed, studying or not_seeking; null: untraced (latest)';
COMMENT ON COLUMN standing.formal IS 'Formal by the BPS rule; null: not working, or not told (latest)';
COMMENT ON COLUMN standing.witness IS 'Who showed it: employer, cooperative, bank, opd, or self for the graduate''s own word (latest)';
COMMENT ON COLUMN standing.placed IS 'Had begun work at an employer that said so, whether or not it lasted (latest)';
COMMENT ON COLUMN standing.status_6m IS 'employed, self_employed, unemployed, studying or not_seeking; null: untraced (6 months after graduation)';
COMMENT ON COLUMN standing.formal_6m IS 'Formal by the BPS rule; null: not working, or not told (6 months after graduation)';
COMMENT ON COLUMN standing.witness_6m IS 'Who showed it: employer, cooperative, bank, opd, or self for the graduate''s own word (6 months after graduation)';
COMMENT ON COLUMN standing.placed_6m IS 'Had begun work at an employer that said so, whether or not it lasted (6 months after graduation)';
COMMENT ON COLUMN standing.status_12m IS 'employed, self_employed, unemployed, studying or not_seeking; null: untraced (12 months after graduation)';
COMMENT ON COLUMN standing.formal_12m IS 'Formal by the BPS rule; null: not working, or not told (12 months after graduation)';
COMMENT ON COLUMN standing.witness_12m IS 'Who showed it: employer, cooperative, bank, opd, or self for the graduate''s own word (12 months after graduation)';
COMMENT ON COLUMN standing.placed_12m IS 'Had begun work at an employer that said so, whether or not it lasted (12 months after graduation)';

-- The few rows that the counters below leave out.
CREATE INDEX standing_ahead ON standing (person) WHERE ahead;
COMMENT ON INDEX standing_ahead IS 'Rows that jejaring.absorption_cell leaves out';
CREATE INDEX standing_several ON standing (person) WHERE several;
COMMENT ON INDEX standing_several IS 'Persons whom a report must count once though they graduated more than once';
ALTER TABLE standing SET (fillfactor = 80);

CREATE TABLE absorption_cell (
    region text NOT NULL,
    year integer NOT NULL,
    graduates bigint NOT NULL,
    traced bigint NOT NULL,
    employed bigint NOT NULL,
    self_employed bigint NOT NULL,
    formal bigint NOT NULL,
    informal bigint NOT NULL,
    placed bigint NOT NULL,
    by_employer bigint NOT NULL,
    by_cooperative bigint NOT NULL,
    by_bank bigint NOT NULL,
    by_opd bigint NOT NULL,
    by_self bigint NOT NULL,
    PRIMARY KEY (region, year)
);
COMMENT ON TABLE absorption_cell IS 'Counters of the standing now by region and year, over the rows of jejaring.standing that are not ahead; each person counts once a cell. They keep the everyday report fast';
COMMENT ON COLUMN absorption_cell.region IS 'Region of the graduation';
COMMENT ON COLUMN absorption_cell.year IS 'Year of the training';
COMMENT ON COLUMN absorption_cell.graduates IS 'Persons';
COMMENT ON COLUMN absorption_cell.traced IS 'Persons with any evidence';
COMMENT ON COLUMN absorption_cell.employed IS 'Employed';
COMMENT ON COLUMN absorption_cell.self_employed IS 'Self-employed';
COMMENT ON COLUMN absorption_cell.formal IS 'Working formally';
COMMENT ON COLUMN absorption_cell.informal IS 'Working informally';
COMMENT ON COLUMN absorption_cell.placed IS 'Had begun work at an employer that said so';
COMMENT ON COLUMN absorption_cell.by_employer IS 'Working, shown by an employer';
COMMENT ON COLUMN absorption_cell.by_cooperative IS 'Working, shown by the cooperative agency';
COMMENT ON COLUMN absorption_cell.by_bank IS 'Working, shown by a bank';
COMMENT ON COLUMN absorption_cell.by_opd IS 'Working, shown by a government office';
COMMENT ON COLUMN absorption_cell.by_self IS 'Working by their own word';
ALTER TABLE absorption_cell SET (fillfactor = 50);
