-- Facts about a person: one row a fact, the version with the later (time, event key) wins. Every
-- primary key begins with `person`, the distribution column. Where a fact has halves that arrive
-- apart (started and ended), each half has its own version and the row joins them, whichever came
-- first. Amounts are whole rupiah; texts that are enumerations are those of schemas/events/.

CREATE TABLE alumni (
    person uuid NOT NULL,
    year integer NOT NULL,
    vocation text NOT NULL,
    batch text NOT NULL,
    graduated_on date NOT NULL,
    program text,
    funding text,
    extras text[] NOT NULL DEFAULT '{}',
    intent text,
    sex text,
    birth_year integer,
    education text,
    disability boolean NOT NULL DEFAULT false,
    disability_category text,
    disability_needs text[] NOT NULL DEFAULT '{}',
    recorded timestamptz NOT NULL,
    source text NOT NULL,
    region text NOT NULL,
    time timestamptz NOT NULL,
    event_key uuid NOT NULL,
    PRIMARY KEY (person, year, vocation, batch)
);
COMMENT ON TABLE alumni IS 'Graduations: one row for a person, vocation, batch and year';
COMMENT ON COLUMN alumni.person IS 'Person key (never the NIK). Distribution column';
COMMENT ON COLUMN alumni.year IS 'Year of the training (graduation year)';
COMMENT ON COLUMN alumni.vocation IS 'Vocation (kejuruan): slug of schemas/reference/vocations.csv';
COMMENT ON COLUMN alumni.batch IS 'Batch (angkatan) as the centre names it, e.g. II';
COMMENT ON COLUMN alumni.graduated_on IS 'Day of graduation';
COMMENT ON COLUMN alumni.program IS 'Training programme';
COMMENT ON COLUMN alumni.funding IS 'apbn, apbd or other';
COMMENT ON COLUMN alumni.extras IS 'Additional modules: digital_marketing, english, entrepreneurship, soft_skills';
COMMENT ON COLUMN alumni.intent IS 'What the graduate wanted: employment, self_employment or undecided';
COMMENT ON COLUMN alumni.sex IS 'female or male';
COMMENT ON COLUMN alumni.birth_year IS 'Year of birth';
COMMENT ON COLUMN alumni.education IS 'Highest school finished';
COMMENT ON COLUMN alumni.disability IS 'True if the graduate told of a disability';
COMMENT ON COLUMN alumni.disability_category IS 'Its category. Specific personal data';
COMMENT ON COLUMN alumni.disability_needs IS 'Functional needs. Specific personal data';
COMMENT ON COLUMN alumni.recorded IS 'When this version became known';
COMMENT ON COLUMN alumni.source IS 'Who said it';
COMMENT ON COLUMN alumni.region IS 'Region of the event: Kemendagri code with its dot';
COMMENT ON COLUMN alumni.time IS 'Version: time of the event behind this row';
COMMENT ON COLUMN alumni.event_key IS 'Version: key of that event';

CREATE TABLE alumni_version (LIKE alumni INCLUDING COMMENTS INCLUDING DEFAULTS);
ALTER TABLE alumni_version ADD PRIMARY KEY (person, year, vocation, batch, event_key);
COMMENT ON TABLE alumni_version IS 'Graduations: the versions that a later one in jejaring.alumni has replaced, so that what was known on a date can be told again';

