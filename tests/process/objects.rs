//! Recipients from where they lie: an object of S3, or whatever a URL leads to. They come whole or not at all, are read as a
//! file of this machine is, and nothing that gives access to them is written down anywhere.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use rusqlite::{Connection, OpenFlags};

use crate::object_store::{Fault, ObjectServer};
use crate::process::ran::{Ran, without_forecast};
use crate::process::serve::Page;
use crate::process::server::Server;
use crate::process::site::{Site, csv, row};

/// Where nothing listens, for what must not be asked.
const NOWHERE: &str = "http://127.0.0.1:9";
/// Rows of more bytes than any buffer between the two ends has.
const MANY: usize = 1_400;

fn people(rows: usize) -> String {
    csv((0..rows).map(row))
}

/// With a folder for files that are not kept, and S3 at this server.
fn command(site: &Site, args: &[&str], store: &ObjectServer) -> Command {
    fs::create_dir_all(site.path("tmp")).unwrap();
    let mut command = site.command(args);
    command.env("TMPDIR", site.path("tmp")).env("AWS_ENDPOINT_URL_S3", &store.url);
    command
}

fn run(site: &Site, args: &[&str], store: &ObjectServer) -> Ran {
    let ran = site.finish(command(site, args, store));
    assert_eq!(fs::read_dir(site.path("tmp")).unwrap().count(), 0, "a copy stays behind");
    ran
}

