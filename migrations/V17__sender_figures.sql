-- How each sender fares: its rows by state, what a run says of it, and what people ask of it alone.

-- Counts by state. Triggers keep them, so that nothing that moves a row can forget its sender.
CREATE TABLE sender_tally (
    sender_id INTEGER NOT NULL REFERENCES sender (id),
    state     INTEGER NOT NULL,
    rows      INTEGER NOT NULL,
    PRIMARY KEY (sender_id, state)
) STRICT, WITHOUT ROWID;
INSERT INTO sender_tally (sender_id, state, rows)
    SELECT sender_id, state, count(*) FROM row WHERE sender_id IS NOT NULL GROUP BY sender_id, state;
CREATE TRIGGER row_sender_comes AFTER INSERT ON row WHEN NEW.sender_id IS NOT NULL BEGIN
    INSERT INTO sender_tally (sender_id, state, rows) VALUES (NEW.sender_id, NEW.state, 1)
        ON CONFLICT DO UPDATE SET rows = rows + 1;
END;
CREATE TRIGGER row_sender_goes AFTER DELETE ON row WHEN OLD.sender_id IS NOT NULL BEGIN
    UPDATE sender_tally SET rows = rows - 1 WHERE sender_id = OLD.sender_id AND state = OLD.state;
END;
CREATE TRIGGER row_sender_moves AFTER UPDATE OF state, sender_id ON row
WHEN coalesce(OLD.sender_id, NEW.sender_id) IS NOT NULL
    AND (OLD.state IS NOT NEW.state OR OLD.sender_id IS NOT NEW.sender_id)
BEGIN
    UPDATE sender_tally SET rows = rows - 1 WHERE sender_id = OLD.sender_id AND state = OLD.state;
    INSERT INTO sender_tally (sender_id, state, rows)
        SELECT NEW.sender_id, NEW.state, 1 WHERE NEW.sender_id IS NOT NULL
        ON CONFLICT DO UPDATE SET rows = rows + 1;
END;

-- What a run said last of a sender.
CREATE TABLE run_sender (
    run_id      INTEGER NOT NULL REFERENCES run (id),
    sender_id   INTEGER NOT NULL REFERENCES sender (id),
    asked       REAL,               -- message parts per second; NULL: as many as the account's requests
    reached     REAL,               -- ...that left of late while it had rows; NULL: too few to tell
    messages    INTEGER NOT NULL,   -- requests that left in the run
    parts       INTEGER NOT NULL,   -- and their message parts
    day_most    INTEGER,            -- messages a day; NULL: any number
    day_sent    INTEGER,            -- of them, those of the day that...
    day_ends_at INTEGER,            -- ...ends then
    halted      TEXT,               -- what the service said when it refused the sender for good
    PRIMARY KEY (run_id, sender_id)
) STRICT, WITHOUT ROWID;

-- Of 'sender pace' and 'sender pace default': whose.
ALTER TABLE steering ADD COLUMN sender_id INTEGER REFERENCES sender (id);
