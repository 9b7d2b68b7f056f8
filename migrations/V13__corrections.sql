-- What was tried before a failed row was corrected and tried again: with another payload, and so with another token. The row itself
-- is as if it had never been attempted.
CREATE TABLE earlier_attempt (
    row_id           INTEGER NOT NULL REFERENCES row (id),
    nth              INTEGER NOT NULL,   -- from 0, which had the token of the key alone
    client_token     BLOB    NOT NULL,   -- 16 bytes
    destination      TEXT,               -- E.164; NULL: purged, as the next three
    shape_id         INTEGER REFERENCES shape (id),
    slots            TEXT,
    reason           TEXT,
    attempts         INTEGER NOT NULL,
    first_attempt_at INTEGER,
    settled_at       INTEGER,
    code             TEXT,
    PRIMARY KEY (row_id, nth)
) STRICT, WITHOUT ROWID;

-- Where a correction took the place of a rejected line: the cells of that line. NULL: it did not.
ALTER TABLE row ADD COLUMN corrects TEXT;
