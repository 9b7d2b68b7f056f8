-- The journal in PostgreSQL: the tables of `migrations/` up to V17, with the same names and meanings; their comments are there.
-- Applied migrations never change; later versions add files. Beside `migrations/` and not below it: refinery takes every file
-- below a folder for one of its migrations.
--
-- Times are milliseconds since the Unix epoch, UTC, as there, so that both keep the very same numbers. Texts are compared by
-- their bytes (COLLATE "C"), as SQLite compares them. Truth values are booleans, client tokens uuids. A contact or message id
-- is a text. `row.room` is missing: the space that SQLite keeps in a row has no use here.
--
-- Rows of recipients name their parents without a foreign key, as in SQLite, where references are not enforced: a look at each
-- parent for every row would halve the speed of a copy (docs/decisions/0011-postgresql.md). All other references are enforced.
-- No trigger keeps `sender_tally` yet: nothing moves a row here before a later version does, and that one adds it.

-- The copy in this schema: one row once it is whole.
CREATE TABLE journal (
    one       boolean     PRIMARY KEY DEFAULT true CHECK (one),
    groups    bigint      NOT NULL CHECK (groups >= 0), -- attempts and outcomes that were committed (SQLite's user_version)
    copied_at bigint      NOT NULL,
    copied_by text        NOT NULL                      -- version of the program
);

CREATE TABLE campaign (
    id          bigint   PRIMARY KEY,
    name        text     COLLATE "C" NOT NULL UNIQUE,
    instance_id text     COLLATE "C" NOT NULL,
    key_column  text     COLLATE "C",
    service     text     COLLATE "C" NOT NULL CHECK (service IN ('aws', 'loopback', 'simulated')),
    created_at  bigint   NOT NULL,
    plan        smallint NOT NULL DEFAULT 0 CHECK (plan BETWEEN 0 AND 3),
    indexed     boolean  NOT NULL DEFAULT true
);

CREATE TABLE shape (
    id          bigint PRIMARY KEY,
    campaign_id bigint NOT NULL REFERENCES campaign (id),
    request     text   COLLATE "C" NOT NULL
);
-- By 128 bits of its hash: a request may be longer than an index takes.
CREATE UNIQUE INDEX shape_request ON shape (campaign_id, hashtextextended(request, 1), hashtextextended(request, 2));

CREATE TABLE header (
    id          bigint PRIMARY KEY,
    campaign_id bigint NOT NULL REFERENCES campaign (id),
    columns     text   COLLATE "C" NOT NULL,
    planned     bigint NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX header_columns ON header (campaign_id, hashtextextended(columns, 1), hashtextextended(columns, 2));

CREATE TABLE sender (
    id          bigint PRIMARY KEY,
    campaign_id bigint NOT NULL REFERENCES campaign (id),
    name        text   COLLATE "C" NOT NULL,
    source      text   COLLATE "C" NOT NULL,
    UNIQUE (campaign_id, source)
);
CREATE INDEX sender_source ON sender (source);

CREATE TABLE lane (
    id           bigint PRIMARY KEY,
    campaign_id  bigint NOT NULL REFERENCES campaign (id),
    zones        text   COLLATE "C" NOT NULL,
    jurisdiction text   COLLATE "C" NOT NULL,
    sender_id    bigint NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX lane_zones ON lane (campaign_id, hashtextextended(zones, 1), hashtextextended(zones, 2), jurisdiction, sender_id);

CREATE TABLE "row" (
    id               bigint   PRIMARY KEY,
    campaign_id      bigint   NOT NULL,
    line             bigint,
    key              text     COLLATE "C",
    destination      text     COLLATE "C",
    state            smallint NOT NULL CHECK (state BETWEEN 0 AND 9),
    client_token     uuid,
    shape_id         bigint,
    slots            text     COLLATE "C",
    header_id        bigint   NOT NULL,
    cells            text     COLLATE "C" NOT NULL,
    attempts         bigint   NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    first_attempt_at bigint,
    doubt_at         bigint,
    settled_at       bigint,
    contact_id       text     COLLATE "C",
    code             text     COLLATE "C",
    reason           text     COLLATE "C",
    lane_id          bigint,
    waits_until      bigint,
    waits_for        smallint,
    not_after        bigint,
    sender_id        bigint,
    corrects         text     COLLATE "C",
    requested_at     bigint
);
CREATE INDEX row_queued ON "row" (campaign_id, id) WHERE state = 0;
CREATE INDEX row_attempting ON "row" (campaign_id, id) WHERE state = 1;
CREATE INDEX row_uncertain ON "row" (campaign_id, id) WHERE state = 4;
CREATE INDEX row_expired ON "row" (campaign_id, id) WHERE state = 9;
CREATE INDEX row_line ON "row" (campaign_id, line);
CREATE INDEX row_lane ON "row" (campaign_id, lane_id, id) WHERE state = 0 AND lane_id IS NOT NULL AND waits_until IS NULL;
CREATE INDEX row_waits ON "row" (campaign_id, lane_id, waits_until, id) WHERE state = 0 AND waits_until IS NOT NULL;
CREATE INDEX row_ends ON "row" (campaign_id, not_after) WHERE state = 0 AND not_after IS NOT NULL;
CREATE INDEX row_lane_ends ON "row" (campaign_id, lane_id, not_after) WHERE state = 0 AND not_after IS NOT NULL;
CREATE INDEX row_contact ON "row" (contact_id) WHERE contact_id IS NOT NULL;

CREATE TABLE earlier_attempt (
    row_id           bigint NOT NULL,
    nth              bigint NOT NULL,
    client_token     uuid   NOT NULL,
    destination      text   COLLATE "C",
    shape_id         bigint,
    slots            text   COLLATE "C",
    reason           text   COLLATE "C",
    attempts         bigint NOT NULL,
    first_attempt_at bigint,
    settled_at       bigint,
    code             text   COLLATE "C",
    PRIMARY KEY (row_id, nth)
);

CREATE TABLE recipient (
    campaign_id bigint NOT NULL,
    key         text   COLLATE "C" NOT NULL,
    row_id      bigint NOT NULL,
    PRIMARY KEY (campaign_id, key)
);

CREATE TABLE number (
    campaign_id bigint NOT NULL,
    destination text   COLLATE "C" NOT NULL,
    row_id      bigint NOT NULL,
    PRIMARY KEY (campaign_id, destination, row_id)
);

CREATE TABLE tally (
    campaign_id bigint   NOT NULL REFERENCES campaign (id),
    state       smallint NOT NULL CHECK (state BETWEEN 0 AND 9),
    rows        bigint   NOT NULL,
    PRIMARY KEY (campaign_id, state)
);

CREATE TABLE sender_tally (
    sender_id bigint   NOT NULL REFERENCES sender (id),
    state     smallint NOT NULL CHECK (state BETWEEN 0 AND 9),
    rows      bigint   NOT NULL,
    PRIMARY KEY (sender_id, state)
);

CREATE TABLE pace (
    owner   text   COLLATE "C" PRIMARY KEY,
    next_at bigint NOT NULL
);

CREATE TABLE terms (
    id    bigint PRIMARY KEY,
    terms text   COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX terms_terms ON terms (hashtextextended(terms, 1), hashtextextended(terms, 2));

CREATE TABLE run (
    id                 bigint           PRIMARY KEY,
    campaign_id        bigint           NOT NULL REFERENCES campaign (id),
    started_at         bigint           NOT NULL,
    seen_at            bigint           NOT NULL,
    ended_at           bigint,
    pid                bigint           NOT NULL,
    version            text             COLLATE "C" NOT NULL,
    file               text             COLLATE "C",
    rate               double precision,
    settings           text             COLLATE "C" NOT NULL DEFAULT '[]',
    started            bigint           NOT NULL DEFAULT 0,
    requests           bigint           NOT NULL DEFAULT 0,
    throttled          bigint           NOT NULL DEFAULT 0,
    retried            bigint           NOT NULL DEFAULT 0,
    latencies          text             COLLATE "C" NOT NULL DEFAULT '[]',
    in_flight          bigint           NOT NULL DEFAULT 0,
    pace               double precision,
    asked              double precision,
    burst              bigint,
    mark_at            bigint,
    mark               bigint,
    exit               bigint,
    reason             text             COLLATE "C",
    alive              bigint,
    alive_most         bigint,
    alive_ms           bigint,
    terms_id           bigint           REFERENCES terms (id),
    credentials_end_at bigint
);
CREATE INDEX run_campaign ON run (campaign_id, id);

CREATE TABLE run_sender (
    run_id      bigint           NOT NULL REFERENCES run (id),
    sender_id   bigint           NOT NULL REFERENCES sender (id),
    asked       double precision,
    reached     double precision,
    messages    bigint           NOT NULL,
    parts       bigint           NOT NULL,
    day_most    bigint,
    day_sent    bigint,
    day_ends_at bigint,
    halted      text             COLLATE "C",
    PRIMARY KEY (run_id, sender_id)
);

CREATE TABLE request (
    row_id bigint NOT NULL,
    at     bigint NOT NULL,
    PRIMARY KEY (row_id, at)
);

CREATE TABLE throttle (
    run_id   bigint NOT NULL REFERENCES run (id),
    at       bigint NOT NULL,
    requests bigint NOT NULL,
    PRIMARY KEY (run_id, at)
);

CREATE TABLE pause (
    run_id   bigint   NOT NULL REFERENCES run (id),
    began_at bigint   NOT NULL,
    kind     smallint NOT NULL,
    ends_at  bigint,
    PRIMARY KEY (run_id, began_at, kind)
);

CREATE TABLE steering (
    id          bigint           PRIMARY KEY,
    campaign_id bigint           NOT NULL REFERENCES campaign (id),
    at          bigint           NOT NULL,
    what        text             COLLATE "C" NOT NULL,
    rate        double precision,
    burst       bigint,
    who         text             COLLATE "C" NOT NULL,
    run_id      bigint           REFERENCES run (id),
    taken_run   bigint           REFERENCES run (id),
    taken_at    bigint,
    in_flight   bigint,
    sender_id   bigint           REFERENCES sender (id)
);
CREATE INDEX steering_campaign ON steering (campaign_id, id);
CREATE INDEX steering_run ON steering (run_id);

CREATE TABLE decision (
    id         bigint PRIMARY KEY,
    row_id     bigint NOT NULL,
    at         bigint NOT NULL,
    decision   text   COLLATE "C" NOT NULL,
    contact_id text   COLLATE "C"
);
CREATE INDEX decision_row ON decision (row_id);

CREATE TABLE suppression (
    destination text   COLLATE "C" PRIMARY KEY,
    added_at    bigint NOT NULL,
    note        text   COLLATE "C"
);

CREATE TABLE purge (
    campaign_id bigint PRIMARY KEY REFERENCES campaign (id),
    purged_at   bigint NOT NULL
);

-- The file that the journal was when it was copied, so that a file made of this copy finds its original.
CREATE TABLE home (
    path   text   COLLATE "C" NOT NULL,
    device bigint NOT NULL,
    inode  bigint NOT NULL
);

CREATE TABLE opt_out_list (
    id       bigint PRIMARY KEY,
    owner    text   COLLATE "C" NOT NULL,
    name     text   COLLATE "C" NOT NULL,
    read_at  bigint,
    numbers  bigint NOT NULL DEFAULT 0,
    began_at bigint,
    reading  bigint NOT NULL DEFAULT 0,
    next     text   COLLATE "C",
    so_far   bigint NOT NULL DEFAULT 0,
    UNIQUE (owner, name)
);

CREATE TABLE opt_out (
    destination  text   COLLATE "C" NOT NULL,
    list_id      bigint NOT NULL REFERENCES opt_out_list (id),
    opted_out_at bigint NOT NULL,
    reading      bigint NOT NULL,
    PRIMARY KEY (destination, list_id)
);

CREATE TABLE message (
    message_id   text             COLLATE "C" PRIMARY KEY,
    destination  text             COLLATE "C",
    trail        boolean          NOT NULL,
    origination  text             COLLATE "C",
    requested_at bigint,
    account      text             COLLATE "C",
    region       text             COLLATE "C",
    contact_id   text             COLLATE "C",
    status       text             COLLATE "C",
    description  text             COLLATE "C",
    status_at    bigint,
    final        boolean          NOT NULL DEFAULT false,
    parts        bigint,
    price        double precision,
    carrier_fee  double precision,
    carrier      text             COLLATE "C",
    country      text             COLLATE "C",
    row_id       bigint,
    joined       smallint,
    why          smallint
);
CREATE INDEX message_row ON message (row_id) WHERE row_id IS NOT NULL;
CREATE INDEX message_unmatched ON message (why) WHERE row_id IS NULL AND status IS NOT NULL;
CREATE INDEX message_contact ON message (contact_id) WHERE row_id IS NULL AND contact_id IS NOT NULL;

CREATE TABLE contact_event (
    contact_id   text    COLLATE "C" PRIMARY KEY,
    initiated_at bigint,
    ended_at     bigint,
    end_reason   text    COLLATE "C",
    replied      boolean,
    instance     text    COLLATE "C",
    row_id       bigint
);
CREATE INDEX contact_event_unmatched ON contact_event (contact_id) WHERE row_id IS NULL;

CREATE TABLE delivery (
    row_id      bigint           PRIMARY KEY,
    campaign_id bigint           NOT NULL,
    delivery    smallint,
    status      text             COLLATE "C",
    at          bigint,
    joined      smallint,
    messages    bigint           NOT NULL,
    parts       bigint,
    price       double precision,
    carrier     text             COLLATE "C",
    country     text             COLLATE "C",
    ended_at    bigint,
    end_reason  text             COLLATE "C",
    replied     boolean
);
CREATE INDEX delivery_campaign ON delivery (campaign_id, delivery, status);

CREATE TABLE source_number (
    source text COLLATE "C" PRIMARY KEY,
    number text COLLATE "C" NOT NULL
);

CREATE TABLE contact_life (
    campaign_id bigint PRIMARY KEY REFERENCES campaign (id),
    millis      bigint NOT NULL
);

CREATE TABLE contacts_before (
    campaign_id bigint NOT NULL REFERENCES campaign (id),
    day         bigint NOT NULL,
    contacts    bigint NOT NULL,
    PRIMARY KEY (campaign_id, day)
);

CREATE TABLE account_answers (
    owner   text   COLLATE "C" NOT NULL,
    subject text   COLLATE "C" NOT NULL,
    at      bigint NOT NULL,
    answers text   COLLATE "C" NOT NULL,
    PRIMARY KEY (owner, subject)
);
