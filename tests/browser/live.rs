//! The live page of `campaign serve` in Chromium: it shows the journal's figures, says nothing on the console, and takes no
//! name for HTML.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use campaign::domain::unix_millis::UnixMillis;
use campaign::journal::{Identity, Journal, Service};

use crate::browser::chromium::Scheme;
use crate::browser::driven::Driven;
use crate::browser::journal;

/// A name that would run in a page that takes it for HTML.
const NAME: &str = "<img src=x onerror=\"document.title='ran'\">";

struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(journal: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_campaign"));
        command.args(["serve", "-j"]).arg(journal).stdout(Stdio::piped());
        let mut child = command.spawn().expect("a server");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its stdout")).read_line(&mut line).expect("a line");
        let url = line.trim().strip_prefix("listening on ").expect("an address").to_owned();
        Self { child, url }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// A journal with a campaign of so many rows, and one with an awkward name.
fn journal(folder: &Path, rows: u32) -> PathBuf {
    let path = folder.join("journal.db");
    journal::make(&path, rows);
    let identity = Identity {
        name: NAME.to_owned(),
        instance_id: "11111111-2222-3333-4444-555555555555".to_owned(),
        key_column: None,
        service: Service::Simulated,
    };
    let mut journal = Journal::open(&path).expect("a journal");
    journal.campaign(&identity, UnixMillis::from_millis(0)).expect("a campaign");
    path
}

/// axe-core, as pinned in `axe/`.
fn axe() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("axe");
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let script = tests.join("segments/install.sh");
    let installed =
        Command::new(script).arg(&folder).arg(tests.join("browser/axe")).output().expect("a script");
    assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
    folder.join("node_modules/axe-core/axe.min.js")
}

#[test]
#[ignore = "needs Chromium and npm"]
fn the_live_page_shows_the_journal_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&journal(folder.path(), 1_000));
    let axe = axe();

    let all = Driven::open(&server.url);
    all.until("document.querySelectorAll('#list tbody tr').length === 2");
    let dom = all.dom();
    assert!(dom.contains("href=\"#spring\"") && dom.contains(">1,000</td>"), "{dom}");
    assert!(dom.contains("&lt;img src=x") && !dom.contains("<title>ran"), "{dom}");
    assert_eq!(all.value("location.search"), "", "the token is not in the address any more");

    for name in ["spring", NAME] {
        let one = Driven::open(&server.url);
        one.until("document.querySelectorAll('#list tbody tr').length === 2");
        one.value(&format!("location.hash = encodeURIComponent({}); 1", serde_json::json!(name)));
        one.until("!document.getElementById('one').hidden");
        assert_eq!(one.value("document.getElementById('name').textContent"), name);
        let dom = one.dom();
        assert!(!dom.contains("+1202") && !dom.contains("<title>ran"), "{dom}");
        for (width, scheme) in
            [(390, Scheme::Light), (1_200, Scheme::Light), (1_200, Scheme::Dark), (2_560, Scheme::Light)]
        {
            let kind = if name == NAME { "awkward" } else { "live" };
            let picture = one.picture(kind, scheme, width);
            assert!(picture.len() > 10_000, "a picture of a page, not of nothing: {} bytes", picture.len());
            assert_eq!(one.axe(&axe), Vec::<String>::new(), "{width} {scheme:?}");
        }
        assert_eq!(one.console(), Vec::<String>::new());
    }
    assert_eq!(all.axe(&axe), Vec::<String>::new());
    assert_eq!(all.console(), Vec::<String>::new());
    // The test of the test: what is wrong is found, and what the policy forbids is on the console.
    all.value("document.body.append(document.createElement('button')); 1");
    assert!(all.axe(&axe).iter().any(|found| found.starts_with("button-name")));
    all.value(
        "document.body.insertAdjacentHTML('beforeend', '<img src=\"http://127.0.0.1:9/\" alt=\"\">'); 1",
    );
    assert!(all.console().iter().any(|line| line.contains("Content Security Policy")));
}

/// Two people watch; one pauses, the other sees it and lets it go on. Nothing runs: the journal alone knows.
#[test]
#[ignore = "needs Chromium and npm"]
fn what_one_browser_orders_the_other_shows() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&journal(folder.path(), 10));
    let [one, other] = [(); 2].map(|()| {
        let page = Driven::open(&server.url);
        page.until("document.querySelectorAll('#list tbody tr').length === 2");
        page.value("location.hash = 'spring'; 1");
        page.until("!document.getElementById('one').hidden");
        page
    });
    let press = |page: &Driven, action: &str| {
        page.value(&format!("document.querySelector('[data-action={action}]').click(); 1"));
        page.until("document.getElementById('confirm').open");
        page.value("document.getElementById('yes').click(); 1");
    };
    press(&one, "pause");
    for page in [&one, &other] {
        page.until("document.getElementById('now').textContent.startsWith('paused by')");
        page.until("document.querySelector('[data-action=pause]').disabled");
    }
    press(&other, "go");
    for page in [&one, &other] {
        page.until("document.querySelector('[data-action=go]').disabled");
        page.until("document.querySelectorAll('#asks li').length === 2");
    }
    one.value("document.querySelector('[data-action=suppress]').click(); 1");
    one.value("document.getElementById('no').click(); 1");
    one.until("!document.getElementById('confirm').open");
    for page in [one, other] {
        assert_eq!(page.console(), Vec::<String>::new());
    }
}
