-- By what a key of a purged recipient is known who was contacted, though a spreadsheet writes it otherwise now: 16 bytes of a
-- hash, as the client token is one of the key itself. See src/domain/row/rewritten_key.rs.
CREATE TABLE purged_fold (
    campaign_id INTEGER NOT NULL REFERENCES campaign (id),
    fold        BLOB    NOT NULL,
    row_id      INTEGER NOT NULL REFERENCES row (id),
    rounding    INTEGER NOT NULL, -- whether it is of a form that the key may have been rounded to
    PRIMARY KEY (campaign_id, fold, row_id)
) STRICT, WITHOUT ROWID;

-- Rejected rows, and those that a correction took the place of: a file that is read anew looks for them.
CREATE INDEX row_rejected ON row (campaign_id) WHERE state = 5 OR corrects IS NOT NULL;
