//! The ways to PostgreSQL, what is in the way of a copy, and that a copy which is not whole leaves nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::process::postgres::cluster::Cluster;
use crate::process::server::Server;
use crate::process::site::Site;

/// A journal of five rows, all sent.
fn sent() -> Site {
    let (site, server) = (Site::with_people(5), Server::start(&[]));
    site.send(server.endpoint()).exits(0);
    site
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_copy_replaces_nothing_and_touches_nothing_of_others() {
    let (cluster, site) = (Cluster::start(""), sent());
    let (address, other) = (cluster.address(""), cluster.address("&schema=other"));
    let put = |address: &str| site.run(&["journal", "copy", "journal.db", address]);
    site.run(&["journal", "copy", &address, "x.db"])
        .exits(2)
        .says(&["there is no journal in the schema campaign of postgres://"]);
    assert_eq!(
        cluster.sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'campaign'"),
        "0",
        "who fetches makes none"
    );
    put(&address).exits(0);
    put(&address).exits(2).says(&[
        "there is a journal already in",
        "?schema=NAME",
        "DROP SCHEMA \"campaign\" CASCADE",
    ]);
    put(&other).exits(0);
    fs::write(site.path("x.db"), "mine").unwrap();
    site.run(&["journal", "copy", &address, "x.db"]).exits(2).says(&["x.db is there already"]);
    assert_eq!(site.read("x.db"), "mine");
    fs::create_dir(site.path("copies")).unwrap();
    site.run(&["journal", "copy", &address, "copies"]).exits(0).says(&["copies/journal-20"]);

    cluster.sql("CREATE SCHEMA \"it's\"; CREATE TABLE \"it's\".row (x int)");
    put(&cluster.address("&schema=it%27s")).exits(2).says(&["has tables of another program", "?schema=NAME"]);
    cluster.sql("INSERT INTO other.refinery_schema_history SELECT 999, name, applied_on, checksum FROM other.refinery_schema_history WHERE version = 1");
    for ran in [put(&other), site.run(&["journal", "copy", &other, "y.db"])] {
        ran.exits(2).says(&["was written by a newer version of campaign (schema 999, this one knows "]);
    }
    cluster.sql("DELETE FROM other.refinery_schema_history WHERE version = 999; UPDATE other.refinery_schema_history SET checksum = 1");
    put(&other).exits(2).says(&["is not the one of this program: its migration 1 is another one"]);
    let left = fs::read_dir(site.folder())
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().ends_with(".part"));
    assert_eq!(left.count(), 0);
}

#[test]
#[ignore = "needs PostgreSQL"]
fn one_process_copies_into_a_schema_at_a_time() {
    let (cluster, site) = (Cluster::start(""), sent());
    // 1667329392 is "camp".
    let mut held = cluster.holding("SELECT pg_advisory_lock(1667329392, hashtext('campaign'))");
    let put = |address: &str| site.run(&["journal", "copy", "journal.db", address]);
    put(&cluster.address("")).exits(6).says(&["another process is copying a journal to the schema campaign"]);
    put(&cluster.address("&schema=other")).exits(0);
    held.kill().unwrap();
    held.wait().unwrap();
}

/// A copy that is not what was copied does not count: here a trigger changes one value of one row.
#[test]
#[ignore = "needs PostgreSQL"]
fn what_is_read_back_must_be_what_was_written() {
    let (cluster, site) = (Cluster::start(""), sent());
    site.run(&["journal", "copy", "journal.db", &cluster.address("")]).exits(0);
    cluster.sql(
        "DO $$ DECLARE place text; BEGIN FOR place IN SELECT format('campaign.%I', tablename) FROM pg_tables
             WHERE schemaname = 'campaign' AND tablename <> 'refinery_schema_history'
         LOOP EXECUTE 'TRUNCATE ' || place; END LOOP; END $$;
         CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.cells := NEW.cells || ' '; RETURN NEW; END $$;
         CREATE TRIGGER spoil BEFORE INSERT ON campaign.\"row\" FOR EACH ROW WHEN (NEW.id = 3) EXECUTE FUNCTION spoil()",
    );
    site.run(&["journal", "copy", "journal.db", &cluster.address("")])
        .exits(1)
        .says(&["the copy of the table row is not what was copied (5 rows were written, 5 read back)"]);
    assert_eq!(cluster.sql("SELECT count(*) FROM campaign.campaign"), "0", "nothing was committed");
    cluster.sql("DROP TRIGGER spoil ON campaign.\"row\"");
    site.run(&["journal", "copy", "journal.db", &cluster.address("")]).exits(0);

    // What was changed there so that it adds up no more is not fetched.
    cluster.sql("UPDATE campaign.\"row\" SET attempts = 0 WHERE id = 1");
    site.run(&["journal", "copy", &cluster.address(""), "x.db"]).exits(1).says(&["is not sound: 1 row: "]);
    assert!(!site.path("x.db").exists());
    // What does not add up here is not copied there.
    let connection = rusqlite::Connection::open(site.path("journal.db")).unwrap();
    connection.execute("UPDATE tally SET rows = rows + 1 WHERE state = 2", []).unwrap();
    site.run(&["journal", "copy", "journal.db", &cluster.address("&schema=other")])
        .exits(1)
        .says(&["the journal journal.db is not sound"]);
}

