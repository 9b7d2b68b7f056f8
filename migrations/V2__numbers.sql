-- Which recipients have a number, and which file the journal is.

-- "camp": that the file is a journal.
PRAGMA application_id = 1667329392;

-- Recipients by number: one number under two keys is one person twice. Made as `recipient` is, sorted, after a campaign's
-- first plan. What is purged leaves it.
CREATE TABLE number (
    campaign_id INTEGER NOT NULL REFERENCES campaign (id),
    destination TEXT    NOT NULL,   -- E.164
    row_id      INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, destination, row_id)
) STRICT, WITHOUT ROWID;
INSERT INTO number (campaign_id, destination, row_id)
    SELECT row.campaign_id, destination, row.id FROM row NOT INDEXED JOIN campaign ON campaign.id = row.campaign_id
    WHERE indexed = 1 AND destination IS NOT NULL AND state NOT IN (5, 6) ORDER BY 1, 2, 3;

-- The file that the journal last was: a copy finds its original here. At most one row.
CREATE TABLE home (
    path   TEXT    NOT NULL,
    device INTEGER NOT NULL,
    inode  INTEGER NOT NULL
) STRICT;
