-- What became of started contacts, as the account's events tell it. Nothing here decides what is sent.

-- A message by End User Messaging's id: what its events and CloudTrail say of it, the truest word only.
CREATE TABLE message (
    message_id   ANY     PRIMARY KEY, -- 16 bytes where it is a UUID, else text
    destination  TEXT,                -- E.164; NULL: no event has named it
    trail        INTEGER NOT NULL,    -- 1: CloudTrail has named it, and not the event
    origination  TEXT,
    requested_at INTEGER,
    account      TEXT,
    region       TEXT,
    contact_id   ANY,                 -- of its context
    status       TEXT,                -- AWS's word; NULL: only CloudTrail has told of it
    description  TEXT,
    status_at    INTEGER,
    final        INTEGER NOT NULL DEFAULT 0,
    parts        INTEGER,
    price        REAL,                -- as it came
    carrier_fee  REAL,
    carrier      TEXT,
    country      TEXT,
    row_id       INTEGER REFERENCES row (id), -- NULL: no row, or not yet
    joined       INTEGER,             -- by what: 0 destination, 1 CloudTrail, 2 contact id
    why          INTEGER              -- why it has no row
) STRICT, WITHOUT ROWID;
CREATE INDEX message_row ON message (row_id) WHERE row_id IS NOT NULL;
CREATE INDEX message_unmatched ON message (why) WHERE row_id IS NULL AND status IS NOT NULL;
CREATE INDEX message_contact ON message (contact_id) WHERE row_id IS NULL AND contact_id IS NOT NULL;

-- A contact by its id: when it began and ended. Those of other tools' contacts have no row.
CREATE TABLE contact_event (
    contact_id   ANY     PRIMARY KEY, -- 16 bytes where it is a UUID, else text
    initiated_at INTEGER,
    ended_at     INTEGER,
    end_reason   TEXT,
    replied      INTEGER,             -- 1: the customer wrote, 0: not; NULL: not told
    instance     TEXT,
    row_id       INTEGER REFERENCES row (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_event_unmatched ON contact_event (contact_id) WHERE row_id IS NULL;

-- Both of them by row: what reports show. Derived, and written in the same transaction.
CREATE TABLE delivery (
    row_id      INTEGER PRIMARY KEY REFERENCES row (id),
    campaign_id INTEGER NOT NULL REFERENCES campaign (id),
    delivery    INTEGER,              -- of the first message: 0 delivered, 1 undelivered, 2 pending, 3 unknown; NULL: not told
    status      TEXT,
    at          INTEGER,
    joined      INTEGER,
    messages    INTEGER NOT NULL,     -- how many the contact has
    parts       INTEGER,              -- of all of them
    price       REAL,
    carrier     TEXT,
    country     TEXT,
    ended_at    INTEGER,
    end_reason  TEXT,
    replied     INTEGER
) STRICT;
CREATE INDEX delivery_campaign ON delivery (campaign_id, delivery, status);

-- The phone number of a source, as a person or the account has said.
CREATE TABLE source_number (
    source TEXT PRIMARY KEY,          -- ARN
    number TEXT NOT NULL
) STRICT, WITHOUT ROWID;