CREATE TABLE certification (
    person uuid NOT NULL,
    scheme text NOT NULL,
    certified_on date NOT NULL,
    result text NOT NULL,
    score numeric,
    vocation text,
    batch text,
    year integer,
    skkni text,
    lsp text,
    valid_until date,
    certificate text,
    source text NOT NULL,
    region text NOT NULL,
    time timestamptz NOT NULL,
    event_key uuid NOT NULL,
    PRIMARY KEY (person, scheme, certified_on)
);
COMMENT ON TABLE certification IS 'Competency tests (uji kompetensi): one row for a person, scheme and day';
COMMENT ON COLUMN certification.person IS 'Person key (never the NIK). Distribution column';
COMMENT ON COLUMN certification.scheme IS 'Certification scheme';
COMMENT ON COLUMN certification.certified_on IS 'Day of the test';
COMMENT ON COLUMN certification.result IS 'competent or not_yet';
COMMENT ON COLUMN certification.score IS '0 to 100';
COMMENT ON COLUMN certification.vocation IS 'Vocation';
COMMENT ON COLUMN certification.batch IS 'Batch (angkatan)';
COMMENT ON COLUMN certification.year IS 'Year of the training';
COMMENT ON COLUMN certification.skkni IS 'National competency standard';
COMMENT ON COLUMN certification.lsp IS 'Certification body';
COMMENT ON COLUMN certification.valid_until IS 'Last day of validity';
COMMENT ON COLUMN certification.certificate IS 'Number of the certificate';
COMMENT ON COLUMN certification.source IS 'Who said it';
COMMENT ON COLUMN certification.region IS 'Region of the event: Kemendagri code with its dot';
COMMENT ON COLUMN certification.time IS 'Version: time of the event behind this row';
COMMENT ON COLUMN certification.event_key IS 'Version: key of that event';

CREATE TABLE incubation (
    person uuid NOT NULL,
    vocation text NOT NULL,
    batch text NOT NULL,
    selected_on date NOT NULL,
    year integer,
    rank integer NOT NULL,
    funder text,
    source text NOT NULL,
    region text NOT NULL,
    time timestamptz NOT NULL,
    event_key uuid NOT NULL,
    PRIMARY KEY (person, vocation, batch)
);
COMMENT ON TABLE incubation IS 'Selected for incubation: one row for a person, vocation and batch';
COMMENT ON COLUMN incubation.person IS 'Person key (never the NIK). Distribution column';
COMMENT ON COLUMN incubation.vocation IS 'Vocation';
COMMENT ON COLUMN incubation.batch IS 'Batch (angkatan)';
COMMENT ON COLUMN incubation.selected_on IS 'Day of the selection';
COMMENT ON COLUMN incubation.year IS 'Year of the training';
COMMENT ON COLUMN incubation.rank IS '1 to 3';
COMMENT ON COLUMN incubation.funder IS 'Who pays';
COMMENT ON COLUMN incubation.source IS 'Who said it';
COMMENT ON COLUMN incubation.region IS 'Region of the event: Kemendagri code with its dot';
COMMENT ON COLUMN incubation.time IS 'Version: time of the event behind this row';
COMMENT ON COLUMN incubation.event_key IS 'Version: key of that event';

CREATE TABLE outcome (
    person uuid NOT NULL,
    reported_on date NOT NULL,
    source text NOT NULL,
    status text NOT NULL,
    employment_status text,
    occupation text,
    employer text,
    match_to_training text,
    income_band text,
    method text,
    wave text,
    region text NOT NULL,
    time timestamptz NOT NULL,
    event_key uuid NOT NULL,
    PRIMARY KEY (person, reported_on, source)
);
COMMENT ON TABLE outcome IS 'Answers to tracer surveys and monitoring: one row for a person, day and source';
COMMENT ON COLUMN outcome.person IS 'Person key (never the NIK). Distribution column';
COMMENT ON COLUMN outcome.reported_on IS 'Day of the answer';
COMMENT ON COLUMN outcome.source IS 'Who asked';
COMMENT ON COLUMN outcome.status IS 'employed, self_employed, unemployed, studying or not_seeking';
COMMENT ON COLUMN outcome.employment_status IS 'BPS employment status';
COMMENT ON COLUMN outcome.occupation IS 'Occupation (KBJI)';
COMMENT ON COLUMN outcome.employer IS 'Employer as told';
COMMENT ON COLUMN outcome.match_to_training IS 'yes, partly or no';
COMMENT ON COLUMN outcome.income_band IS 'Band of monthly income';
COMMENT ON COLUMN outcome.method IS 'How the person was reached';
COMMENT ON COLUMN outcome.wave IS 'Survey wave: 1m, 6m, 12m, 24m or other';
COMMENT ON COLUMN outcome.region IS 'Region of the event: Kemendagri code with its dot';
COMMENT ON COLUMN outcome.time IS 'Version: time of the event behind this row';
COMMENT ON COLUMN outcome.event_key IS 'Version: key of that event';

