-- What accounts answered before a run, to be asked less often.
CREATE TABLE account_answers (
    owner   TEXT    NOT NULL,       -- service, account and Region
    subject TEXT    NOT NULL,       -- what was asked about
    at      INTEGER NOT NULL,
    answers TEXT    NOT NULL,       -- JSON
    PRIMARY KEY (owner, subject)
) STRICT, WITHOUT ROWID;
