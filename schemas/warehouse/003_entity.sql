-- Facts about vacancies, batches, orders and employers: one row an entity, keyed and distributed by
-- the entity, joined from halves like those of a person.

CREATE TABLE vacancy (
    vacancy uuid NOT NULL,
    opened_on date,
    employer text,
    title text,
    headcount integer,
    valid_until date,
    requirements text,
    wage_min bigint,
    wage_max bigint,
    location text,
    kind text,
    occupation text,
    vocations text[],
    regions text[],
    disability_friendly boolean,
    opened_source text,
    opened_region text,
    opened_time timestamptz,
    opened_event uuid,
    closed_on date,
    close_reason text,
    closed_source text,
    closed_region text,
    closed_time timestamptz,
    closed_event uuid,
    region text GENERATED ALWAYS AS (coalesce(opened_region, closed_region)) STORED,
    open boolean GENERATED ALWAYS AS (opened_time IS NOT NULL AND (closed_time IS NULL OR (opened_time, opened_event) > (closed_time, closed_event))) STORED,
    PRIMARY KEY (vacancy)
);
COMMENT ON TABLE vacancy IS 'Vacancies, with the fields of Perpres 57/2023: one row a vacancy';
COMMENT ON COLUMN vacancy.vacancy IS 'Key of the vacancy. Distribution column';
COMMENT ON COLUMN vacancy.opened_on IS 'Day on which it was opened; null: not known (yet)';
COMMENT ON COLUMN vacancy.employer IS 'Employer';
COMMENT ON COLUMN vacancy.title IS 'Title';
COMMENT ON COLUMN vacancy.headcount IS 'Seats';
COMMENT ON COLUMN vacancy.valid_until IS 'Last day';
COMMENT ON COLUMN vacancy.requirements IS 'Requirements';
COMMENT ON COLUMN vacancy.wage_min IS 'Lowest wage, rupiah a month';
COMMENT ON COLUMN vacancy.wage_max IS 'Highest wage';
COMMENT ON COLUMN vacancy.location IS 'Place of work';
COMMENT ON COLUMN vacancy.kind IS 'employment or internship';
COMMENT ON COLUMN vacancy.occupation IS 'Occupation';
COMMENT ON COLUMN vacancy.vocations IS 'Vocations it is open to; empty: any';
COMMENT ON COLUMN vacancy.regions IS 'Regions it accepts; empty: its own';
COMMENT ON COLUMN vacancy.disability_friendly IS 'Said to be open to persons with a disability';
COMMENT ON COLUMN vacancy.opened_source IS 'Who said that it was opened';
COMMENT ON COLUMN vacancy.opened_region IS 'Region of the event that said that it was opened';
COMMENT ON COLUMN vacancy.opened_time IS 'Version: time of the event that said that it was opened';
COMMENT ON COLUMN vacancy.opened_event IS 'Version: key of that event';
COMMENT ON COLUMN vacancy.closed_on IS 'Day on which it was closed; null: not known (yet)';
COMMENT ON COLUMN vacancy.close_reason IS 'filled, expired or withdrawn';
COMMENT ON COLUMN vacancy.closed_source IS 'Who said that it was closed';
COMMENT ON COLUMN vacancy.closed_region IS 'Region of the event that said that it was closed';
COMMENT ON COLUMN vacancy.closed_time IS 'Version: time of the event that said that it was closed';
COMMENT ON COLUMN vacancy.closed_event IS 'Version: key of that event';
COMMENT ON COLUMN vacancy.region IS 'Region: that of the first half that is known, in the order of the columns';
COMMENT ON COLUMN vacancy.open IS 'True if it was opened and not closed since (whatever valid_until says)';

CREATE TABLE batch (
    batch uuid NOT NULL,
    name text NOT NULL,
    program text,
    vocation text,
    year integer,
    participants integer NOT NULL,
    graduates integer NOT NULL,
    closed_on date NOT NULL,
    source text NOT NULL,
    region text NOT NULL,
    time timestamptz NOT NULL,
    event_key uuid NOT NULL,
    PRIMARY KEY (batch)
);
COMMENT ON TABLE batch IS 'Training batches that were closed: one row a batch';
COMMENT ON COLUMN batch.batch IS 'Key of the batch. Distribution column';
COMMENT ON COLUMN batch.name IS 'Batch (angkatan) as the centre names it';
COMMENT ON COLUMN batch.program IS 'Training programme';
COMMENT ON COLUMN batch.vocation IS 'Vocation';
COMMENT ON COLUMN batch.year IS 'Year of the training';
COMMENT ON COLUMN batch.participants IS 'Participants';
COMMENT ON COLUMN batch.graduates IS 'Graduates';
COMMENT ON COLUMN batch.closed_on IS 'Day on which the batch was closed';
COMMENT ON COLUMN batch.source IS 'Who said it';
COMMENT ON COLUMN batch.region IS 'Region of the event: Kemendagri code with its dot';
COMMENT ON COLUMN batch.time IS 'Version: time of the event behind this row';
COMMENT ON COLUMN batch.event_key IS 'Version: key of that event';

