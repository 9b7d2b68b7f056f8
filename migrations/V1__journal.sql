-- The journal: what is sent, to whom, and what came of it. Times are milliseconds since the Unix epoch, UTC.
-- Applied migrations never change; later versions add files. What is referenced is written in the same transaction or
-- before, so the references are not enforced: that would cost a look at each parent for every row.

-- A campaign is its instance and its name: both are in every client token.
CREATE TABLE campaign (
    id          INTEGER PRIMARY KEY,
    name        TEXT    NOT NULL UNIQUE,
    instance_id TEXT    NOT NULL,
    key_column  TEXT,               -- NULL: the number itself is the key
    service     TEXT    NOT NULL,   -- 'aws', 'loopback' or 'simulated': contacts of one are no contacts of another
    created_at  INTEGER NOT NULL,
    plan        INTEGER NOT NULL DEFAULT 0, -- how far the last plan is: 0 begun, 1 read, 2 agreed to, 3 streamed
    indexed     INTEGER NOT NULL DEFAULT 1 -- 0: `recipient` is to be made anew, the first plan was not finished
) STRICT;

-- What all rows of one plan have in common: the request with slots where rows differ. Never changed once written.
CREATE TABLE shape (
    id          INTEGER PRIMARY KEY,
    campaign_id INTEGER NOT NULL REFERENCES campaign (id),
    request     TEXT    NOT NULL,   -- JSON
    UNIQUE (campaign_id, request)
) STRICT;

-- The column names of a recipients file, in its order. The greatest `planned` is the file last planned from.
CREATE TABLE header (
    id          INTEGER PRIMARY KEY,
    campaign_id INTEGER NOT NULL REFERENCES campaign (id),
    columns     TEXT    NOT NULL,   -- JSON array
    planned     INTEGER NOT NULL DEFAULT 0,
    UNIQUE (campaign_id, columns)
) STRICT;

-- One row per line of the recipients file, and one per recipient that was in it once.
CREATE TABLE row (
    id               INTEGER PRIMARY KEY,
    campaign_id      INTEGER NOT NULL REFERENCES campaign (id),
    line             INTEGER,       -- where it stands in the file last read; NULL: not in it
    key              TEXT,          -- NULL: rejected before it had one
    destination      TEXT,          -- E.164
    state            INTEGER NOT NULL,
    client_token     BLOB,          -- 16 bytes
    shape_id         INTEGER REFERENCES shape (id),
    slots            TEXT,          -- JSON array: what fills the shape
    header_id        INTEGER NOT NULL REFERENCES header (id),
    cells            TEXT    NOT NULL, -- JSON array: the line's own cells
    attempts         INTEGER NOT NULL DEFAULT 0,
    first_attempt_at INTEGER,
    doubt_at         INTEGER,       -- the first attempt that may have started a contact; NULL: none may have
    settled_at       INTEGER,
    contact_id       ANY,           -- 16 bytes where it is a UUID, else text
    room             BLOB,          -- zeros that make way for what an attempt and its answer add: rows are written over in
                                    -- place, and pages need not be split
    code             TEXT,          -- the last refusal's or the rejection's code
    reason           TEXT           -- in words
) STRICT;

-- A recipient is in a campaign once. Rejections and duplicates are lines, not recipients. No index of `row`, so that a
-- campaign's first plan can write it sorted, after the rows.
CREATE TABLE recipient (
    campaign_id INTEGER NOT NULL REFERENCES campaign (id),
    key         TEXT    NOT NULL,
    row_id      INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, key)
) STRICT, WITHOUT ROWID;
-- What the engine takes next, in order, and what is in doubt. Small: rows leave it when they settle.
CREATE INDEX row_queued ON row (campaign_id, id) WHERE state = 0;
CREATE INDEX row_attempting ON row (campaign_id, id) WHERE state = 1;
CREATE INDEX row_uncertain ON row (campaign_id, id) WHERE state = 4;
-- What a new plan replaces, and what a report lists by line.
CREATE INDEX row_line ON row (campaign_id, line);

-- Counts by state, kept in the same transactions as the rows. Checked against the rows at every exit.
CREATE TABLE tally (
    campaign_id INTEGER NOT NULL REFERENCES campaign (id),
    state       INTEGER NOT NULL,
    rows        INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, state)
) STRICT, WITHOUT ROWID;

