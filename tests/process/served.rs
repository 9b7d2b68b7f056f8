//! What the page and its figures say of rows that are in flight, and of rows whose time is over.

use crate::process::serve::Page;
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