CREATE TABLE application (
    person uuid NOT NULL,
    vacancy uuid NOT NULL,
    submitted_on date NOT NULL,
    source text NOT NULL,
    region text NOT NULL,
    time timestamptz NOT NULL,
    event_key uuid NOT NULL,
    PRIMARY KEY (person, vacancy)
);
COMMENT ON TABLE application IS 'Applications: one row for a person and vacancy';
COMMENT ON COLUMN application.person IS 'Person key (never the NIK). Distribution column';
COMMENT ON COLUMN application.vacancy IS 'Key of the vacancy';
COMMENT ON COLUMN application.submitted_on IS 'Day of the application';
COMMENT ON COLUMN application.source IS 'Who said it';
COMMENT ON COLUMN application.region IS 'Region of the event: Kemendagri code with its dot';
COMMENT ON COLUMN application.time IS 'Version: time of the event behind this row';
COMMENT ON COLUMN application.event_key IS 'Version: key of that event';

CREATE TABLE placement (
    person uuid NOT NULL,
    post uuid NOT NULL,
    vacancy uuid,
    proposed_on date,
    rank integer,
    reasons text[],
    proposed_source text,
    proposed_region text,
    proposed_time timestamptz,
    proposed_event uuid,
    started_on date,
    placement text,
    employer text,
    kind text,
    vocation text,
    occupation text,
    employment_status text,
    agreement_ref text,
    started_source text,
    started_region text,
    started_time timestamptz,
    started_event uuid,
    ended_on date,
    ended_employer text,
    end_reason text,
    ended_source text,
    ended_region text,
    ended_time timestamptz,
    ended_event uuid,
    region text GENERATED ALWAYS AS (coalesce(started_region, proposed_region, ended_region)) STORED,
    PRIMARY KEY (person, post)
);
COMMENT ON TABLE placement IS 'Placements: one row for a person and post; proposed, started and ended are joined whichever came first. Ends that name the post otherwise than its start stand in a row of their own: jejaring.placement_spell joins them';
COMMENT ON COLUMN placement.person IS 'Person key (never the NIK). Distribution column';
COMMENT ON COLUMN placement.post IS 'Key of the vacancy if it is named, else a hash of the employer''s name; all zeros if neither is';
COMMENT ON COLUMN placement.vacancy IS 'Key of the vacancy';
COMMENT ON COLUMN placement.proposed_on IS 'Day on which it was proposed; null: not known (yet)';
COMMENT ON COLUMN placement.rank IS 'Place in the list of proposals';
COMMENT ON COLUMN placement.reasons IS 'Why the rule chose this person';
COMMENT ON COLUMN placement.proposed_source IS 'Who said that it was proposed';
COMMENT ON COLUMN placement.proposed_region IS 'Region of the event that said that it was proposed';
COMMENT ON COLUMN placement.proposed_time IS 'Version: time of the event that said that it was proposed';
COMMENT ON COLUMN placement.proposed_event IS 'Version: key of that event';
COMMENT ON COLUMN placement.started_on IS 'Day on which it started; null: not known (yet)';
COMMENT ON COLUMN placement.placement IS 'The agency''s own code';
COMMENT ON COLUMN placement.employer IS 'Employer';
COMMENT ON COLUMN placement.kind IS 'employment or internship';
COMMENT ON COLUMN placement.vocation IS 'Vocation';
COMMENT ON COLUMN placement.occupation IS 'Occupation';
COMMENT ON COLUMN placement.employment_status IS 'BPS employment status';
COMMENT ON COLUMN placement.agreement_ref IS 'Internship agreement';
COMMENT ON COLUMN placement.started_source IS 'Who said that it started';
COMMENT ON COLUMN placement.started_region IS 'Region of the event that said that it started';
COMMENT ON COLUMN placement.started_time IS 'Version: time of the event that said that it started';
COMMENT ON COLUMN placement.started_event IS 'Version: key of that event';
COMMENT ON COLUMN placement.ended_on IS 'Day on which it ended; null: not known (yet)';
COMMENT ON COLUMN placement.ended_employer IS 'Employer as the end names it';
COMMENT ON COLUMN placement.end_reason IS 'finished, resigned, dismissed or other';
COMMENT ON COLUMN placement.ended_source IS 'Who said that it ended';
COMMENT ON COLUMN placement.ended_region IS 'Region of the event that said that it ended';
COMMENT ON COLUMN placement.ended_time IS 'Version: time of the event that said that it ended';
COMMENT ON COLUMN placement.ended_event IS 'Version: key of that event';
COMMENT ON COLUMN placement.region IS 'Region: that of the first half that is known, in the order of the columns';