/// The file of the newest run, and what it noted.
fn noted(site: &Site) -> (String, String) {
    let journal = Connection::open_with_flags(site.path("journal.db"), OpenFlags::SQLITE_OPEN_READ_ONLY);
    let newest = "SELECT file, settings FROM run ORDER BY id DESC LIMIT 1";
    journal.unwrap().query_row(newest, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

#[test]
fn an_object_of_s3_is_sent_to_and_noted_with_its_etag() {
    let (site, server, store) = (Site::new(), Server::start(&[]), ObjectServer::signed("us-west-2"));
    site.write("people.csv", &people(20));
    store.put("/lists/2026/may%20%2B%20june.csv", people(20));
    store.store().versioned = true;
    let file = "s3://lists/2026/may + june.csv";
    run(&site, &["run", file, "--yes", "--endpoint-url", server.endpoint()], &store).exits(0);
    server.has_each_once(&site.report());
    let (name, settings) = noted(&site);
    let etag = store.store().objects.values().next().unwrap().1.replace('"', r#"\""#);
    assert_eq!(name, file);
    assert!(settings.contains(&format!(r#"["etag","{etag}"]"#)), "{settings}");
    assert!(settings.contains(r#"["version_id","v."#), "{settings}");
    assert_eq!(store.store().asked.len(), 1, "it is asked for once");
}

/// The definition's Region is us-west-2.
#[test]
fn a_bucket_is_found_in_the_region_that_it_is_in() {
    let (site, store) = (Site::new(), ObjectServer::signed("eu-central-1"));
    store.put("/lists/may.csv", people(3));
    run(&site, &["check", "s3://lists/may.csv"], &store).exits(0);
    let signed = store.headers("authorization");
    assert!(signed[0].contains("/us-west-2/s3/") && signed[1].contains("/eu-central-1/s3/"), "{signed:?}");
    assert_eq!(signed.len(), 2);
}

#[test]
fn a_url_is_asked_for_without_credentials_and_what_it_leads_to_is_read() {
    let (site, store) = (Site::new(), ObjectServer::start());
    store.put("/a/people.csv", people(3));
    let redirects = vec![Fault::Redirect("/a/b".to_owned()), Fault::Redirect(store.at("/a/people.csv"))];
    store.store().faults = redirects;
    run(&site, &["check", &store.at("/first")], &store).exits(0);
    assert_eq!(store.headers("authorization"), ["", "", ""]);
    assert_eq!(store.headers("accept-encoding"), ["identity"; 3]);
    store.store().always = Some(Fault::Redirect("/again".to_owned()));
    run(&site, &["check", &store.at("/first")], &store).exits(2).says(&["sends on more than 5 times"]);
}

/// It is what a presigned URL gives access by. The fullest log is searched, the journal, and all that is printed.
#[test]
fn the_query_of_a_url_is_asked_for_and_written_nowhere() {
    const QUERY: &str = "X-Amz-Signature=0ddba11&response-content-type=0ddba11";
    let (site, server, store) = (Site::new(), Server::start(&[]), ObjectServer::start());
    store.put("/lists/people.csv", people(5));
    let url = format!("{}?{QUERY}#0ddba11", store.at("/lists/people.csv"));
    let endpoint = ["--endpoint-url", server.endpoint()];
    let log = ["-vv", "--log-file", "log", "--log-format", "json"];
    let sends = [&["run", &url, "--yes", "--limit", "2", "--json"], &endpoint[..], &log].concat();
    let mut said = Vec::new();
    said.push(run(&site, &sends, &store).exits(4));
    assert!(store.store().asked[0].contains(QUERY));
    said.push(run(&site, &["resume", "--limit", "1", endpoint[0], endpoint[1]], &store).exits(4));
    let streams = [&["run", &url, "--stream", "--yes", "--limit", "1"], &endpoint[..]].concat();
    said.push(run(&site, &streams, &store).exits(4));
    said.push(run(&site, &["check", &url, "--rejects", "wrong.csv"], &store));
    said.push(run(&site, &["rehearse", &url], &store));
    said.push(run(&site, &["doctor", &url, endpoint[0], endpoint[1]], &store));
    said.push(run(&site, &["report", "-o", "report.html", "--format", "html"], &store).exits(0));
    said.push(run(&site, &["report", "--evidence", "evidence.zip"], &store));
    said.push(run(&site, &["status", "--json"], &store));
    store.store().always = Some(Fault::Says(403, format!("<Error><Message>{QUERY}</Message></Error>")));
    said.push(run(&site, &[&["run", &url, "--yes"], &endpoint[..]].concat(), &store).exits(2));
    let bad = format!("ftp://me:0ddba11@host.example/x?{QUERY}");
    said.push(run(&site, &["run", &bad, "--yes"], &store).exits(2));
    for ran in &said {
        assert!(!ran.stdout.contains("0ddba11") && !ran.stderr.contains("0ddba11"), "{ran:?}");
    }
    for entry in fs::read_dir(site.folder()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = if path.is_file() { fs::read(&path).unwrap() } else { continue };
        let found = bytes.windows(7).any(|bytes| bytes == b"0ddba11");
        assert!(!found, "{} has it", path.display());
    }
    let (name, settings) = noted(&site);
    assert_eq!(name, store.at("/lists/people.csv"));
    assert!(settings.contains(r#"["query","not kept"]"#), "{settings}");
}

/// Each file is checked as a file of this machine, as an object of S3 and as one behind a URL.
#[test]
fn whatever_is_in_it_is_read_as_in_a_file() {
    let (site, store) = (Site::new(), ObjectServer::start());
    let here = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/awkward/files"));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(people(MANY).as_bytes()).unwrap();
    // What its letters are is known from the end only.
    let mut late = people(MANY).into_bytes();
    late.extend(b"C-x,Andr\xe9 Fran\xe7ois,+12025550198\nC-y,Ren\xe9e No\xebl,+12025550199\n");
    let mut files = vec![
        ("plain.csv".to_owned(), people(5).into_bytes()),
        ("packed.csv.gz".to_owned(), gzip.finish().unwrap()),
        ("late.csv".to_owned(), late),
        ("none.csv".to_owned(), Vec::new()),
    ];
    for ending in [".xlsx", ".xls", ".ods", ".zst", ".zip", ".gz"] {
        let named = fs::read_dir(here).unwrap().map(|entry| entry.unwrap().path());
        let some = named.filter(|path| path.to_str().unwrap().ends_with(ending)).take(2);
        files.extend(some.map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(path).unwrap())
        }));
    }
    assert!(files.len() > 10, "{}", files.len());
    for (name, bytes) in files {
        fs::write(site.path(&name), &bytes).unwrap();
        store.put(&format!("/lists/{name}"), &bytes);
        let url = store.at(&format!("/lists/{name}"));
        let check = |file: &str| {
            let ran = run(&site, &["check", file, "--rejects", &format!("{name}.wrong.csv")], &store);
            let said = without_forecast(&(ran.stdout + &ran.stderr)).replace(file, &name);
            (ran.code, said, fs::read(site.path(&format!("{name}.wrong.csv"))).ok())
        };
        // The second and the third find the rejected rows of the first, and hold theirs against them.
        let from_file = check(&name);
        assert_eq!(check(&format!("s3://lists/{name}")), from_file, "{name}");
        assert_eq!(check(&url), from_file, "{name}");
    }
}

#[test]
fn a_connection_that_breaks_is_made_again_for_the_rest() {
    for no_parts in [false, true] {
        let (site, server, store) = (Site::new(), Server::start(&[]), ObjectServer::signed("us-west-2"));
        let list = people(MANY);
        site.write("people.csv", &list);
        store.put("/lists/people.csv", &list);
        store.store().no_parts = no_parts;
        // The second one breaks where the server has nothing to give at all.
        store.store().faults = vec![Fault::Cut(10_000), Fault::Status(503), Fault::Cut(7_000)];
        let args = ["run", "s3://lists/people.csv", "--yes", "--json", "--endpoint-url", server.endpoint()];
        let result = run(&site, &args, &store).exits(0).json();
        assert_eq!(result["started"], MANY);
        server.has_each_once(&site.report());
        let first_break = if no_parts { 10_000 } else { 17_000 };
        let ranges = ["".to_owned(), "bytes=10000-".to_owned(), "bytes=10000-".to_owned()];
        let asked = store.headers("range");
        assert_eq!((&asked[..3], asked.len()), (&ranges[..], 4));
        assert_eq!(asked[3], format!("bytes={first_break}-"));
        let etag = store.store().objects["/lists/people.csv"].1.clone();
        assert_eq!(store.headers("if-match"), [String::new(), etag.clone(), etag.clone(), etag]);
    }
}

/// What was planned before stays as it was: the journal is not touched by a file that did not come whole.
#[test]
fn an_object_that_does_not_come_whole_is_not_begun() {
    let (site, server, store) = (Site::new(), Server::start(&[]), ObjectServer::start());
    let url = store.at("/people.csv");
    let run_it = |rows: usize| {
        store.put("/people.csv", people(rows));
        run(&site, &["run", &url, "--yes", "--limit", "2", "--endpoint-url", server.endpoint()], &store)
    };
    site.write("people.csv", &people(6));
    run_it(6).exits(4);
    let journal = fs::read(site.path("journal.db")).unwrap();
    for (faults, always, words) in [
        (vec![], Some(Fault::Cut(100)), "the connection broke after 100 of "),
        (vec![], Some(Fault::Status(503)), "it answered 503"),
        (vec![Fault::Cut(100), Fault::Status(412)], None, "was changed while it was read"),
    ] {
        store.store().faults = faults;
        // After what had come the first time, nothing comes any more.
        if let Some(Fault::Cut(_)) = always {
            store.store().faults = vec![Fault::Cut(100)];
            store.store().always = Some(Fault::Cut(0));
        } else {
            store.store().always = always;
        }
        run_it(4).exits(1).says(&[words, "hint: "]);
        assert!(fs::read(site.path("journal.db")).unwrap() == journal, "{words}");
        (store.store().faults, store.store().always) = (Vec::new(), None);
    }
    // A server without ETags cannot be asked for the rest.
    store.store().objects.insert("/people.csv".to_owned(), (people(4).into_bytes(), "W/\"weak\"".to_owned()));
    store.store().faults = vec![Fault::Cut(100)];
    let args = ["run", &url, "--yes", "--endpoint-url", server.endpoint()];
    run(&site, &args, &store).exits(1).says(&["the server gives no ETag by which the rest"]);
    run(&site, &["resume", "--endpoint-url", server.endpoint()], &store).exits(0);
    server.has_each_once(&site.report());
}

#[test]
fn resume_says_that_an_object_is_another_one_by_now() {
    let (site, server, store) = (Site::new(), Server::start(&[]), ObjectServer::signed("us-west-2"));
    let file = "s3://lists/people.csv";
    store.put("/lists/people.csv", people(9));
    let endpoint = ["--limit", "3", "--endpoint-url", server.endpoint()];
    run(&site, &[&["run", file, "--yes"], &endpoint[..]].concat(), &store).exits(4);
    let resume = [&["resume"], &endpoint[..]].concat();
    let same = run(&site, &resume, &store).exits(4);
    assert!(!same.stderr.contains("another file"), "{}", same.stderr);
    assert!(store.store().asked[1].starts_with("HEAD /lists/people.csv "));
    store.put("/lists/people.csv", people(12));
    let words = ["note: s3://lists/people.csv is another file by now (its ETag was \"", "run the file"];
    run(&site, &resume, &store).exits(0).says(&words);
    // What it has now is taken in where it is read again, and then it is the same.
    let args = ["run", file, "--yes", "--json", "--endpoint-url", server.endpoint()];
    assert_eq!(run(&site, &args, &store).exits(0).json()["started"], 12);
    let settled = run(&site, &resume, &store).exits(0);
    assert!(!settled.stderr.contains("another file"), "{}", settled.stderr);
}

/// Nothing of the object is needed to go on.
#[test]
fn resume_goes_on_where_the_object_cannot_be_asked_about() {
    let (site, server, store) = (Site::new(), Server::start(&[]), ObjectServer::start());
    store.put("/people.csv", people(4));
    let url = store.at("/people.csv");
    run(&site, &["run", &url, "--yes", "--limit", "2", "--endpoint-url", server.endpoint()], &store).exits(4);
    store.store().always = Some(Fault::Status(403));
    let ran = run(&site, &["resume", "--endpoint-url", server.endpoint()], &store).exits(0);
    assert!(!ran.stderr.contains("people.csv"), "{}", ran.stderr);
}

#[test]
fn an_object_is_sent_while_it_comes() {
    let (site, server, store) = (Site::new(), Server::start(&[]), ObjectServer::start());
    let list = people(MANY);
    let url = store.at("/people.csv");
    site.write("people.csv", &list);
    store.put("/people.csv", &list);
    store.store().objects.get_mut("/people.csv").unwrap().1 = "W/\"weak\"".to_owned();
    // In the middle of a line, of which nothing is taken.
    store.store().faults = vec![Fault::Cut(20_005)];
    let args = ["run", &url, "--stream", "--yes", "--endpoint-url", server.endpoint()];
    let ran = run(&site, &args, &store).exits(1);
    let words = format!("next: campaign run {url} --stream --yes");
    ran.says(&["the connection broke after 20,005 of ", &words]);
    let started = server.contacts().len();
    assert!((100..MANY).contains(&started), "{started}");
    run(&site, &args, &store).exits(0);
    server.has_each_once(&site.report());
    assert_eq!(server.contacts().len(), MANY);
}

#[test]
fn its_name_is_that_of_a_file() {
    let (site, store) = (Site::new(), ObjectServer::start());
    let definition = site.read("campaign.toml").replace("\"spring\"", "\"list {file}\"");
    site.write("campaign.toml", &definition);
    store.put("/lists/may.csv", people(2));
    run(&site, &["run", "s3://lists/may.csv", "--simulate", "-j", "journal.db"], &store).exits(0);
    run(&site, &["status", "--name", "list may", "-j", "journal.db"], &store).exits(0);
}

#[test]
fn a_server_is_believed_by_its_certificate() {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/process/");
    let [certificate, key] = ["serve_certificate.pem", "serve_key.pem"].map(|file| format!("{here}{file}"));
    let (site, store) = (Site::with_people(1), ObjectServer::start());
    run(&site, &["run", "people.csv", "--simulate", "-j", "journal.db"], &store).exits(0);
    let page = Page::start(&site, &["--tls-cert", &certificate, "--tls-key", &key]);
    let port = page.address.rsplit(':').next().unwrap();
    let url = format!("https://localhost:{port}/healthz");
    let words = format!("https://localhost:{port}/healthz: the certificate of localhost is not trusted");
    run(&site, &["check", &url], &store).exits(2).says(&[&words, "AWS_CA_BUNDLE"]);
    let mut trusting = command(&site, &["check", &url], &store);
    trusting.env("AWS_CA_BUNDLE", &certificate);
    // It is there, and is no recipients file.
    let ran = site.finish(trusting).exits(2);
    assert!(!ran.stderr.contains("certificate"), "{}", ran.stderr);
}

#[test]
fn the_policy_allows_reading_what_is_named() {
    let (site, store) = (Site::new(), ObjectServer::start());
    let ran = run(&site, &["iam-policy", "--object", "s3://lists/2026/*"], &store).exits(0);
    let words = ["\"s3:GetObject\"", "\"arn:aws:s3:::lists/2026/*\""];
    assert!(words.iter().all(|words| ran.stdout.contains(words)), "{}", ran.stdout);
    for bad in ["s3://lists", "people.csv", "https://host.example/people.csv"] {
        run(&site, &["iam-policy", "--object", bad], &store).exits(2);
    }
}

#[test]
fn credentials_are_loaded_for_s3_alone() {
    let (site, store) = (Site::new(), ObjectServer::start());
    store.put("/people.csv", people(2));
    let without = |file: &str| {
        let mut command = command(&site, &["check", file], &store);
        command.env_remove("AWS_ACCESS_KEY_ID").env("AWS_ENDPOINT_URL", NOWHERE);
        site.finish(command)
    };
    without(&store.at("/people.csv")).exits(0);
    without("s3://lists/people.csv").exits(5).says(&["unable to locate credentials", "copy the file here"]);
}
