//! What the page and its figures say of rows that are in flight, of rows whose time is over, and of a journal that cannot
//! be read; and how the page is reached from elsewhere.

use std::io::{BufRead as _, BufReader};
use std::time::Duration;

use campaign::connect::Poster;
use campaign::domain::definition::AlertUrl;
use serde_json::json;

use crate::process::serve::{Page, finished};
use crate::process::server::Server;
use crate::process::site::Site;

/// While a run lasts, a request that has just left is in flight, and its row is in no doubt.
#[test]
fn what_is_merely_in_flight_is_no_old_doubt() {
    let (site, server) = (Site::with_people(3), Server::start(&[]));
    server.freeze();
    let child = site.start(&["run", "people.csv", "--yes", "--endpoint-url", server.endpoint()]);
    let attempting = |figures: &str| {
        let of = "campaign_rows{campaign=\"spring\",state=\"attempting\"}";
        figures.lines().any(|line| line.starts_with(of) && line.ends_with(" 3.0"))
    };
    let figures = loop {
        // A server looks at the journal no more often than once in a while: a new one looks at once.
        let figures = Page::start(&site, &[]).get("/metrics").body;
        if attempting(&figures) {
            break figures;
        }
    };
    assert!(!figures.contains("campaign_oldest_doubt_timestamp_seconds{"), "{figures}");
    server.thaw();
    site.wait(child).exits(0);
}

/// Rows whose time is over are in no one's doubt: no contact exists, and that is what is said.
#[test]
fn rows_that_expired_are_explained_wherever_they_are_told() {
    let (site, server) = (Site::with_people(12), Server::start(&[]));
    let limited = ["run", "people.csv", "--yes", "--limit", "1", "--endpoint-url", server.endpoint()];
    site.run(&limited).exits(4);
    let schedule = "\n[schedule]\nend = \"2020-01-01T00:00:00Z\"\n";
    site.write("campaign.toml", &(site.read("campaign.toml") + schedule));
    site.run(&["resume", "--endpoint-url", server.endpoint()]).exits(3);
    let told = Page::start(&site, &[]).get("/api/campaigns/spring/problems").json();
    let problem = &told["problems"][0];
    assert_eq!((&problem["rows"], &problem["code"]), (&11.into(), &"campaign-ended".into()), "{told}");
    assert!(problem["what"].as_str().unwrap().contains("schedule.end"), "{told}");
    site.run(&["report", "--format", "html", "-o", "report.html"]).exits(0);
    let page = site.read("report.html");
    assert!(page.contains("11 rows are expired") && page.contains("schedule.end"), "{page}");
    assert!(!page.contains("no answer that says whether a contact exists"), "{page}");
}

/// The address comes by chat or mail as well: a browser that follows a link from there sends no cookie until the page
/// itself asks. Anything else that another site does gets nothing.
#[test]
fn a_link_of_another_site_opens_the_page_and_nothing_else() {
    let (site, _server) = finished();
    let page = Page::start(&site, &[]);
    let invited = format!("/?token={}", page.token);
    let link =
        [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    let welcome = page.send("GET", &invited, &link, "");
    assert_eq!(welcome.status, 200);
    assert!(welcome.head.contains("set-cookie: campaign_") && welcome.body.contains("url=/"), "{welcome:?}");
    assert!(!welcome.body.contains(&page.token) && !welcome.body.contains("spring"));
    let known = page.send("GET", "/", &link, "");
    assert_eq!((known.status, known.head.contains("set-cookie")), (200, false));
    assert!(known.body.contains("url=/") && !known.body.contains("page.js"), "{}", known.body);
    for (path, mode, dest) in [
        ("/", "no-cors", "image"),
        ("/", "navigate", "iframe"),
        ("/", "cors", "empty"),
        ("/metrics", "navigate", "document"),
        ("/api/campaigns", "navigate", "document"),
    ] {
        let headers = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", mode), ("sec-fetch-dest", dest)];
        assert_eq!(page.send("GET", path, &headers, "").status, 403, "{path} {mode} {dest}");
    }
    let rebound = [&link[..], &[("host", "evil.example")]].concat();
    assert_eq!(page.send("GET", "/", &rebound, "").status, 421);
    assert_eq!(page.send("GET", "/", &[], "").status, 401, "without a link there is nothing to bounce");
}

/// What cannot be read may have the campaign: nobody is told that it is gone, and who watches is told that the figures
/// are old.
#[test]
fn a_journal_that_cannot_be_read_is_no_missing_campaign() {
    let (site, _server) = finished();
    let page = Page::start(&site, &[]);
    let mut events = page.events("/api/campaigns/spring/events");
    let before = events.next().unwrap();
    let rename = |from: &str, to: &str| std::fs::rename(site.path(from), site.path(to)).unwrap();
    rename("journal.db", "elsewhere.db");
    let trouble = events.next().unwrap();
    assert!(trouble["error"].is_string() && trouble.get("rows").is_none(), "{trouble}");
    for path in ["", "/events", "/history", "/problems", "/report.html"] {
        let answer = page.get(&format!("/api/campaigns/spring{path}"));
        assert_eq!(answer.status, 503, "{path}");
        assert!(answer.body.contains("the journal cannot be read: "), "{path}: {}", answer.body);
    }
    assert_eq!(page.order("pause", &json!({})).status, 503);
    assert_eq!((page.get("/readyz").status, page.get("/healthz").status), (503, 200));
    rename("elsewhere.db", "journal.db");
    assert_eq!(events.next().unwrap()["started"], before["started"], "and again when it can be read");
    assert_eq!(page.get("/api/campaigns/nothing").status, 404);
}

#[test]
fn deliveries_and_old_doubts_are_figures() {
    let (site, server) = finished();
    let doubt = "campaign_oldest_doubt_timestamp_seconds{campaign=\"spring\"}";
    let figures = |site: &Site| Page::start(site, &[]).get("/metrics").body;
    let before = figures(&site);
    assert!(!before.contains("campaign_deliveries{") && !before.contains(doubt), "{before}");
    site.write("events.jsonl", &server.events());
    site.run(&["deliveries", "import", "events.jsonl", "--origination", "+12025550199"]).exits(0);
    // One row is as if nobody had answered for it since the first second of 1970.
    let doubtful = "UPDATE row SET state = 1, doubt_at = 1000 WHERE line = 2; DELETE FROM tally;
        INSERT INTO tally SELECT campaign_id, state, count(*) FROM row GROUP BY 1, 2;";
    rusqlite::Connection::open(site.path("journal.db")).unwrap().execute_batch(doubtful).unwrap();
    let after = figures(&site);
    assert!(after.contains(&format!("{doubt} 1.0\n")), "{after}");
    let deliveries = after.lines().filter(|line| line.starts_with("campaign_deliveries{"));
    let values = deliveries.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap());
    let (figures, rows) = values.fold((0, 0.0), |(figures, sum), value| (figures + 1, sum + value));
    assert_eq!((figures, rows >= 3.0), (5, true), "{after}");
}