CREATE TABLE business (
    person uuid NOT NULL,
    business uuid NOT NULL,
    registered_on date,
    name text,
    nib text,
    kbli text,
    kbli_version integer,
    product text,
    vocation text,
    needs_capital boolean,
    amount_needed bigint,
    needs_marketing boolean,
    registered_source text,
    registered_region text,
    registered_time timestamptz,
    registered_event uuid,
    closed_on date,
    close_reason text,
    closed_source text,
    closed_region text,
    closed_time timestamptz,
    closed_event uuid,
    region text GENERATED ALWAYS AS (coalesce(registered_region, closed_region)) STORED,
    PRIMARY KEY (person, business)
);
COMMENT ON TABLE business IS 'Businesses of alumni: one row for a person and business';
COMMENT ON COLUMN business.person IS 'Person key (never the NIK). Distribution column';
COMMENT ON COLUMN business.business IS 'Key of the business';
COMMENT ON COLUMN business.registered_on IS 'Day on which it was registered; null: not known (yet)';
COMMENT ON COLUMN business.name IS 'Name of the business';
COMMENT ON COLUMN business.nib IS 'Business number (NIB)';
COMMENT ON COLUMN business.kbli IS 'Line of business';
COMMENT ON COLUMN business.kbli_version IS 'Edition of KBLI: 2015, 2020 or 2025';
COMMENT ON COLUMN business.product IS 'What it makes or does';
COMMENT ON COLUMN business.vocation IS 'Vocation';
COMMENT ON COLUMN business.needs_capital IS 'Looks for capital';
COMMENT ON COLUMN business.amount_needed IS 'How much, in rupiah';
COMMENT ON COLUMN business.needs_marketing IS 'Looks for buyers';
COMMENT ON COLUMN business.registered_source IS 'Who said that it was registered';
COMMENT ON COLUMN business.registered_region IS 'Region of the event that said that it was registered';
COMMENT ON COLUMN business.registered_time IS 'Version: time of the event that said that it was registered';
COMMENT ON COLUMN business.registered_event IS 'Version: key of that event';
COMMENT ON COLUMN business.closed_on IS 'Day on which it was closed; null: not known (yet)';
COMMENT ON COLUMN business.close_reason IS 'Why';
COMMENT ON COLUMN business.closed_source IS 'Who said that it was closed';
COMMENT ON COLUMN business.closed_region IS 'Region of the event that said that it was closed';
COMMENT ON COLUMN business.closed_time IS 'Version: time of the event that said that it was closed';
COMMENT ON COLUMN business.closed_event IS 'Version: key of that event';
COMMENT ON COLUMN business.region IS 'Region: that of the first half that is known, in the order of the columns';

