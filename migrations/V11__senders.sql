-- Campaigns with several numbers that send: which of them sends to a row, and lanes by sender.

-- The senders of a campaign, each known by its source: what it is called may change.
CREATE TABLE sender (
    id          INTEGER PRIMARY KEY,
    campaign_id INTEGER NOT NULL REFERENCES campaign (id),
    name        TEXT    NOT NULL,
    source      TEXT    NOT NULL,   -- the Connect ARN
    UNIQUE (campaign_id, source)
) STRICT;
CREATE INDEX sender_source ON sender (source);

-- NULL: the definition has one source for all, or its rows say theirs.
ALTER TABLE row ADD COLUMN sender_id INTEGER REFERENCES sender (id);

-- A lane is zones and sender: rows of a sender that waits are not in the way of others. No zones: the campaign has no hours.
CREATE TEMP TABLE lane_before AS SELECT id, campaign_id, zones, jurisdiction FROM lane;
DROP TABLE lane;
CREATE TABLE lane (
    id           INTEGER PRIMARY KEY,
    campaign_id  INTEGER NOT NULL REFERENCES campaign (id),
    zones        TEXT    NOT NULL,   -- IANA names, sorted, one space between them
    jurisdiction TEXT    NOT NULL,   -- 'US-FL', 'FR', or nothing
    sender_id    INTEGER NOT NULL DEFAULT 0, -- 0: none
    UNIQUE (campaign_id, zones, jurisdiction, sender_id)
) STRICT;
INSERT INTO lane (id, campaign_id, zones, jurisdiction) SELECT id, campaign_id, zones, jurisdiction FROM lane_before;
DROP TABLE lane_before;
