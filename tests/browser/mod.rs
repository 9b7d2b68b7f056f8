//! The html report in a real browser: Chromium, headless, on files of this machine.
//!
//! `CAMPAIGN_BROWSER` names the browser; `tests/all` finds or installs one.
//! Screenshots are left in `target/pages/` to be looked at.

mod chromium;
mod driven;
mod journal;
mod live;

use std::fs;

use campaign::cli::commands::report::{ReportArgs, write};
use campaign::cli::session::Asked;
use chromium::{Chromium, Scheme};
use tempfile::TempDir;

/// A page of a journal with so many rows.
fn page(folder: &TempDir, rows: u32) -> std::path::PathBuf {
    let journal = folder.path().join("journal.db");
    journal::make(&journal, rows);
    let path = folder.path().join("report.html");
    let args = ReportArgs { output: Some(path.clone()), ..ReportArgs::default() };
    let asked = Asked { journal: &journal, campaign: Some("spring"), json: false, quiet: true };
    write(&args, &asked, &mut Vec::new(), &mut Vec::new()).expect("a report");
    path
}

fn rendered_as_it_should_be(rows: u32, name: &str) {
    let chromium = Chromium::find();
    let folder = tempfile::tempdir().expect("a folder");
    let path = page(&folder, rows);
    let size = path.metadata().expect("a page").len();
    assert!(size < 2_000_000, "{size} bytes");

    let (dom, console) = chromium.dom(&path);
    assert_eq!(console, Vec::<String>::new(), "the console is quiet");
    let total = campaign::domain::figures::Grouped(u64::from(rows)).to_string();
    assert!(dom.contains(&format!("<tfoot><tr><th scope=\"row\">all</th><td class=\"n\">{total}</td>")));
    assert!(dom.trim_end().ends_with("</html>") && dom.contains("names no recipient"));
    assert!(dom.matches("<rect class=\"started\"").count() > 2, "there is a chart");

    let shot =
        |scheme, width| chromium.screenshot(&path, &format!("{name}-{scheme:?}-{width}"), scheme, width);
    let (light, dark) = (shot(Scheme::Light, 1_200), shot(Scheme::Dark, 1_200));
    assert_ne!(light, dark, "the dark page is another one");
    let phone = shot(Scheme::Light, 390);
    for image in [&light, &dark, &phone] {
        assert!(image.len() > 20_000, "a picture of a page, not of nothing: {} bytes", image.len());
    }
}

#[test]
#[ignore = "needs Chromium"]
fn ten_rows_in_chromium() {
    rendered_as_it_should_be(10, "ten");
}

#[test]
#[ignore = "needs Chromium"]
fn a_million_rows_in_chromium() {
    rendered_as_it_should_be(1_000_000, "million");
}

/// The test of the test: what the page's policy forbids is on the console, and not on the page.
#[test]
#[ignore = "needs Chromium"]
fn a_page_that_breaks_its_policy_is_noticed() {
    let chromium = Chromium::find();
    let folder = tempfile::tempdir().expect("a folder");
    let path = page(&folder, 10);
    let whole = fs::read_to_string(&path).expect("a page");
    for (from, to) in [
        ("<main>", "<main><script>document.title = 'ran'</script>"),
        ("<main>", "<main><img src=\"http://127.0.0.1:9/x.png\" alt=\"\">"),
        (":root {", ":root  {"),
    ] {
        assert!(whole.contains(from));
        fs::write(&path, whole.replacen(from, to, 1)).expect("a page");
        let (dom, console) = chromium.dom(&path);
        assert!(console.iter().any(|line| line.contains("Content Security Policy")), "{to}: {console:?}");
        assert!(!dom.contains("<title>ran"));
    }
}