CREATE TABLE membership (
    person uuid NOT NULL,
    cooperative uuid NOT NULL,
    joined_on date,
    name text,
    joined_source text,
    joined_region text,
    joined_time timestamptz,
    joined_event uuid,
    left_on date,
    left_name text,
    left_source text,
    left_region text,
    left_time timestamptz,
    left_event uuid,
    region text GENERATED ALWAYS AS (coalesce(joined_region, left_region)) STORED,
    PRIMARY KEY (person, cooperative)
);
COMMENT ON TABLE membership IS 'Membership in cooperatives: one row for a person and cooperative';
COMMENT ON COLUMN membership.person IS 'Person key (never the NIK). Distribution column';
COMMENT ON COLUMN membership.cooperative IS 'Key of the cooperative';
COMMENT ON COLUMN membership.joined_on IS 'Day on which it was joined; null: not known (yet)';
COMMENT ON COLUMN membership.name IS 'Name of the cooperative';
COMMENT ON COLUMN membership.joined_source IS 'Who said that it was joined';
COMMENT ON COLUMN membership.joined_region IS 'Region of the event that said that it was joined';
COMMENT ON COLUMN membership.joined_time IS 'Version: time of the event that said that it was joined';
COMMENT ON COLUMN membership.joined_event IS 'Version: key of that event';
COMMENT ON COLUMN membership.left_on IS 'Day on which it was left; null: not known (yet)';
COMMENT ON COLUMN membership.left_name IS 'Name as the leaving names it';
COMMENT ON COLUMN membership.left_source IS 'Who said that it was left';
COMMENT ON COLUMN membership.left_region IS 'Region of the event that said that it was left';
COMMENT ON COLUMN membership.left_time IS 'Version: time of the event that said that it was left';
COMMENT ON COLUMN membership.left_event IS 'Version: key of that event';
COMMENT ON COLUMN membership.region IS 'Region: that of the first half that is known, in the order of the columns';

CREATE TABLE mentoring (
    person uuid NOT NULL,
    provided_on date NOT NULL,
    topic text NOT NULL,
    source text NOT NULL,
    hours numeric NOT NULL,
    region text NOT NULL,
    time timestamptz NOT NULL,
    event_key uuid NOT NULL,
    PRIMARY KEY (person, provided_on, topic, source)
);
COMMENT ON TABLE mentoring IS 'Mentoring: one row for a person, day, topic and source';
COMMENT ON COLUMN mentoring.person IS 'Person key (never the NIK). Distribution column';
COMMENT ON COLUMN mentoring.provided_on IS 'Day';
COMMENT ON COLUMN mentoring.topic IS 'technical, management, capital or marketing';
COMMENT ON COLUMN mentoring.source IS 'Who gave it';
COMMENT ON COLUMN mentoring.hours IS 'Hours';
COMMENT ON COLUMN mentoring.region IS 'Region of the event: Kemendagri code with its dot';
COMMENT ON COLUMN mentoring.time IS 'Version: time of the event behind this row';
COMMENT ON COLUMN mentoring.event_key IS 'Version: key of that event';

