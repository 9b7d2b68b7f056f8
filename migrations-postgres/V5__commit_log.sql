-- From here on campaigns run over PostgreSQL (docs/decisions/0018-campaigns-over-postgresql.md). Each process works in a replica of
-- SQLite's; what is here is the truth. Whoever writes locks the row of `journal`, so that commits are one after the other, and writes
-- down in `commit_log` what it changed, which the other replicas take over.

-- How many commits there were, and the id of the last: a server that lost some is known by it.
ALTER TABLE journal ADD COLUMN number bigint NOT NULL DEFAULT 0;
ALTER TABLE journal ADD COLUMN id text NOT NULL DEFAULT '';

-- The last commits. Older ones are removed: a replica that lacks more than these is made anew.
CREATE TABLE commit_log (
    number  bigint      PRIMARY KEY,
    id      text        NOT NULL,
    before  text        NOT NULL,   -- the id of the commit before
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    bytes   bigint      NOT NULL,   -- of `changes`
    changes bytea       NOT NULL    -- src/journal/postgres/changes.rs
);

-- Who runs which campaign. It does so as long as its session has the advisory lock of that campaign.
CREATE TABLE runner (
    campaign text    COLLATE "C" PRIMARY KEY,
    token    text    NOT NULL,      -- of whoever took it last: no other commits for it
    holder   text    NOT NULL,      -- as people read it
    backend  integer NOT NULL       -- the process of the server that has its session
);

-- What is unique besides primary keys, and which row refers to which, SQLite looks after before anything comes here; rows are looked
-- up in the replicas.
DO $$
DECLARE
    found record;
    own   oid := (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema());
BEGIN
    FOR found IN SELECT conrelid::regclass AS place, conname FROM pg_catalog.pg_constraint
        WHERE connamespace = own AND contype IN ('f', 'u') ORDER BY contype
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', found.place, found.conname);
    END LOOP;
    FOR found IN SELECT indexrelid::regclass AS place FROM pg_catalog.pg_index
        JOIN pg_catalog.pg_class ON pg_class.oid = indexrelid WHERE relnamespace = own AND NOT indisprimary
    LOOP
        EXECUTE format('DROP INDEX %s', found.place);
    END LOOP;
    -- Long values are stored as they are: to compress them takes longer than to write them.
    EXECUTE 'ALTER TABLE commit_log ALTER COLUMN changes SET STORAGE EXTERNAL';
    EXECUTE 'ALTER TABLE home ADD PRIMARY KEY (path)';
END
$$;
