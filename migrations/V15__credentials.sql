-- When the credentials of a run end, as of its last sign of life.

ALTER TABLE run ADD COLUMN credentials_end_at INTEGER;  -- NULL: they do not, or a version before wrote it
