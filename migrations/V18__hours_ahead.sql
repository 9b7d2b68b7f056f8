-- What hours and the schedule do to the rest of a run, as its last heartbeat told. NULL: it keeps none, or a version before wrote it.
ALTER TABLE run ADD COLUMN closed_rows INTEGER;  -- rows whose hours were closed
ALTER TABLE run ADD COLUMN opens_at INTEGER;     -- when the first of them open
ALTER TABLE run ADD COLUMN ends_at INTEGER;      -- when the last contact is expected, or the campaign is over
