-- What limits need to know of earlier contacts. Rows that wait for one are in `row_waits`, with `waits_for` = 1.

-- How long contacts of a campaign live, in milliseconds, as its definition said last; none: it did not say.
CREATE TABLE contact_life (
    campaign_id INTEGER PRIMARY KEY REFERENCES campaign (id),
    millis      INTEGER NOT NULL
) STRICT;

-- Contacts that a campaign had when a day began: counted once a day, where a limit of a day is to be kept.
CREATE TABLE contacts_before (
    campaign_id INTEGER NOT NULL REFERENCES campaign (id),
    day         INTEGER NOT NULL,   -- when it began
    contacts    INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, day)
) STRICT, WITHOUT ROWID;