CREATE TABLE loan (
    person uuid NOT NULL,
    loan uuid NOT NULL,
    referred_on date,
    business uuid,
    scheme text,
    referred_amount bigint,
    reasons text[],
    referred_source text,
    referred_region text,
    referred_time timestamptz,
    referred_event uuid,
    applied_on date,
    applied_business uuid,
    applied_scheme text,
    applied_amount bigint,
    applied_source text,
    applied_region text,
    applied_time timestamptz,
    applied_event uuid,
    decided_on date,
    decided_scheme text,
    decided_amount bigint,
    decision text,
    decision_reason text,
    decided_source text,
    decided_region text,
    decided_time timestamptz,
    decided_event uuid,
    disbursed_on date,
    disbursed_business uuid,
    disbursed_scheme text,
    disbursed_amount bigint,
    disbursed_source text,
    disbursed_region text,
    disbursed_time timestamptz,
    disbursed_event uuid,
    region text GENERATED ALWAYS AS (coalesce(applied_region, referred_region, decided_region, disbursed_region)) STORED,
    PRIMARY KEY (person, loan)
);
COMMENT ON TABLE loan IS 'Loans: one row for a person and loan; the steps are joined whichever came first. A referral does not know the bank''s number yet and stands in a row of its own';
COMMENT ON COLUMN loan.person IS 'Person key (never the NIK). Distribution column';
COMMENT ON COLUMN loan.loan IS 'Key of the loan if the step names one, else a hash of business and scheme';
COMMENT ON COLUMN loan.referred_on IS 'Day on which it was referred; null: not known (yet)';
COMMENT ON COLUMN loan.business IS 'Key of the business it is for';
COMMENT ON COLUMN loan.scheme IS 'kur_super_mikro, kur_mikro, kur_kecil or other';
COMMENT ON COLUMN loan.referred_amount IS 'Rupiah';
COMMENT ON COLUMN loan.reasons IS 'Why the rule chose this scheme';
COMMENT ON COLUMN loan.referred_source IS 'Who said that it was referred';
COMMENT ON COLUMN loan.referred_region IS 'Region of the event that said that it was referred';
COMMENT ON COLUMN loan.referred_time IS 'Version: time of the event that said that it was referred';
COMMENT ON COLUMN loan.referred_event IS 'Version: key of that event';
COMMENT ON COLUMN loan.applied_on IS 'Day on which it was applied for; null: not known (yet)';
COMMENT ON COLUMN loan.applied_business IS 'Business named in the application';
COMMENT ON COLUMN loan.applied_scheme IS 'Scheme';
COMMENT ON COLUMN loan.applied_amount IS 'Rupiah';
COMMENT ON COLUMN loan.applied_source IS 'Who said that it was applied for';
COMMENT ON COLUMN loan.applied_region IS 'Region of the event that said that it was applied for';
COMMENT ON COLUMN loan.applied_time IS 'Version: time of the event that said that it was applied for';
COMMENT ON COLUMN loan.applied_event IS 'Version: key of that event';
COMMENT ON COLUMN loan.decided_on IS 'Day on which it was decided; null: not known (yet)';
COMMENT ON COLUMN loan.decided_scheme IS 'Scheme';
COMMENT ON COLUMN loan.decided_amount IS 'Rupiah';
COMMENT ON COLUMN loan.decision IS 'approved or refused';
COMMENT ON COLUMN loan.decision_reason IS 'Why';
COMMENT ON COLUMN loan.decided_source IS 'Who said that it was decided';
COMMENT ON COLUMN loan.decided_region IS 'Region of the event that said that it was decided';
COMMENT ON COLUMN loan.decided_time IS 'Version: time of the event that said that it was decided';
COMMENT ON COLUMN loan.decided_event IS 'Version: key of that event';
COMMENT ON COLUMN loan.disbursed_on IS 'Day on which it was disbursed; null: not known (yet)';
COMMENT ON COLUMN loan.disbursed_business IS 'Business named in the disbursement';
COMMENT ON COLUMN loan.disbursed_scheme IS 'Scheme';
COMMENT ON COLUMN loan.disbursed_amount IS 'Rupiah';
COMMENT ON COLUMN loan.disbursed_source IS 'Who said that it was disbursed';
COMMENT ON COLUMN loan.disbursed_region IS 'Region of the event that said that it was disbursed';
COMMENT ON COLUMN loan.disbursed_time IS 'Version: time of the event that said that it was disbursed';
COMMENT ON COLUMN loan.disbursed_event IS 'Version: key of that event';
COMMENT ON COLUMN loan.region IS 'Region: that of the first half that is known, in the order of the columns';

