//! `campaign report --evidence`: what the archive has, that its sums hold, and that a doctored one is told.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::process::server::Server;
use crate::process::site::{NAME, Site, csv, definition, phone};

/// Unpacks an archive into a folder.
fn unpack(archive: &Path, folder: &Path) {
    let mut zip = zip::ZipArchive::new(fs::File::open(archive).unwrap()).unwrap();
    fs::create_dir_all(folder).unwrap();
    for index in 0..zip.len() {
        let mut file = zip.by_index(index).unwrap();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        fs::write(folder.join(&*file.name().unwrap()), content).unwrap();
    }
}

/// What `sha256sum -c` says of an unpacked archive.
fn verified(folder: &Path) -> bool {
    let mut command = Command::new("sha256sum");
    command.args(["--check", "--strict", "--quiet", "SHA256SUMS"]).current_dir(folder);
    command.output().unwrap().status.success()
}

fn records(folder: &Path, name: &str) -> Vec<csv::StringRecord> {
    let mut reader = csv::Reader::from_path(folder.join(name)).unwrap();
    reader.records().map(Result::unwrap).collect()
}

#[test]
fn an_auditor_finds_what_was_sent_and_notices_what_was_changed() {
    let (site, server) = (Site::new(), Server::start(&[]));
    let hours = "[hours]\nopen = \"00:00-24:00\"\nmargin = \"1s\"\n";
    site.write("campaign.toml", &format!("{}{hours}", definition()));
    let row = |n: usize| format!("C-{n},{NAME}{n},{},web form 2026-01-0{}", phone(n), n + 1);
    let file = csv((0..4).map(row)).replace("first_name,phone", "first_name,phone,consent");
    site.write("people.csv", &file);
    site.send(server.endpoint()).exits(0);
    site.run(&["suppress", "add", &phone(2), "--note", "called us"]).exits(0);
    let made = site.run(&["report", "--evidence", "evidence.zip"]).exits(0);

    // The sum that is printed is the archive's, in the form of `sha256sum`.
    let archive = site.path("evidence.zip");
    let sum = hex::encode(Sha256::digest(fs::read(&archive).unwrap()));
    assert_eq!(made.stdout, format!("{sum}  evidence.zip\n"));
    let folder = site.path("evidence");
    unpack(&archive, &folder);
    assert!(verified(&folder));
    let sums = fs::read_to_string(folder.join("SHA256SUMS")).unwrap();
    assert_eq!(
        sums.lines().count() + 1,
        fs::read_dir(&folder).unwrap().count(),
        "every file has a sum: {sums}"
    );

    // Each request is what the service got, and the file's own columns are there, consent too.
    let requests = fs::read_to_string(folder.join("requests.jsonl")).unwrap();
    let requests: Vec<Value> = requests.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let contacts = server.contacts_in_full();
    assert_eq!(contacts.len(), 4);
    for contact in &contacts {
        let same =
            requests.iter().find(|request| request["client_token"] == contact["client_token"]).unwrap();
        let text = same["request"]["InitialSystemMessage"]["Content"].as_str().unwrap();
        assert!(text.starts_with(&format!("Hi {NAME}")), "{text}");
        assert_eq!(same["request"]["ClientToken"], contact["client_token"]);
    }
    let rows = fs::read_to_string(folder.join("rows.csv")).unwrap();
    assert!(rows.contains(",consent") && rows.contains("web form 2026-01-02"), "{rows}");
    let clocks = records(&folder, "hours.csv");
    assert_eq!(clocks.len(), 4);
    assert!(
        clocks.iter().all(|row| &row[7] == "hours.open" && &row[8] == "yes" && row[6].contains('T')),
        "{clocks:?}"
    );
    let lists = records(&folder, "lists.csv");
    assert_eq!(lists.iter().map(|row| row[1].to_owned()).collect::<Vec<_>>(), [phone(2)]);
    assert_eq!(
        fs::read(folder.join("definition.toml")).unwrap(),
        fs::read(site.path("campaign.toml")).unwrap()
    );
    let facts: Value = serde_json::from_slice(&fs::read(folder.join("facts.json")).unwrap()).unwrap();
    let of = |bytes: &[u8]| Value::from(hex::encode(Sha256::digest(bytes)));
    assert_eq!(facts["definition"]["sha256"], of(&fs::read(site.path("campaign.toml")).unwrap()));
    assert_eq!(facts["recipients_files"][0]["sha256"], of(file.as_bytes()));
    assert!(facts["made_by"]["time_zones"].is_string() && facts["runs_by"][0].is_string(), "{facts}");

    // One digit of one number, one line more, a sum that was mended by hand: all of it is noticed.
    for (name, that, this) in
        [("rows.csv", "web form 2026-01-02", "web form 2026-01-03"), ("hours.csv", "yes", "no")]
    {
        let whole = fs::read_to_string(folder.join(name)).unwrap();
        fs::write(folder.join(name), whole.replacen(that, this, 1)).unwrap();
        assert!(!verified(&folder), "{name}");
        fs::write(folder.join(name), whole).unwrap();
        assert!(verified(&folder));
    }
    // Evidence replaces nothing.
    site.run(&["report", "--evidence", "evidence.zip"]).exits(2).says(&["evidence replaces nothing"]);
    assert_eq!(hex::encode(Sha256::digest(fs::read(&archive).unwrap())), sum);
}

/// The definition goes into the archive as it is: a URL that somebody could post to is said to be in it.
#[test]
fn urls_that_leave_with_the_definition_are_told() {
    let (site, server) = (Site::with_people(1), Server::start(&[]));
    site.send(server.endpoint()).exits(0);
    let told = |alerts: &str, archive: &str| {
        site.write("campaign.toml", &format!("{}{alerts}", definition()));
        site.run(&["report", "--evidence", archive]).exits(0).stderr
    };
    assert_eq!(told("", "none.zip"), "");
    assert_eq!(
        told("[alerts]\nwebhook_env = \"CAMPAIGN_ALERTS_URL\"\nheartbeat_env = \"X\"\n", "variable.zip"),
        ""
    );
    let url = "https://alerts.example.com/secret";
    let both = told(&format!("[alerts]\nwebhook = \"{url}\"\nheartbeat = \"{url}\"\n"), "both.zip");
    assert!(
        both.contains("with alerts.webhook and alerts.heartbeat in it") && !both.contains("secret"),
        "{both}"
    );
}