#[test]
#[ignore = "needs PostgreSQL"]
fn passwords_come_from_where_psql_has_them_and_are_never_shown() {
    let access = "host all scram 127.0.0.1/32 scram-sha-256\nhost all old 127.0.0.1/32 md5\nhost all plain 127.0.0.1/32 password";
    let (cluster, site) = (Cluster::start(access), sent());
    cluster.sql(
        "SET password_encryption TO 'scram-sha-256'; CREATE ROLE scram SUPERUSER LOGIN PASSWORD 'Sésame: 1';
         CREATE ROLE plain SUPERUSER LOGIN PASSWORD 'Sésame: 1';
         SET password_encryption TO md5; CREATE ROLE old SUPERUSER LOGIN PASSWORD 'Sésame: 1'",
    );
    for user in ["scram", "old", "plain"] {
        let address =
            cluster.over_tcp(user, "localhost", &format!("sslmode=disable&hostaddr=127.0.0.1&schema={user}"));
        let copy = |variables: &[(&str, &str)]| {
            let mut command = site.command(&["journal", "copy", "journal.db", &address, "-vv"]);
            let ran = site.finish({
                command.envs(variables.iter().copied());
                command
            });
            assert!(!ran.stderr.contains("same: 1") && !ran.stdout.contains("same: 1"), "{}", ran.stderr);
            ran
        };
        copy(&[]).exits(2).says(&["asks for a password of", "PGPASSWORD"]);
        copy(&[("PGPASSWORD", "wrong")])
            .exits(1)
            .says(&["refused the connection: password authentication failed"]);
        copy(&[("PGPASSWORD", "Sésame: 1")]).exits(0);
        cluster.sql(&format!("DROP SCHEMA {user} CASCADE"));
        let file = site.path("passwords");
        site.write("passwords", &format!("localhost:{}:*:{user}:Sésame\\: 1\n", cluster.port));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let passfile = [("PGPASSFILE", file.to_str().unwrap())];
        copy(&passfile).exits(2).says(&["passed over: others may read it"]);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        copy(&passfile).exits(0);
    }
    let with_password = cluster.over_tcp("scram:S%C3%A9same%3A%201", "127.0.0.1", "schema=scram");
    let ran = site.run(&["journal", "copy", &with_password, "x.db", "--json"]).exits(0);
    assert!(!ran.stdout.contains("same"), "{}", ran.stdout);
}

#[test]
#[ignore = "needs PostgreSQL"]
fn connections_are_encrypted_as_sslmode_says() {
    // No connection over TCP without encryption.
    let (cluster, site) = (Cluster::start("hostnossl all all 127.0.0.1/32 reject"), sent());
    let certificate = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/process/serve_certificate.pem");
    site.run(&["journal", "copy", "journal.db", &cluster.address("")]).exits(0);
    let fetch = |host: &str, parameters: &str| {
        let _ = fs::remove_file(site.path("x.db"));
        let address = cluster.over_tcp("tester", host, &format!("hostaddr=127.0.0.1&{parameters}"));
        site.run(&["journal", "copy", &address, "x.db"])
    };
    fetch("localhost", "sslmode=disable").exits(1).says(&["refused the connection", "no encryption"]);
    for mode in ["prefer", "require"] {
        fetch("localhost", &format!("sslmode={mode}")).exits(0);
    }
    for mode in ["verify-ca", "verify-full"] {
        fetch("localhost", &format!("sslmode={mode}&sslrootcert={certificate}")).exits(0);
    }
    fetch("other.example", &format!("sslmode=verify-ca&sslrootcert={certificate}")).exits(0);
    fetch("other.example", &format!("sslmode=verify-full&sslrootcert={certificate}"))
        .exits(1)
        .says(&["failed to make an encrypted connection", "certificate"]);
    // Another authority: the trust store of no server here.
    fetch("localhost", "sslmode=verify-full&sslrootcert=system")
        .exits(1)
        .says(&["failed to make an encrypted connection"]);
    assert!(!site.path("x.db").exists());
}
