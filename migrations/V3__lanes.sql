-- What rows wait for besides their turn: the time zones in which hours must be open, and whose rules hold there.
CREATE TABLE lane (
    id           INTEGER PRIMARY KEY,
    campaign_id  INTEGER NOT NULL REFERENCES campaign (id),
    zones        TEXT    NOT NULL,   -- IANA names, sorted, one space between them
    jurisdiction TEXT    NOT NULL,   -- 'US-FL', 'FR', or nothing
    UNIQUE (campaign_id, zones, jurisdiction)
) STRICT;

-- NULL: the row was planned without hours.
ALTER TABLE row ADD COLUMN lane_id INTEGER REFERENCES lane (id);

-- A claim is of one lane, in order: rows of lanes that are closed cost it nothing. Campaigns without hours have no part in it.
CREATE INDEX row_lane ON row (campaign_id, lane_id, id) WHERE state = 0 AND lane_id IS NOT NULL;
