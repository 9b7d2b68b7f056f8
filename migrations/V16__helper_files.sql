-- From here on a run's lock and mark are in one file each for all campaigns of the journal (journal.db.lock, journal.db.mark).
-- An earlier version does not look there: this version number keeps it from the journal. Nothing else changes.
SELECT 1;
