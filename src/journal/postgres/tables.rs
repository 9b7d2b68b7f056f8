//! Which column of SQLite's journal becomes which of PostgreSQL's: the tables of `migrations-postgres/` with their
//! columns, in an order in which each comes after those that it refers to.

/// What a column holds, in SQLite and in PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColumnKind {
    /// An integer; `bigint`.
    Integer,
    /// A small integer; `smallint`.
    Small,
    /// 0 or 1; `boolean`.
    Boolean,
    /// A float; `double precision`.
    Real,
    /// A text; `text`.
    Text,
    /// 16 bytes; `uuid`.
    Token,
    /// 16 bytes where it is a UUID, else a text; `text`.
    ContactId,
}

/// A column that both have.
#[derive(Debug)]
pub(super) struct CopiedColumn {
    pub(super) name: &'static str,
    pub(super) kind: ColumnKind,
}

/// A table that both have.
#[derive(Debug)]
pub(super) struct CopiedTable {
    pub(super) name: &'static str,
    pub(super) columns: &'static [CopiedColumn],
    /// What its rows are ordered by where they are read.
    pub(super) key: &'static str,
}

impl CopiedTable {
    /// The columns, as a list for SQL.
    pub(super) fn list(&self) -> String {
        self.columns.iter().map(|column| format!("\"{}\"", column.name)).collect::<Vec<_>>().join(", ")
    }

    /// What reads it, in SQLite and in PostgreSQL.
    pub(super) fn select(&self) -> String {
        format!("SELECT {} FROM \"{}\" ORDER BY {}", self.list(), self.name, self.key)
    }
}

const fn column(name: &'static str, kind: ColumnKind) -> CopiedColumn {
    CopiedColumn { name, kind }
}

use ColumnKind::{Boolean, ContactId, Integer, Real, Small, Text, Token};

/// Columns of SQLite's that PostgreSQL's lacks, and why.
#[cfg(test)]
const LEFT_OUT: [(&str, &str, &str); 1] =
    [("row", "room", "space that SQLite keeps in a row; made anew where a copy is fetched")];

