-- A journal of the first version, made by tests/upgrade/make.sh.
BEGIN;
CREATE TABLE refinery_schema_history(
             version int4 PRIMARY KEY,
             name VARCHAR(255),
             applied_on VARCHAR(255),
             checksum VARCHAR(255));
INSERT INTO "refinery_schema_history" VALUES (1, 'journal', '2026-03-01T09:30:00Z', '11642506580681602577');
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
INSERT INTO "campaign" VALUES (1, 'spring', '11111111-2222-3333-4444-555555555555', 'customerid', 'simulated', 1772357400000, 2, 1);
CREATE TABLE shape (
    id          INTEGER PRIMARY KEY,
    campaign_id INTEGER NOT NULL REFERENCES campaign (id),
    request     TEXT    NOT NULL,   -- JSON
    UNIQUE (campaign_id, request)
) STRICT;
INSERT INTO "shape" VALUES (1, 1, '{"instance_id":"11111111-2222-3333-4444-555555555555","contact_flow_id":{"f":"66666666-7777-8888-9999-000000000000"},"source":{"f":"arn:aws:connect:us-west-2:123456789012:phone-number/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"},"segment_attributes":{"connect:Subtype":{"String":{"f":"connect:SMS"}}},"attributes":{},"chat_duration_minutes":null,"display_name":null,"message":{"Text":{"content_type":"text/plain","content":{"s":0}}},"related_contact_id":null,"supported_content_types":[]}');
CREATE TABLE header (
    id          INTEGER PRIMARY KEY,
    campaign_id INTEGER NOT NULL REFERENCES campaign (id),
    columns     TEXT    NOT NULL,   -- JSON array
    planned     INTEGER NOT NULL DEFAULT 0,
    UNIQUE (campaign_id, columns)
) STRICT;
INSERT INTO "header" VALUES (1, 1, '["customer_id","first_name","phone"]', 2);
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
INSERT INTO "row" VALUES (1, 1, NULL, 'C-99', '+12025550199', 8, X'2EB6FC18EB8D5B21BAB660C4DFA0F6BA', 1, '["Hi Ada 99"]', 1, '["C-99","Ada 99","+12025550199"]', 0, NULL, NULL, NULL, NULL, X'0000000000000000000000000000000000000000000000000000000000', NULL, NULL);
INSERT INTO "row" VALUES (2, 1, 2, 'C-1', '+12025550101', 2, X'B4F0DC674CFE599F836F8170914BE2CE', 1, '["Hi Ada 1"]', 1, '["C-1","Ada 1","+12025550101"]', 1, 1772357400000, NULL, 1772357400500, X'1B4F0E9851A34F2C9D2C0A1B2C3D4E5F', NULL, NULL, NULL);
INSERT INTO "row" VALUES (3, 1, 3, 'C-2', '+12025550102', 2, X'8EAF44FA8BBD509198CC58BD0CD4629B', 1, '["Hi Ada 2"]', 1, '["C-2","Ada 2","+12025550102"]', 1, 1772357400000, NULL, 1772357400500, 'contact-2', NULL, NULL, NULL);
INSERT INTO "row" VALUES (4, 1, 4, 'C-3', '+12025550103', 3, X'538042E3939A5AECBF357BCF5CBF881B', 1, '["Hi Ada 3"]', 1, '["C-3","Ada 3","+12025550103"]', 1, 1772357400000, NULL, 1772357400500, NULL, X'0000000000000000000000000000000000', 'InvalidRequestException', 'the number is blocked');
INSERT INTO "row" VALUES (5, 1, 5, 'C-4', '+12025550104', 0, X'E75D499B253D54EEAD393EAE2F5169C2', 1, '["Hi Ada 4"]', 1, '["C-4","Ada 4","+12025550104"]', 1, 1772357400000, NULL, NULL, NULL, X'0000000000000000000000000000000000', 'ThrottlingException', 'Rate exceeded');
INSERT INTO "row" VALUES (6, 1, 6, 'C-5', '+12025550105', 2, X'444B618495725DF6BB05576DDC2D3C9F', 1, '["Hi Ada 5"]', 1, '["C-5","Ada 5","+12025550105"]', 1, 1772357400000, NULL, 1772875820000, 'contact-found-by-a-person', X'0000000000000000000000000000000000', 'marked-started', 'a person decided that the contact was started');
INSERT INTO "row" VALUES (7, 1, 7, 'C-6', '+12025550106', 4, X'F81303A1D18953FD9C594D1409283081', 1, '["Hi Ada 6"]', 1, '["C-6","Ada 6","+12025550106"]', 1, 1772357400000, 1772357400000, 1772875810000, NULL, X'0000000000000000000000000000000000', NULL, NULL);
INSERT INTO "row" VALUES (8, 1, 8, 'C-7', '+12025550107', 1, X'831E6E6CAEFB51818FE7287DECF5E5B9', 1, '["Hi Ada 7"]', 1, '["C-7","Ada 7","+12025550107"]', 1, 1772875800000, 1772875800000, NULL, NULL, X'0000000000000000000000000000000000', NULL, NULL);
INSERT INTO "row" VALUES (9, 1, 9, 'C-8', '+12025550108', 0, X'925A41650EB159A792D5146CF2811937', 1, '["Hi Ada 8"]', 1, '["C-8","Ada 8","+12025550108"]', 0, NULL, NULL, NULL, NULL, X'0000000000000000000000000000000000000000000000000000000000', NULL, NULL);
INSERT INTO "row" VALUES (10, 1, 10, 'C-9', '+12025550109', 0, X'E0FAD2F9D1885E4692F7218059BB3E93', 1, '["Hi Ada 9"]', 1, '["C-9","Ada 9","+12025550109"]', 0, NULL, NULL, NULL, NULL, X'0000000000000000000000000000000000000000000000000000000000', NULL, NULL);
INSERT INTO "row" VALUES (11, 1, 11, 'C-3', '+12025550103', 6, X'538042E3939A5AECBF357BCF5CBF881B', 1, '["Hi Ada 3"]', 1, '["C-3","Ada 3","+12025550103"]', 0, NULL, NULL, NULL, NULL, NULL, 'duplicate-key', 'an earlier line of the file has the same key');
INSERT INTO "row" VALUES (12, 1, 12, 'C-77', NULL, 5, NULL, NULL, NULL, 1, '["C-77","Zoë","+1202"]', 0, NULL, NULL, NULL, NULL, NULL, 'phone-too-short', 'the phone number is too short');
INSERT INTO "row" VALUES (13, 1, 13, 'C-90', '+12025550190', 7, X'018E236D931D5BE6992165580B63CD50', 1, '["Hi Ada 90"]', 1, '["C-90","Ada 90","+12025550190"]', 0, NULL, NULL, NULL, NULL, NULL, 'suppressed', 'the number is on a suppression list');
CREATE TABLE recipient (
    campaign_id INTEGER NOT NULL REFERENCES campaign (id),
    key         TEXT    NOT NULL,
    row_id      INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, key)
) STRICT, WITHOUT ROWID;
INSERT INTO "recipient" VALUES (1, 'C-1', 2);
INSERT INTO "recipient" VALUES (1, 'C-2', 3);
INSERT INTO "recipient" VALUES (1, 'C-3', 4);
INSERT INTO "recipient" VALUES (1, 'C-4', 5);
INSERT INTO "recipient" VALUES (1, 'C-5', 6);
INSERT INTO "recipient" VALUES (1, 'C-6', 7);
INSERT INTO "recipient" VALUES (1, 'C-7', 8);
INSERT INTO "recipient" VALUES (1, 'C-8', 9);
INSERT INTO "recipient" VALUES (1, 'C-9', 10);
INSERT INTO "recipient" VALUES (1, 'C-90', 13);
INSERT INTO "recipient" VALUES (1, 'C-99', 1);
CREATE TABLE tally (
    campaign_id INTEGER NOT NULL REFERENCES campaign (id),
    state       INTEGER NOT NULL,
    rows        INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, state)
) STRICT, WITHOUT ROWID;
INSERT INTO "tally" VALUES (1, 0, 3);
INSERT INTO "tally" VALUES (1, 1, 1);
INSERT INTO "tally" VALUES (1, 2, 3);
INSERT INTO "tally" VALUES (1, 3, 1);
INSERT INTO "tally" VALUES (1, 4, 1);
INSERT INTO "tally" VALUES (1, 5, 1);
INSERT INTO "tally" VALUES (1, 6, 1);
INSERT INTO "tally" VALUES (1, 7, 1);
INSERT INTO "tally" VALUES (1, 8, 1);
CREATE TABLE pace (
    owner   TEXT    PRIMARY KEY,
    next_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
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
INSERT INTO "run" VALUES (1, 1, 1772357400000, 1772357430000, 1772357430000, 4242, '0.1.0', 'people.csv', 2.0, '[["burst","5"]]', 2, 9, 3, 2, '[]', 0, NULL, NULL, NULL, NULL, NULL, 5, 'halted: the service does not answer');
CREATE TABLE throttle (
    run_id   INTEGER NOT NULL REFERENCES run (id),
    at       INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    PRIMARY KEY (run_id, at)
) STRICT, WITHOUT ROWID;
INSERT INTO "throttle" VALUES (1, 1772357400000, 3);
CREATE TABLE pause (
    run_id   INTEGER NOT NULL REFERENCES run (id),
    began_at INTEGER NOT NULL,
    kind     INTEGER NOT NULL,      -- 0: the active chats quota was full; 1: a person had paused the campaign
    ends_at  INTEGER,               -- NULL: with the run, or not yet
    PRIMARY KEY (run_id, began_at, kind)
) STRICT, WITHOUT ROWID;
INSERT INTO "pause" VALUES (1, 1772357400000, 0, 1772357460000);
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
CREATE TABLE decision (
    id         INTEGER PRIMARY KEY,
    row_id     INTEGER NOT NULL REFERENCES row (id),
    at         INTEGER NOT NULL,
    decision   TEXT    NOT NULL,
    contact_id TEXT
) STRICT;
INSERT INTO "decision" VALUES (1, 6, 1772875820000, 'marked-started', 'contact-found-by-a-person');
CREATE TABLE suppression (
    destination TEXT    PRIMARY KEY,   -- E.164
    added_at    INTEGER NOT NULL,
    note        TEXT
) STRICT, WITHOUT ROWID;
INSERT INTO "suppression" VALUES ('+12025550190', 1772357400000, 'asked, on the phone');
CREATE TABLE purge (
    campaign_id INTEGER PRIMARY KEY REFERENCES campaign (id),
    purged_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX row_queued ON row (campaign_id, id) WHERE state = 0;
CREATE INDEX row_attempting ON row (campaign_id, id) WHERE state = 1;
CREATE INDEX row_uncertain ON row (campaign_id, id) WHERE state = 4;
CREATE INDEX row_line ON row (campaign_id, line);
CREATE INDEX run_campaign ON run (campaign_id, id);
CREATE INDEX steering_campaign ON steering (campaign_id, id);
CREATE INDEX steering_run ON steering (run_id);
CREATE INDEX decision_row ON decision (row_id);
COMMIT;
PRAGMA user_version = 8;
