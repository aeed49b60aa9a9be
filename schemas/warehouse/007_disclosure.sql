-- From how many persons on reports tell of persons with a disability. It stands in the database since
-- readers must not choose it: several floors side by side tell more than each of them.
CREATE TABLE disclosure (
    is_it boolean PRIMARY KEY DEFAULT true CHECK (is_it),
    floor integer NOT NULL CHECK (floor >= 2)
);
COMMENT ON TABLE disclosure IS 'The one floor of counts of persons with a disability; set by `jejaringctl warehouse migrate` from `reports: floor`';
COMMENT ON COLUMN disclosure.is_it IS 'There is one row';
COMMENT ON COLUMN disclosure.floor IS 'Counts of persons with a disability are rounded to multiples of it';
INSERT INTO disclosure (floor) VALUES (5);