CREATE TABLE service_order (
    service_order uuid NOT NULL,
    placed_on date,
    opd text,
    service text,
    description text,
    value bigint,
    needed_by date,
    placed_source text,
    placed_region text,
    placed_time timestamptz,
    placed_event uuid,
    completed_on date,
    person uuid,
    completed_value bigint,
    completed_source text,
    completed_region text,
    completed_time timestamptz,
    completed_event uuid,
    region text GENERATED ALWAYS AS (coalesce(placed_region, completed_region)) STORED,
    PRIMARY KEY (service_order)
);
COMMENT ON TABLE service_order IS 'Orders of government offices (OPD): one row an order';
COMMENT ON COLUMN service_order.service_order IS 'Key of the order. Distribution column';
COMMENT ON COLUMN service_order.placed_on IS 'Day on which it was placed; null: not known (yet)';
COMMENT ON COLUMN service_order.opd IS 'Office that orders';
COMMENT ON COLUMN service_order.service IS 'Vocation or line of business';
COMMENT ON COLUMN service_order.description IS 'Description';
COMMENT ON COLUMN service_order.value IS 'Rupiah';
COMMENT ON COLUMN service_order.needed_by IS 'Wanted by';
COMMENT ON COLUMN service_order.placed_source IS 'Who said that it was placed';
COMMENT ON COLUMN service_order.placed_region IS 'Region of the event that said that it was placed';
COMMENT ON COLUMN service_order.placed_time IS 'Version: time of the event that said that it was placed';
COMMENT ON COLUMN service_order.placed_event IS 'Version: key of that event';
COMMENT ON COLUMN service_order.completed_on IS 'Day on which it was completed; null: not known (yet)';
COMMENT ON COLUMN service_order.person IS 'Person key of who did it; null: nobody is named, or the person was erased';
COMMENT ON COLUMN service_order.completed_value IS 'Rupiah';
COMMENT ON COLUMN service_order.completed_source IS 'Who said that it was completed';
COMMENT ON COLUMN service_order.completed_region IS 'Region of the event that said that it was completed';
COMMENT ON COLUMN service_order.completed_time IS 'Version: time of the event that said that it was completed';
COMMENT ON COLUMN service_order.completed_event IS 'Version: key of that event';
COMMENT ON COLUMN service_order.region IS 'Region: that of the first half that is known, in the order of the columns';

CREATE TABLE quota (
    employer uuid NOT NULL,
    reported_on date NOT NULL,
    reported_employer_name text,
    headcount integer,
    disabled_headcount integer,
    ownership text,
    reported_source text,
    reported_region text,
    reported_time timestamptz,
    reported_event uuid,
    shortfall_employer_name text,
    required integer,
    employed integer,
    shortfall integer,
    shortfall_ownership text,
    shortfall_source text,
    shortfall_region text,
    shortfall_time timestamptz,
    shortfall_event uuid,
    region text GENERATED ALWAYS AS (coalesce(reported_region, shortfall_region)) STORED,
    PRIMARY KEY (employer, reported_on)
);
COMMENT ON TABLE quota IS 'Employment of persons with a disability (UU 8/2016): one row for an employer and day of report';
COMMENT ON COLUMN quota.employer IS 'Key of the employer. Distribution column';
COMMENT ON COLUMN quota.reported_on IS 'Day of the report';
COMMENT ON COLUMN quota.reported_employer_name IS 'Name in the report';
COMMENT ON COLUMN quota.headcount IS 'All employees';
COMMENT ON COLUMN quota.disabled_headcount IS 'Employees with a disability';
COMMENT ON COLUMN quota.ownership IS 'government or private';
COMMENT ON COLUMN quota.reported_source IS 'Who reported';
COMMENT ON COLUMN quota.reported_region IS 'Region of the report';
COMMENT ON COLUMN quota.reported_time IS 'Version: time of the event behind the report';
COMMENT ON COLUMN quota.reported_event IS 'Version: key of that event';
COMMENT ON COLUMN quota.shortfall_employer_name IS 'Name in the finding';
COMMENT ON COLUMN quota.required IS 'How many the law asks for';
COMMENT ON COLUMN quota.employed IS 'How many there are';
COMMENT ON COLUMN quota.shortfall IS 'How many are missing';
COMMENT ON COLUMN quota.shortfall_ownership IS 'government or private';
COMMENT ON COLUMN quota.shortfall_source IS 'Who found the shortfall';
COMMENT ON COLUMN quota.shortfall_region IS 'Region of the finding';
COMMENT ON COLUMN quota.shortfall_time IS 'Version: time of the event behind the finding';
COMMENT ON COLUMN quota.shortfall_event IS 'Version: key of that event';
COMMENT ON COLUMN quota.region IS 'Region: that of the first half that is known, in the order of the columns';