/// All tables, those first that others refer to; `sender_tally` after `row`, whose triggers write it in SQLite.
pub(super) const TABLES: &[CopiedTable] = &[
    CopiedTable {
        name: "campaign",
        key: "id",
        columns: &[
            column("id", Integer),
            column("name", Text),
            column("instance_id", Text),
            column("key_column", Text),
            column("service", Text),
            column("created_at", Integer),
            column("plan", Small),
            column("indexed", Boolean),
        ],
    },
    CopiedTable {
        name: "shape",
        key: "id",
        columns: &[column("id", Integer), column("campaign_id", Integer), column("request", Text)],
    },
    CopiedTable {
        name: "header",
        key: "id",
        columns: &[
            column("id", Integer),
            column("campaign_id", Integer),
            column("columns", Text),
            column("planned", Integer),
        ],
    },
    CopiedTable {
        name: "sender",
        key: "id",
        columns: &[
            column("id", Integer),
            column("campaign_id", Integer),
            column("name", Text),
            column("source", Text),
            column("instance_id", Text),
            column("contact_flow_id", Text),
            column("region", Text),
            column("account", Text),
            column("profile", Text),
        ],
    },
    CopiedTable {
        name: "lane",
        key: "id",
        columns: &[
            column("id", Integer),
            column("campaign_id", Integer),
            column("zones", Text),
            column("jurisdiction", Text),
            column("sender_id", Integer),
        ],
    },
    CopiedTable {
        name: "row",
        key: "id",
        columns: &[
            column("id", Integer),
            column("campaign_id", Integer),
            column("line", Integer),
            column("key", Text),
            column("destination", Text),
            column("state", Small),
            column("client_token", Token),
            column("shape_id", Integer),
            column("slots", Text),
            column("header_id", Integer),
            column("cells", Text),
            column("attempts", Integer),
            column("first_attempt_at", Integer),
            column("doubt_at", Integer),
            column("settled_at", Integer),
            column("contact_id", ContactId),
            column("code", Text),
            column("reason", Text),
            column("lane_id", Integer),
            column("waits_until", Integer),
            column("waits_for", Small),
            column("not_after", Integer),
            column("sender_id", Integer),
            column("corrects", Text),
            column("requested_at", Integer),
        ],
    },
    CopiedTable {
        name: "earlier_attempt",
        key: "row_id, nth",
        columns: &[
            column("row_id", Integer),
            column("nth", Integer),
            column("client_token", Token),
            column("destination", Text),
            column("shape_id", Integer),
            column("slots", Text),
            column("reason", Text),
            column("attempts", Integer),
            column("first_attempt_at", Integer),
            column("settled_at", Integer),
            column("code", Text),
        ],
    },
    CopiedTable {
        name: "recipient",
        key: "campaign_id, key",
        columns: &[column("campaign_id", Integer), column("key", Text), column("row_id", Integer)],
    },
    CopiedTable {
        name: "number",
        key: "campaign_id, destination, row_id",
        columns: &[column("campaign_id", Integer), column("destination", Text), column("row_id", Integer)],
    },
    CopiedTable {
        name: "tally",
        key: "campaign_id, state",
        columns: &[column("campaign_id", Integer), column("state", Small), column("rows", Integer)],
    },
    CopiedTable {
        name: "sender_tally",
        key: "sender_id, state",
        columns: &[column("sender_id", Integer), column("state", Small), column("rows", Integer)],
    },
    CopiedTable { name: "pace", key: "owner", columns: &[column("owner", Text), column("next_at", Integer)] },
    CopiedTable { name: "terms", key: "id", columns: &[column("id", Integer), column("terms", Text)] },
    CopiedTable {
        name: "run",
        key: "id",
        columns: &[
            column("id", Integer),
            column("campaign_id", Integer),
            column("started_at", Integer),
            column("seen_at", Integer),
            column("ended_at", Integer),
            column("pid", Integer),
            column("version", Text),
            column("file", Text),
            column("rate", Real),
            column("settings", Text),
            column("started", Integer),
            column("requests", Integer),
            column("throttled", Integer),
            column("retried", Integer),
            column("latencies", Text),
            column("in_flight", Integer),
            column("pace", Real),
            column("asked", Real),
            column("burst", Integer),
            column("mark_at", Integer),
            column("mark", Integer),
            column("exit", Integer),
            column("reason", Text),
            column("alive", Integer),
            column("alive_most", Integer),
            column("alive_ms", Integer),
            column("terms_id", Integer),
            column("credentials_end_at", Integer),
            column("closed_rows", Integer),
            column("opens_at", Integer),
            column("ends_at", Integer),
        ],
    },
    CopiedTable {
        name: "run_sender",
        key: "run_id, sender_id",
        columns: &[
            column("run_id", Integer),
            column("sender_id", Integer),
            column("asked", Real),
            column("reached", Real),
            column("messages", Integer),
            column("parts", Integer),
            column("day_most", Integer),
            column("day_sent", Integer),
            column("day_ends_at", Integer),
            column("halted", Text),
        ],
    },
    CopiedTable {
        name: "request",
        key: "row_id, at",
        columns: &[column("row_id", Integer), column("at", Integer)],
    },
    CopiedTable {
        name: "throttle",
        key: "run_id, at",
        columns: &[column("run_id", Integer), column("at", Integer), column("requests", Integer)],
    },
    CopiedTable {
        name: "pause",
        key: "run_id, began_at, kind",
        columns: &[
            column("run_id", Integer),
            column("began_at", Integer),
            column("kind", Small),
            column("ends_at", Integer),
        ],
    },
    CopiedTable {
        name: "steering",
        key: "id",
        columns: &[
            column("id", Integer),
            column("campaign_id", Integer),
            column("at", Integer),
            column("what", Text),
            column("rate", Real),
            column("burst", Integer),
            column("who", Text),
            column("run_id", Integer),
            column("taken_run", Integer),
            column("taken_at", Integer),
            column("in_flight", Integer),
            column("sender_id", Integer),
        ],
    },
    CopiedTable {
        name: "decision",
        key: "id",
        columns: &[
            column("id", Integer),
            column("row_id", Integer),
            column("at", Integer),
            column("decision", Text),
            column("contact_id", Text),
        ],
    },
    CopiedTable {
        name: "suppression",
        key: "destination",
        columns: &[column("destination", Text), column("added_at", Integer), column("note", Text)],
    },
    CopiedTable {
        name: "purge",
        key: "campaign_id",
        columns: &[column("campaign_id", Integer), column("purged_at", Integer)],
    },
    CopiedTable {
        name: "purged_fold",
        key: "campaign_id, fold, row_id",
        columns: &[
            column("campaign_id", Integer),
            column("fold", Token),
            column("row_id", Integer),
            column("rounding", Boolean),
        ],
    },
    CopiedTable {
        name: "home",
        key: "path",
        columns: &[column("path", Text), column("device", Integer), column("inode", Integer)],
    },
    CopiedTable {
        name: "opt_out_list",
        key: "id",
        columns: &[
            column("id", Integer),
            column("owner", Text),
            column("name", Text),
            column("read_at", Integer),
            column("numbers", Integer),
            column("began_at", Integer),
            column("reading", Integer),
            column("next", Text),
            column("so_far", Integer),
        ],
    },
    CopiedTable {
        name: "opt_out",
        key: "destination, list_id",
        columns: &[
            column("destination", Text),
            column("list_id", Integer),
            column("opted_out_at", Integer),
            column("reading", Integer),
        ],
    },
    CopiedTable {
        name: "message",
        key: "message_id",
        columns: &[
            column("message_id", ContactId),
            column("destination", Text),
            column("trail", Boolean),
            column("origination", Text),
            column("requested_at", Integer),
            column("account", Text),
            column("region", Text),
            column("contact_id", ContactId),
            column("status", Text),
            column("description", Text),
            column("status_at", Integer),
            column("final", Boolean),
            column("parts", Integer),
            column("price", Real),
            column("carrier_fee", Real),
            column("carrier", Text),
            column("country", Text),
            column("row_id", Integer),
            column("joined", Small),
            column("why", Small),
        ],
    },
    CopiedTable {
        name: "contact_event",
        key: "contact_id",
        columns: &[
            column("contact_id", ContactId),
            column("initiated_at", Integer),
            column("ended_at", Integer),
            column("end_reason", Text),
            column("replied", Boolean),
            column("instance", Text),
            column("row_id", Integer),
        ],
    },
    CopiedTable {
        name: "delivery",
        key: "row_id",
        columns: &[
            column("row_id", Integer),
            column("campaign_id", Integer),
            column("delivery", Small),
            column("status", Text),
            column("at", Integer),
            column("joined", Small),
            column("messages", Integer),
            column("parts", Integer),
            column("price", Real),
            column("carrier", Text),
            column("country", Text),
            column("ended_at", Integer),
            column("end_reason", Text),
            column("replied", Boolean),
        ],
    },
    CopiedTable {
        name: "source_number",
        key: "source",
        columns: &[column("source", Text), column("number", Text)],
    },
    CopiedTable {
        name: "contact_life",
        key: "campaign_id",
        columns: &[column("campaign_id", Integer), column("millis", Integer)],
    },
    CopiedTable {
        name: "contacts_before",
        key: "campaign_id, day",
        columns: &[column("campaign_id", Integer), column("day", Integer), column("contacts", Integer)],
    },
    CopiedTable {
        name: "account_answers",
        key: "owner, subject",
        columns: &[
            column("owner", Text),
            column("subject", Text),
            column("at", Integer),
            column("answers", Text),
        ],
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rusqlite::Connection;

    use super::*;
    use crate::journal::Journal;

    /// Table, column, type and whether it must have a value.
    type Columns = BTreeSet<(String, String, String, bool)>;

    fn of_sqlite(connection: &Connection) -> Columns {
        let sql = "SELECT m.name, c.name, c.type, c.\"notnull\" FROM sqlite_schema AS m JOIN pragma_table_info(m.name) AS c
                   WHERE m.type = 'table' AND m.name NOT IN ('refinery_schema_history', 'sqlite_sequence')";
        let mut statement = connection.prepare(sql).unwrap();
        let columns = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)));
        columns.unwrap().map(Result::unwrap).collect()
    }

    fn journal() -> (tempfile::TempDir, Journal) {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(&folder.path().join("journal.db")).unwrap();
        (folder, journal)
    }

    /// Fails where SQLite's schema gets a table or a column, or another type of one, and the copy does not.
    #[test]
    fn every_table_and_column_of_sqlites_schema_is_copied() {
        let (_folder, journal) = journal();
        let fits = |kind: ColumnKind, declared: &str| match kind {
            Integer | Small | Boolean => declared == "INTEGER",
            Real => declared == "REAL",
            Text => declared == "TEXT",
            Token => declared == "BLOB",
            ContactId => declared == "ANY",
        };
        let mut copied = Vec::new();
        for table in TABLES {
            copied.extend(table.columns.iter().map(|column| (table.name, column.name, column.kind)));
        }
        let mut left: BTreeSet<_> = LEFT_OUT.iter().map(|(table, column, _)| (*table, *column)).collect();
        let sqlite = of_sqlite(&journal.connection);
        for (table, column, declared, _) in &sqlite {
            let same = |other: &&(&str, &str, ColumnKind)| other.0 == table && other.1 == column;
            match copied.iter().find(same) {
                Some((_, _, kind)) => {
                    assert!(fits(*kind, declared), "{table}.{column} is {declared}, copied as {kind:?}");
                }
                None => {
                    assert!(
                        left.remove(&(table.as_str(), column.as_str())),
                        "{table}.{column} is not copied"
                    );
                }
            }
        }
        assert!(left.is_empty(), "left out, and not there: {left:?}");
        assert_eq!(copied.len() + LEFT_OUT.len(), sqlite.len(), "copied, and not there");
    }

    /// The types that PostgreSQL gives them, and what may be missing, as `migrations-postgres/` says.
    #[test]
    fn every_column_has_its_type_in_postgresql_and_is_as_strict() {
        let (_folder, journal) = journal();
        let migrations: String = crate::journal::postgres::schema::OURS()
            .get_migrations()
            .iter()
            .map(|migration| migration.sql().unwrap().to_owned())
            .collect();
        let mut declared = BTreeSet::new();
        for table in migrations.split("CREATE TABLE ").skip(1) {
            let (name, rest) = table.split_once(" (").unwrap();
            let body = rest.split("\n);").next().unwrap();
            for line in body.lines().map(|line| line.split("--").next().unwrap()) {
                let words: Vec<&str> = line.trim().trim_end_matches(',').split_whitespace().collect();
                let [column, kind, ..] = words.as_slice() else { continue };
                let strict = line.contains("NOT NULL") || line.contains("PRIMARY KEY");
                declared.insert((
                    name.trim_matches('"').to_owned(),
                    (*column).to_owned(),
                    (*kind).to_owned(),
                    strict,
                ));
            }
        }
        for line in migrations.lines().filter_map(|line| line.strip_prefix("ALTER TABLE ")) {
            let (name, column) = line.split_once(" ADD COLUMN ").unwrap();
            let (column, kind) = column.split_once(' ').unwrap();
            let kind = kind.split([' ', ';']).next().unwrap();
            declared.insert((name.to_owned(), column.to_owned(), kind.to_owned(), false));
        }
        let sqlite = of_sqlite(&journal.connection);
        for table in TABLES {
            for column in table.columns {
                let kind = match column.kind {
                    Integer => "bigint",
                    Small => "smallint",
                    Boolean => "boolean",
                    Real => "double",
                    Text | ContactId => "text",
                    Token => "uuid",
                };
                let found = declared.iter().find(|found| found.0 == table.name && found.1 == column.name);
                let (_, _, declared, strict) =
                    found.unwrap_or_else(|| panic!("no {}.{}", table.name, column.name));
                assert_eq!(declared, kind, "{}.{}", table.name, column.name);
                let required = sqlite
                    .iter()
                    .any(|(of, name, _, required)| of == table.name && name == column.name && *required);
                assert!(!required || *strict, "{}.{} must have a value", table.name, column.name);
            }
        }
    }
}
