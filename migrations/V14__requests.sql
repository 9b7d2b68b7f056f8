-- When requests left, and under which hours: what proves afterwards that none left while they were closed.

-- When the request left that was answered with a contact; NULL: none was, or a version before wrote it.
ALTER TABLE row ADD COLUMN requested_at INTEGER;

-- When the others left: those that were refused, or not answered. One whose process died before its answer has none.
CREATE TABLE request (
    row_id INTEGER NOT NULL REFERENCES row (id),
    at     INTEGER NOT NULL,
    PRIMARY KEY (row_id, at)
) STRICT, WITHOUT ROWID;

-- Hours and schedules that runs kept, as JSON. Never changed once written.
CREATE TABLE terms (
    id    INTEGER PRIMARY KEY,
    terms TEXT    NOT NULL UNIQUE
) STRICT;
ALTER TABLE run ADD COLUMN terms_id INTEGER REFERENCES terms (id);  -- NULL: it kept none
