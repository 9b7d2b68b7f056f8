-- By what a key of a purged recipient is known who was contacted, though a spreadsheet writes it otherwise now.
CREATE TABLE purged_fold (
    campaign_id bigint  NOT NULL REFERENCES campaign (id),
    fold        uuid    NOT NULL,
    row_id      bigint  NOT NULL,
    rounding    boolean NOT NULL,
    PRIMARY KEY (campaign_id, fold, row_id)
);

CREATE INDEX row_rejected ON "row" (campaign_id) WHERE state = 5 OR corrects IS NOT NULL;
