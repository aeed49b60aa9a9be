-- Placements as spells: each start with the end that took it back.
CREATE OR REPLACE VIEW placement_spell WITH (security_invoker = true) AS
SELECT p.person, p.post, p.vacancy, p.employer, p.kind, p.vocation, p.occupation,
    p.employment_status, p.agreement_ref, p.started_on, e.ended_on, e.end_reason, p.region
FROM jejaring.placement p
    LEFT JOIN LATERAL (
        SELECT x.ended_on, x.end_reason
        FROM jejaring.placement x
        WHERE x.person = p.person AND x.ended_on >= p.started_on
            AND (x.post = p.post
                OR jejaring.name_key(x.ended_employer) = jejaring.name_key(p.employer)
                    AND (x.vacancy IS NULL OR p.vacancy IS NULL)
                OR x.vacancy IS NULL AND x.ended_employer IS NULL)
        ORDER BY x.ended_on LIMIT 1) AS e ON true
WHERE p.started_on IS NOT NULL;
COMMENT ON VIEW placement_spell IS 'Placements that started, each with its end; ended_on null: still going on';
COMMENT ON COLUMN placement_spell.person IS 'Person key';
COMMENT ON COLUMN placement_spell.post IS 'As in jejaring.placement';
COMMENT ON COLUMN placement_spell.vacancy IS 'Key of the vacancy';
COMMENT ON COLUMN placement_spell.employer IS 'Employer';
COMMENT ON COLUMN placement_spell.kind IS 'employment or internship';
COMMENT ON COLUMN placement_spell.vocation IS 'Vocation';
COMMENT ON COLUMN placement_spell.occupation IS 'Occupation';
COMMENT ON COLUMN placement_spell.employment_status IS 'BPS employment status';
COMMENT ON COLUMN placement_spell.agreement_ref IS 'Internship agreement';
COMMENT ON COLUMN placement_spell.started_on IS 'First day';
COMMENT ON COLUMN placement_spell.ended_on IS 'Day of the end; null: none is known';
COMMENT ON COLUMN placement_spell.end_reason IS 'finished, resigned, dismissed or other';
COMMENT ON COLUMN placement_spell.region IS 'Region';