-- The pace of an account that several runs share: when the next request may leave, in microseconds.
CREATE TABLE pace (
    owner   TEXT    PRIMARY KEY,
    next_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row per execution of `campaign run` or `campaign resume`.
CREATE TABLE run (
    id          INTEGER PRIMARY KEY,
    campaign_id INTEGER NOT NULL REFERENCES campaign (id),
    started_at  INTEGER NOT NULL,
    seen_at     INTEGER NOT NULL,   -- last sign of life
    ended_at    INTEGER,            -- NULL: going on, or ended without saying so
    pid         INTEGER NOT NULL,
    version     TEXT    NOT NULL,
    file        TEXT,               -- NULL: resumed from the journal alone
    rate        REAL,               -- requests per second, as asked; NULL: found out by the run
    settings    TEXT    NOT NULL DEFAULT '[]', -- JSON array of pairs: what else was set, and how
    started     INTEGER NOT NULL DEFAULT 0,
    requests    INTEGER NOT NULL DEFAULT 0,
    throttled   INTEGER NOT NULL DEFAULT 0,
    retried     INTEGER NOT NULL DEFAULT 0,
    latencies   TEXT    NOT NULL DEFAULT '[]', -- JSON array: answers by how long they took
    in_flight   INTEGER NOT NULL DEFAULT 0, -- requests without an answer, as of seen_at
    pace        REAL,               -- requests per second as they may leave then, and...
    asked       REAL,               -- ...as they were asked for last; NULL: found out by the run
    burst       INTEGER,            -- ...with this burst
    mark_at     INTEGER,            -- a while before, to tell how fast it is: when...
    mark        INTEGER,            -- ...and how many had been started then
    exit        INTEGER,
    reason      TEXT
) STRICT;
CREATE INDEX run_campaign ON run (campaign_id, id);

-- How many requests of a run were throttled, by second. Seconds without any have no row.
CREATE TABLE throttle (
    run_id   INTEGER NOT NULL REFERENCES run (id),
    at       INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    PRIMARY KEY (run_id, at)
) STRICT, WITHOUT ROWID;

-- When a run sent nothing for a while, and why. It may have ended before.
CREATE TABLE pause (
    run_id   INTEGER NOT NULL REFERENCES run (id),
    began_at INTEGER NOT NULL,
    kind     INTEGER NOT NULL,      -- 0: the active chats quota was full; 1: a person had paused the campaign
    ends_at  INTEGER,               -- NULL: with the run, or not yet
    PRIMARY KEY (run_id, began_at, kind)
) STRICT, WITHOUT ROWID;

-- What people asked of a campaign from elsewhere, and which run did it when. Whether a campaign is paused says the latest
-- 'pause' or 'go'.
CREATE TABLE steering (
    id          INTEGER PRIMARY KEY,
    campaign_id INTEGER NOT NULL REFERENCES campaign (id),
    at          INTEGER NOT NULL,
    what        TEXT    NOT NULL,   -- 'pause', 'go', 'stop', 'pace', 'pace auto' or 'pace default'
    rate        REAL,               -- of 'pace': requests per second
    burst       INTEGER,            -- of a pace; NULL: as it is
    who         TEXT    NOT NULL,   -- user and process
    run_id      INTEGER REFERENCES run (id), -- the run that it is for; NULL: the campaign, whoever runs it
    taken_run   INTEGER REFERENCES run (id), -- the run that did it; NULL: none has, or not yet
    taken_at    INTEGER,
    in_flight   INTEGER             -- requests without an answer at that moment
) STRICT;
CREATE INDEX steering_campaign ON steering (campaign_id, id);
CREATE INDEX steering_run ON steering (run_id);

-- What people decided on uncertain rows.
CREATE TABLE decision (
    id         INTEGER PRIMARY KEY,
    row_id     INTEGER NOT NULL REFERENCES row (id),
    at         INTEGER NOT NULL,
    decision   TEXT    NOT NULL,
    contact_id TEXT
) STRICT;
CREATE INDEX decision_row ON decision (row_id);

-- Numbers that no campaign of this journal sends to, besides those on the lists that a definition names.
CREATE TABLE suppression (
    destination TEXT    PRIMARY KEY,   -- E.164
    added_at    INTEGER NOT NULL,
    note        TEXT
) STRICT, WITHOUT ROWID;

-- Whose numbers, keys and payloads were removed (`campaign journal purge`), and when. What is kept of a recipient is its
-- client token: `recipient.key` is then 'purged:' and the token in upper-case hexadecimal digits.
CREATE TABLE purge (
    campaign_id INTEGER PRIMARY KEY REFERENCES campaign (id),
    purged_at   INTEGER NOT NULL
) STRICT;