/// The page beside a run: whoever starts it gets an address, and it is gone with the run.
#[test]
fn a_run_shows_its_own_page() {
    let (site, server) = (Site::with_people(3), Server::start(&[]));
    server.freeze();
    let args = ["run", "people.csv", "--yes", "--serve", "127.0.0.1:0", "--endpoint-url", server.endpoint()];
    let mut child = site.start(&args);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let url = loop {
        let mut line = String::new();
        assert!(stderr.read_line(&mut line).unwrap() > 0, "no address");
        if let Some(url) = line.trim().strip_prefix("live page: http://") {
            break url.to_owned();
        }
    };
    let page = Page::at(&url, child);
    assert_eq!(page.send("GET", "/api/campaigns", &[], "").status, 401);
    let mut events = page.events("/api/campaigns/spring/events");
    let running = events.find(|status| status["attempting"] == 3).unwrap();
    assert_eq!((&running["running"], &running["rows"]), (&json!(true), &json!(3)));
    server.thaw();
    let last = events.last();
    assert!(last.is_none_or(|status| status["rows"] == 3), "the connection ends with the run");
    assert_eq!(site.report().iter().filter(|row| row.state == "started").count(), 3);
}

#[test]
fn an_address_that_cannot_be_had_is_told_before_anything_is_sent() {
    let (site, server) = (Site::with_people(3), Server::start(&[]));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let send = |address: &str| {
        let args = ["run", "people.csv", "--yes", "--serve", address, "--endpoint-url", server.endpoint()];
        site.run(&args).exits(2)
    };
    send(&taken).says(&["failed to listen on", "choose another address or port"]);
    send("0.0.0.0:0").says(&["0.0.0.0:0 is not a loopback address", "such as 127.0.0.1:8080"]);
    assert_eq!(server.requests(), 0);
}

/// Who gets alerts may have a certificate that this machine does not trust: that is told in words, with what to set.
#[tokio::test]
async fn a_receiver_whose_certificate_is_not_trusted_is_told_as_such() {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/process/");
    let [certificate, key] = ["serve_certificate.pem", "serve_key.pem"].map(|file| format!("{here}{file}"));
    let site = Site::with_people(1);
    let page = Page::start(&site, &["--tls-cert", &certificate, "--tls-key", &key]);
    let url = AlertUrl::parse(&format!("https://{}/secret", page.address)).unwrap();
    let refused =
        Poster::new(None, Duration::from_secs(10)).unwrap().get(&url).await.unwrap_err().to_string();
    assert!(refused.contains("is not trusted") && refused.contains("AWS_CA_BUNDLE"), "{refused}");
    assert!(!refused.contains("peer certificate") && !refused.contains("secret"), "{refused}");
}