CREATE TABLE loan_repayment (
    person uuid NOT NULL,
    loan uuid NOT NULL,
    repaid_on date NOT NULL,
    business uuid,
    scheme text,
    amount bigint NOT NULL,
    collectability smallint,
    source text NOT NULL,
    region text NOT NULL,
    time timestamptz NOT NULL,
    event_key uuid NOT NULL,
    PRIMARY KEY (person, loan, repaid_on)
);
COMMENT ON TABLE loan_repayment IS 'Repayments: one row for a loan and day';
COMMENT ON COLUMN loan_repayment.person IS 'Person key (never the NIK). Distribution column';
COMMENT ON COLUMN loan_repayment.loan IS 'As in jejaring.loan';
COMMENT ON COLUMN loan_repayment.repaid_on IS 'Day';
COMMENT ON COLUMN loan_repayment.business IS 'Key of the business';
COMMENT ON COLUMN loan_repayment.scheme IS 'Scheme';
COMMENT ON COLUMN loan_repayment.amount IS 'Rupiah';
COMMENT ON COLUMN loan_repayment.collectability IS '1 (current) to 5 (loss)';
COMMENT ON COLUMN loan_repayment.source IS 'Who said it';
COMMENT ON COLUMN loan_repayment.region IS 'Region of the event: Kemendagri code with its dot';
COMMENT ON COLUMN loan_repayment.time IS 'Version: time of the event behind this row';
COMMENT ON COLUMN loan_repayment.event_key IS 'Version: key of that event';

CREATE TABLE accommodation (
    person uuid NOT NULL,
    category text NOT NULL,
    assessed_on date,
    needs text[],
    assessed_source text,
    assessed_region text,
    assessed_time timestamptz,
    assessed_event uuid,
    provided_on date,
    provided_needs text[],
    provided_source text,
    provided_region text,
    provided_time timestamptz,
    provided_event uuid,
    region text GENERATED ALWAYS AS (coalesce(assessed_region, provided_region)) STORED,
    PRIMARY KEY (person, category)
);
COMMENT ON TABLE accommodation IS 'Accommodation: one row for a person and functional category. Specific personal data';
COMMENT ON COLUMN accommodation.person IS 'Person key (never the NIK). Distribution column';
COMMENT ON COLUMN accommodation.category IS 'Functional category, never a diagnosis';
COMMENT ON COLUMN accommodation.assessed_on IS 'Day on which it was assessed; null: not known (yet)';
COMMENT ON COLUMN accommodation.needs IS 'Functional needs';
COMMENT ON COLUMN accommodation.assessed_source IS 'Who said that it was assessed';
COMMENT ON COLUMN accommodation.assessed_region IS 'Region of the event that said that it was assessed';
COMMENT ON COLUMN accommodation.assessed_time IS 'Version: time of the event that said that it was assessed';
COMMENT ON COLUMN accommodation.assessed_event IS 'Version: key of that event';
COMMENT ON COLUMN accommodation.provided_on IS 'Day on which it was provided; null: not known (yet)';
COMMENT ON COLUMN accommodation.provided_needs IS 'Needs that were met';
COMMENT ON COLUMN accommodation.provided_source IS 'Who said that it was provided';
COMMENT ON COLUMN accommodation.provided_region IS 'Region of the event that said that it was provided';
COMMENT ON COLUMN accommodation.provided_time IS 'Version: time of the event that said that it was provided';
COMMENT ON COLUMN accommodation.provided_event IS 'Version: key of that event';
COMMENT ON COLUMN accommodation.region IS 'Region: that of the first half that is known, in the order of the columns';

CREATE TABLE referral (
    person uuid NOT NULL,
    sent_to text NOT NULL,
    purpose text NOT NULL,
    made_on date NOT NULL,
    source text NOT NULL,
    region text NOT NULL,
    time timestamptz NOT NULL,
    event_key uuid NOT NULL,
    PRIMARY KEY (person, sent_to, purpose)
);
COMMENT ON TABLE referral IS 'Referrals to the disability service unit and others: one row for a person, receiver and purpose. Specific personal data';
COMMENT ON COLUMN referral.person IS 'Person key (never the NIK). Distribution column';
COMMENT ON COLUMN referral.sent_to IS 'Receiver';
COMMENT ON COLUMN referral.purpose IS 'Purpose';
COMMENT ON COLUMN referral.made_on IS 'Day';
COMMENT ON COLUMN referral.source IS 'Who said it';
COMMENT ON COLUMN referral.region IS 'Region of the event: Kemendagri code with its dot';
COMMENT ON COLUMN referral.time IS 'Version: time of the event behind this row';
COMMENT ON COLUMN referral.event_key IS 'Version: key of that event';

