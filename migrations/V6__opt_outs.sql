-- Opt-out lists of accounts, as last read from AWS End User Messaging.
CREATE TABLE opt_out_list (
    id       INTEGER PRIMARY KEY,
    owner    TEXT    NOT NULL,      -- service, account and Region
    name     TEXT    NOT NULL,
    read_at  INTEGER,               -- when the last whole reading began; NULL: never read to the end
    numbers  INTEGER NOT NULL DEFAULT 0, -- what it had then
    began_at INTEGER,               -- when the reading under way began; NULL: none is
    reading  INTEGER NOT NULL DEFAULT 0, -- the number of the last reading
    next     TEXT,                  -- where its next page begins; NULL: with the first
    so_far   INTEGER NOT NULL DEFAULT 0, -- numbers that it has read
    UNIQUE (owner, name)
) STRICT;

CREATE TABLE opt_out (
    destination  TEXT    NOT NULL,  -- E.164
    list_id      INTEGER NOT NULL REFERENCES opt_out_list (id),
    opted_out_at INTEGER NOT NULL,
    reading      INTEGER NOT NULL,  -- the last reading that found it; an older one than the list's last: it opted in again
    PRIMARY KEY (destination, list_id)
) STRICT, WITHOUT ROWID;
