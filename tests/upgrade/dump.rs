//! A database as text that makes it again: the same for the same content.

use rusqlite::Connection;

/// Tables in the order of their making, each with its rows in the order of their keys, then indexes.
pub(crate) fn dump(connection: &Connection) -> String {
    let texts = |sql: &str| -> Vec<String> {
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let number = |pragma: &str| -> i64 {
        connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0)).unwrap()
    };
    let mut text = "-- A journal of the first version, made by tests/upgrade/make.sh.\nBEGIN;\n".to_owned();
    for table in texts(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid",
    ) {
        text += &texts(&format!("SELECT sql FROM sqlite_schema WHERE name = '{table}'"))[0];
        text += ";\n";
        let columns = texts(&format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid"));
        let quoted: Vec<String> = columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
        let select = format!("SELECT {} FROM \"{table}\" ORDER BY 1, 2", quoted.join(" || ', ' || "));
        let rows =
            texts(&select.replace(" ORDER BY 1, 2", &format!(" ORDER BY \"{}\"", columns.join("\", \""))));
        for row in rows {
            text += &format!("INSERT INTO \"{table}\" VALUES ({row});\n");
        }
    }
    for index in
        texts("SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL ORDER BY rowid")
    {
        text += &index;
        text += ";\n";
    }
    text + &format!("COMMIT;\nPRAGMA user_version = {};\n", number("user_version"))
}
