-- How many contacts of a run may be alive at once, where that is bounded: what the forecast of its end depends on.
ALTER TABLE run ADD COLUMN alive      INTEGER;  -- alive at the last sign of life
ALTER TABLE run ADD COLUMN alive_most INTEGER;  -- alive at once, at most
ALTER TABLE run ADD COLUMN alive_ms   INTEGER;  -- how long one lives