CREATE TABLE consent (
    person uuid NOT NULL,
    audience text NOT NULL,
    granted_on date,
    granted_purpose text,
    granted_source text,
    granted_region text,
    granted_time timestamptz,
    granted_event uuid,
    withdrawn_on date,
    withdrawn_purpose text,
    withdrawn_source text,
    withdrawn_region text,
    withdrawn_time timestamptz,
    withdrawn_event uuid,
    region text GENERATED ALWAYS AS (coalesce(granted_region, withdrawn_region)) STORED,
    given boolean GENERATED ALWAYS AS (granted_time IS NOT NULL AND (withdrawn_time IS NULL OR (granted_time, granted_event) > (withdrawn_time, withdrawn_event))) STORED,
    PRIMARY KEY (person, audience)
);
COMMENT ON TABLE consent IS 'Consent: one row for a person and audience';
COMMENT ON COLUMN consent.person IS 'Person key (never the NIK). Distribution column';
COMMENT ON COLUMN consent.audience IS 'With whom the person agreed to share';
COMMENT ON COLUMN consent.granted_on IS 'Day on which it was granted; null: not known (yet)';
COMMENT ON COLUMN consent.granted_purpose IS 'Purpose';
COMMENT ON COLUMN consent.granted_source IS 'Who said that it was granted';
COMMENT ON COLUMN consent.granted_region IS 'Region of the event that said that it was granted';
COMMENT ON COLUMN consent.granted_time IS 'Version: time of the event that said that it was granted';
COMMENT ON COLUMN consent.granted_event IS 'Version: key of that event';
COMMENT ON COLUMN consent.withdrawn_on IS 'Day on which it was withdrawn; null: not known (yet)';
COMMENT ON COLUMN consent.withdrawn_purpose IS 'Purpose';
COMMENT ON COLUMN consent.withdrawn_source IS 'Who said that it was withdrawn';
COMMENT ON COLUMN consent.withdrawn_region IS 'Region of the event that said that it was withdrawn';
COMMENT ON COLUMN consent.withdrawn_time IS 'Version: time of the event that said that it was withdrawn';
COMMENT ON COLUMN consent.withdrawn_event IS 'Version: key of that event';
COMMENT ON COLUMN consent.region IS 'Region: that of the first half that is known, in the order of the columns';
COMMENT ON COLUMN consent.given IS 'True if consent stands: granted, and not withdrawn since';

CREATE TABLE order_offer (
    person uuid NOT NULL,
    service_order uuid NOT NULL,
    offered_on date NOT NULL,
    rank integer NOT NULL,
    reasons text[] NOT NULL DEFAULT '{}',
    source text NOT NULL,
    region text NOT NULL,
    time timestamptz NOT NULL,
    event_key uuid NOT NULL,
    PRIMARY KEY (person, service_order)
);
COMMENT ON TABLE order_offer IS 'Orders offered to alumni: one row for a person and order';
COMMENT ON COLUMN order_offer.person IS 'Person key (never the NIK). Distribution column';
COMMENT ON COLUMN order_offer.service_order IS 'Key of the order';
COMMENT ON COLUMN order_offer.offered_on IS 'Day';
COMMENT ON COLUMN order_offer.rank IS 'Place in the rotation';
COMMENT ON COLUMN order_offer.reasons IS 'Why the rule chose this person';
COMMENT ON COLUMN order_offer.source IS 'Who said it';
COMMENT ON COLUMN order_offer.region IS 'Region of the event: Kemendagri code with its dot';
COMMENT ON COLUMN order_offer.time IS 'Version: time of the event behind this row';
COMMENT ON COLUMN order_offer.event_key IS 'Version: key of that event';
