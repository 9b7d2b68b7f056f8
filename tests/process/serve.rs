//! `campaign serve` over real sockets: who gets in and who does not, and that what it shows and does is what the journal has.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::process::server::Server;
use crate::process::site::{Site, phone};
use crate::process::steering;

const PEOPLE: usize = 400;

/// A page that is being served.
pub(crate) struct Page {
    child: Child,
    pub(crate) address: String,
    pub(crate) token: String,
}

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Page {
    pub(crate) fn start(site: &Site, args: &[&str]) -> Self {
        let mut command = site.command(&[&["serve"], args].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line
            .trim()
            .strip_prefix("listening on http://")
            .or_else(|| line.trim().strip_prefix("listening on https://"))
            .expect("an address");
        Self::at(url, child)
    }

    /// At this address, without the scheme, which the process has printed.
    pub(crate) fn at(url: &str, child: Child) -> Self {
        let (address, token) = url.split_once("/?token=").expect("a token");
        Self { child, address: address.to_owned(), token: token.to_owned() }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }

    /// Sends these bytes and reads to the end of the connection. `ends` says that no more comes, which a request that
    /// is whole need not say.
    fn raw(&self, request: &[u8], ends: bool) -> Option<Answer> {
        let mut stream = self.connect();
        // A server that has refused already may have closed.
        _ = stream.write_all(request);
        if ends {
            _ = stream.shutdown(std::net::Shutdown::Write);
        }
        let mut bytes = Vec::new();
        _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Answer { status, head: head.to_lowercase(), body: body.to_owned() })
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "host") {
            request.push_str(&format!("host: {}\r\n", self.address));
        }
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
        self.raw(request.as_bytes(), false).expect("an answer")
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[("authorization", &self.bearer())], "")
    }

    pub(crate) fn order(&self, action: &str, body: &Value) -> Answer {
        let headers = [("authorization", self.bearer()), ("content-type", "application/json".to_owned())];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        self.send("POST", &format!("/api/campaigns/spring/{action}"), &headers, &body.to_string())
    }

    /// It has taken little memory so far, and has no more files open than it needs.
    fn is_small(&self) {
        let of = |file: &str| std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id()));
        let Ok(status) = of("status") else { return };
        let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let kilobytes: u64 = most.trim().trim_end_matches(" kB").parse().unwrap();
        assert!(kilobytes < 60_000, "{kilobytes} kB");
    }

    /// Its events from now on, as objects.
    pub(crate) fn events(&self, path: &str) -> impl Iterator<Item = Value> {
        let mut stream = self.connect();
        let bearer = self.bearer();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {}\r\nauthorization: {bearer}\r\n\r\n", self.address)
            .unwrap();
        BufReader::new(stream)
            .lines()
            .map_while(Result::ok)
            .filter_map(|line| Some(serde_json::from_str(line.strip_prefix("data: ")?).unwrap()))
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// A campaign of a few people that is over.
pub(crate) fn finished() -> (Site, Server) {
    let (site, server) = (Site::with_people(3), Server::start(&[]));
    site.send(server.endpoint()).exits(0);
    (site, server)
}

#[test]
fn the_token_of_the_address_becomes_a_cookie() {
    let (site, _server) = finished();
    let page = Page::start(&site, &[]);
    let token = page.token.clone();
    let welcome = page.send("GET", &format!("/?token={token}"), &[], "");
    assert_eq!(welcome.status, 303);
    assert!(welcome.head.contains("location: /") && !welcome.body.contains(&token), "{welcome:?}");
    let cookie = welcome.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    assert!(cookie.contains("httponly") && cookie.contains("samesite=strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let shown = page.send("GET", "/", &[("cookie", cookie)], "");
    assert_eq!(shown.status, 200);
    for rule in [
        "default-src 'none'",
        "script-src 'self'",
        "frame-ancestors 'none'",
        "nosniff",
        "no-store",
        "no-referrer",
    ] {
        assert!(shown.head.contains(rule), "{rule}: {}", shown.head);
    }
    assert!(
        !shown.body.contains(&token) && !shown.body.contains("onclick=") && !shown.body.contains("<script>")
    );
}

/// Every path but the probes, with every way to have no right to it.
#[test]
fn nobody_gets_in_without_the_token_from_another_host_or_from_another_site() {
    let (site, _server) = finished();
    let page = Page::start(&site, &[]);
    let bearer = page.bearer();
    let paths = [
        "/",
        "/page.js",
        "/page.css",
        "/metrics",
        "/api/campaigns",
        "/api/events",
        "/api/campaigns/spring",
        "/api/campaigns/spring/events",
        "/api/campaigns/spring/history",
        "/api/campaigns/spring/problems",
        "/api/campaigns/spring/report.html",
        "/nothing",
        "/api/campaigns/nothing",
    ];
    for path in paths {
        assert_eq!(page.send("GET", path, &[], "").status, 401, "{path}");
        let rebound = page.send("GET", path, &[("host", "evil.example"), ("authorization", &bearer)], "");
        assert_eq!(rebound.status, 421, "{path}");
        let cookie = format!("campaign_{}={}", page.address.rsplit(':').next().unwrap(), page.token);
        let cross = page.send("GET", path, &[("cookie", &cookie), ("sec-fetch-site", "cross-site")], "");
        assert_eq!(cross.status, 403, "{path}");
        assert!(!rebound.body.contains("spring") && !cross.body.contains("spring"));
    }
    assert_eq!(page.send("GET", "/?token=0000", &[], "").status, 401);
    let rebound = page.send("GET", &format!("/?token={}", page.token), &[("host", "evil.example")], "");
    assert_eq!(rebound.status, 421);
    for path in ["/healthz", "/readyz"] {
        let probe = page.send("GET", path, &[], "");
        assert_eq!(probe.status, 200, "{path}");
        assert!(!probe.body.contains("spring"));
    }
}

#[test]
fn what_it_shows_is_what_the_journal_has() {
    let (site, _server) = finished();
    let page = Page::start(&site, &[]);
    let status = site.run(&["status", "--json"]).exits(0).json();
    assert_eq!(page.get("/api/campaigns/spring").json(), status);
    let all = page.get("/api/campaigns").json();
    assert_eq!(all["campaigns"], json!([status]));
    assert_eq!(all["may_steer"], true);
    assert_eq!(page.events("/api/campaigns/spring/events").next().unwrap(), status);
    assert_eq!(page.get("/api/campaigns/nothing").status, 404);
    let figures = page.get("/metrics");
    assert!(figures.head.contains("content-type: application/openmetrics-text"), "{}", figures.head);
    for line in [
        "campaign_rows{campaign=\"spring\",state=\"started\"} 3.0",
        "campaign_requests_total{campaign=\"spring\",kind=\"all\"} 3.0",
        "campaign_running{campaign=\"spring\"} 0.0",
        "campaign_answer_seconds_count{campaign=\"spring\"} 3\n",
        "campaign_answer_seconds_bucket{le=\"+Inf\",campaign=\"spring\"} 3",
        "# EOF",
    ] {
        assert!(figures.body.contains(line), "{line}\n{}", figures.body);
    }
    // OpenMetrics demands a sum that is a number: strict readers refuse the whole page otherwise.
    let sum = figures
        .body
        .lines()
        .find_map(|line| line.strip_prefix("campaign_answer_seconds_sum{campaign=\"spring\"} "));
    assert!(sum.unwrap().parse::<f64>().unwrap() > 0.0, "{}", figures.body);
    assert!(page.get("/api/campaigns/spring/report.html").body.contains("</html>"));
}

#[test]
fn numbers_are_shown_only_where_that_was_said() {
    let (site, _server) = finished();
    let number = phone(0);
    let bare = &number[1..];
    let page = Page::start(&site, &[]);
    for format in ["csv", "jsonl", "xlsx"] {
        let refused = page.get(&format!("/api/campaigns/spring/report.{format}"));
        assert_eq!(refused.status, 403, "{format}");
        assert!(refused.json()["error"].as_str().unwrap().contains("without leave to show them"));
    }
    for path in [
        "/",
        "/metrics",
        "/api/campaigns",
        "/api/campaigns/spring/problems",
        "/api/campaigns/spring/report.html",
        "/api/campaigns/spring/report.json",
    ] {
        assert!(!page.get(path).body.contains(bare), "{path}");
    }
    drop(page);
    let page = Page::start(&site, &["--with-numbers"]);
    let rows = page.get("/api/campaigns/spring/report.csv");
    assert!(rows.head.contains("attachment; filename=\"spring.csv\""), "{}", rows.head);
    assert!(rows.body.contains(bare));
}

#[test]
fn a_run_is_paused_paced_let_go_on_and_stopped_from_the_page() {
    let (site, server) = (Site::with_people(PEOPLE), Server::start(&[]));
    let run = steering::start(&site, &server);
    server.wait_for_requests(5);
    let page = Page::start(&site, &[]);
    let mut events = page.events("/api/campaigns/spring/events");
    let mut until =
        |what: &dyn Fn(&Value) -> bool| events.find(|status| what(status)).expect("the page follows");
    until(&|status| status["running"] == true && status["pace_asked"] == 20.0);

    assert_eq!(page.order("pause", &json!({})).status, 202);
    let paused = until(&|status| status["paused_at"].is_string() && status["attempting"] == 0);
    let requests = server.requests();
    assert_eq!(paused["started"], requests, "nothing leaves, and the page says what the journal has");
    assert!(paused["paused_by"].as_str().unwrap().ends_with("by the page"), "{paused}");
    assert_eq!(page.order("pace", &json!({"rate": 50, "burst": 2})).status, 202);
    assert_eq!(page.order("go", &json!({})).status, 202);
    let faster = until(&|status| status["pace_asked"] == 50.0 && status["paused_at"].is_null());
    assert_eq!(faster["burst"], 2);
    server.wait_for_requests(requests + 5);
    assert_eq!(page.order("stop", &json!({})).status, 202);
    let stopped = site.wait(run).exits(4).says(&["stopped by `campaign stop`"]).json();
    let ended = until(&|status| status["running"] == false);
    assert_eq!((&ended["started"], &ended["exit"]), (&stopped["started"], &json!(4)));
    let conflict = page.order("stop", &json!({}));
    assert_eq!(conflict.status, 409, "{conflict:?}");
    server.has_each_once(&site.report());
}

#[test]
fn a_number_that_is_suppressed_on_the_page_gets_nothing() {
    let (site, server) = (Site::with_people(3), Server::start(&[]));
    site.send(server.endpoint()).exits(0);
    let page = Page::start(&site, &[]);
    assert_eq!(page.order("suppress", &json!({"number": "+12025550199"})).status, 202);
    site.run(&["suppress", "list", "-j", "journal.db"]).exits(0);
    let mut people = site.read("people.csv");
    people.push_str("C-new,Quillfeather,+12025550199\n");
    site.write("people.csv", &people);
    let result = site.send(server.endpoint()).json();
    assert_eq!((&result["suppressed"], &result["started"]), (&json!(1), &json!(3)));
}

#[test]
fn pages_of_other_sites_and_who_may_only_look_do_not_steer() {
    let (site, _server) = finished();
    let page = Page::start(&site, &[]);
    let cookie = format!("campaign_{}={}", page.address.rsplit(':').next().unwrap(), page.token);
    let (own, bearer) = (format!("http://{}", page.address), page.bearer());
    let json = ("content-type", "application/json");
    let path = "/api/campaigns/spring/pause";
    let cases: [(&[(&str, &str)], u16); 8] = [
        (&[("cookie", &cookie), json], 403),
        (&[("cookie", &cookie), json, ("origin", "http://evil.example")], 403),
        (&[("cookie", &cookie), json, ("origin", "null")], 403),
        (&[("authorization", &bearer), json, ("origin", "http://evil.example")], 403),
        (&[("cookie", &cookie), ("content-type", "text/plain"), ("origin", &own)], 415),
        (
            &[("cookie", &cookie), ("content-type", "application/x-www-form-urlencoded"), ("origin", &own)],
            415,
        ),
        (&[json, ("origin", &own)], 401),
        (&[("authorization", &bearer), json, ("host", "evil.example")], 421),
    ];
    for (headers, status) in cases {
        assert_eq!(page.send("POST", path, headers, "{}").status, status, "{headers:?}");
    }
    assert_eq!(page.get(path).status, 405);
    assert_eq!(page.order("purge", &json!({})).status, 404);
    let long = json!({"number": "1".repeat(5_000)});
    assert_eq!(page.order("suppress", &long).status, 413);
    drop(page);
    let page = Page::start(&site, &["--read-only"]);
    assert_eq!(page.order("pause", &json!({})).status, 403);
    assert_eq!(page.get("/api/campaigns").json()["may_steer"], false);
    let status = site.run(&["status", "--json"]).exits(0).json();
    assert_eq!(status["steering"], json!([]), "nothing was asked");
}

/// Bytes that are no request, requests that are half of one, and paths of every kind: it answers or closes, and goes on.
#[test]
fn whatever_is_sent_it_stays_up_and_gives_nothing_away() {
    let (site, _server) = finished();
    let page = Page::start(&site, &[]);
    let token = page.token.clone();
    let request = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..300),
        ("[A-Z]{1,9}", "/[ -~]{0,60}", "[ -~]{0,40}").prop_map(|(method, path, host)| {
            format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\n\r\n").into_bytes()
        }),
        ("(/api/campaigns/|/api/|/)?[a-z0-9%./]{0,40}", "[0-9a-f]{0,64}").prop_map(|(path, wrong)| {
            format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {wrong}\r\n\r\n")
                .into_bytes()
        }),
        (0_usize..40_000).prop_map(|length| {
            format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "a".repeat(length)).into_bytes()
        }),
    ];
    let cases = std::env::var("CAMPAIGN_REQUESTS").map_or(2_000, |requests| requests.parse().unwrap());
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&request, |bytes| {
        if let Some(answer) = page.raw(&bytes, true) {
            prop_assert!(
                !(200..400).contains(&answer.status)
                    || bytes.windows(8).any(|part| part == b"/healthz" || part == b"/readyz "),
                "{answer:?}"
            );
            prop_assert!(!answer.body.contains(&token) && !answer.body.contains("spring"), "{answer:?}");
        }
        Ok(())
    });
    outcome.unwrap();
    assert_eq!(page.get("/api/campaigns/spring").status, 200);
    page.is_small();
}

/// The address with the token is for the one who reads it: parts of it, it twice, or it elsewhere open nothing.
#[test]
fn a_token_is_not_guessed_piece_by_piece_nor_hidden_among_others() {
    let (site, _server) = finished();
    let page = Page::start(&site, &[]);
    let token = page.token.clone();
    let port = page.address.rsplit(':').next().unwrap().to_owned();
    let mut wrong: Vec<String> = (0..token.len()).map(|length| token[..length].to_owned()).collect();
    wrong.extend([
        format!("{token}0"),
        format!("0{token}"),
        token.to_uppercase(),
        format!("{token}\0"),
        token.repeat(2),
    ]);
    wrong.retain(|wrong| *wrong != token);
    for wrong in wrong {
        let bearer = format!("Bearer {wrong}");
        let cookie = format!("campaign_{port}={wrong}");
        for answer in [
            page.raw(
                format!(
                    "GET /?token={wrong} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
                    page.address
                )
                .as_bytes(),
                false,
            ),
            Some(page.send("GET", "/api/campaigns", &[("authorization", &bearer)], "")),
            Some(page.send("GET", "/api/campaigns", &[("cookie", &cookie)], "")),
        ] {
            let answer = answer.expect("an answer");
            assert!(matches!(answer.status, 400 | 401), "{wrong}: {answer:?}");
        }
    }
    let right = format!("Bearer {token}");
    for headers in [
        &[("authorization", right.as_str()), ("authorization", "Bearer 0")][..],
        &[("authorization", &right), ("host", "evil.example"), ("host", &page.address)],
        &[("authorization", &right), ("host", &page.address), ("host", "evil.example")],
        &[("authorization", &format!("Basic {token}"))],
        &[("x-authorization", &right)],
        &[("cookie", &format!("campaign={token}"))],
        &[("cookie", &format!("campaign_1={token}"))],
        &[("cookie", &format!("x=campaign_{port}={token}"))],
    ] {
        let answer = page.send("GET", "/api/campaigns", headers, "");
        assert!(matches!(answer.status, 400 | 401 | 421), "{headers:?}: {answer:?}");
    }
    for path in
        [format!("/api/campaigns?token={token}"), format!("/page.js?token={token}"), format!("/{token}")]
    {
        assert_eq!(page.send("GET", &path, &[], "").status, 401, "{path}");
    }
}

/// What a path, a name or a second request inside of a request could write into an answer.
#[test]
fn no_path_writes_headers_or_leads_out_and_no_request_hides_in_another() {
    let (site, _server) = finished();
    let page = Page::start(&site, &["--with-numbers"]);
    let split = "%0d%0aset-cookie:%20x=y%0d%0a%0d%0a<script>alert(1)</script>";
    for path in [
        format!("/{split}"),
        format!("/api/campaigns/{split}"),
        format!("/api/campaigns/{split}/report.csv"),
        format!("/api/campaigns/spring/report.csv{split}"),
        format!("/api/campaigns/spring/report.csv?x={split}"),
        "/api/campaigns/..%2f..%2fetc%2fpasswd/report.csv".to_owned(),
        "/api/campaigns/%2e%2e/%2e%2e/etc/passwd".to_owned(),
        "/..%5c..%5cwindows".to_owned(),
        "//evil.example/".to_owned(),
        "/api/campaigns/spring%00/report.csv".to_owned(),
        "/api/campaigns/spring/..%2f..%2fjournal.db".to_owned(),
    ] {
        let answer = page.get(&path);
        assert!(
            !answer.head.contains("set-cookie") && !answer.body.contains("<script>"),
            "{path}: {answer:?}"
        );
        assert!(matches!(answer.status, 400 | 404) || path.contains("?x="), "{path}: {answer:?}");
        assert!(!answer.body.contains("root:") && !answer.body.contains("SQLite"), "{path}");
    }
    let (address, bearer) = (&page.address, page.bearer());
    let hidden = format!(
        "POST /api/campaigns/spring/pause HTTP/1.1\r\nhost: {address}\r\nauthorization: {bearer}\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"
    );
    for head in [
        format!("content-length: 0\r\ncontent-length: {}", hidden.len()),
        format!("content-length: {}\r\ntransfer-encoding: chunked", hidden.len()),
        "transfer-encoding: chunked\r\ntransfer-encoding: identity".to_owned(),
        "transfer-encoding: xchunked".to_owned(),
        "content-length: +0".to_owned(),
        "content-length: 0x0".to_owned(),
    ] {
        let request = format!("GET /healthz HTTP/1.1\r\nhost: {address}\r\n{head}\r\n\r\n{hidden}");
        let answer = page.raw(request.as_bytes(), true);
        assert!(answer.is_none_or(|answer| matches!(answer.status, 200 | 400)), "{head}");
    }
    for target in ["http://evil.example/api/campaigns", "evil.example:80", "*"] {
        let request = format!("GET {target} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        let answer = page.raw(request.as_bytes(), true);
        assert!(answer.is_none_or(|answer| matches!(answer.status, 400 | 401)), "{target}");
    }
    let status = site.run(&["status", "--json"]).exits(0).json();
    assert_eq!(status["steering"], json!([]), "nothing was asked");
}

/// More connections than it takes, of those who say nothing, half of something, or order and do not read.
#[test]
fn floods_and_slow_readers_cost_little_and_keep_nobody_out_for_long() {
    let (site, server) = (Site::with_people(PEOPLE), Server::start(&[]));
    site.send(server.endpoint()).exits(0);
    let page = Page::start(&site, &["--with-numbers"]);
    let bearer = page.bearer();
    let mut readers = Vec::new();
    for at in 0..60 {
        let mut stream = page.connect();
        let path = ["/api/campaigns/spring/report.csv", "/api/events", "/page.js"][at % 3];
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {}\r\nauthorization: {bearer}\r\n\r\n", page.address)
            .unwrap();
        readers.push(stream);
    }
    let half: Vec<TcpStream> = (0..1_500)
        .map_while(|at| {
            let mut stream = TcpStream::connect(&page.address).ok()?;
            let said = [
                "",
                "GET / HTTP/1.1\r\nhost: x\r\nx: ",
                "POST /api/campaigns/spring/pause HTTP/1.1\r\ncontent-length: 4000\r\n",
            ][at % 3];
            _ = stream.write_all(said.as_bytes());
            Some(stream)
        })
        .collect();
    page.is_small();
    drop((readers, half));
    // Connections that were closed free their places.
    let answer = std::iter::repeat_with(|| page.raw(format!("GET /api/campaigns/spring HTTP/1.1\r\nhost: {}\r\nauthorization: {bearer}\r\nconnection: close\r\n\r\n", page.address).as_bytes(), false))
        .flatten()
        .next()
        .unwrap();
    assert_eq!(answer.status, 200);
    page.is_small();
}

#[test]
fn connections_that_say_nothing_keep_nobody_out() {
    let (site, _server) = finished();
    let page = Page::start(&site, &[]);
    let silent: Vec<TcpStream> = (0..300).map(|_| page.connect()).collect();
    let slow: Vec<_> = (0..100).map(|_| page.events("/api/events")).collect();
    assert_eq!(page.get("/api/campaigns/spring").status, 200);
    drop((silent, slow));
    assert_eq!(page.get("/api/campaigns/spring").status, 200);
}

#[test]
fn it_listens_on_loopback_or_behind_tls_and_ends_with_a_signal() {
    let (site, _server) = finished();
    let ran = site.run(&["serve", "--listen", "0.0.0.0:0"]).exits(2);
    ran.says(&["0.0.0.0:0 is not a loopback address", "--tls-cert"]);
    site.run(&["serve", "--tls-cert", "none.pem", "--tls-key", "none.pem"]).exits(2).says(&["none.pem"]);
    let mut page = Page::start(&site, &["--behind-proxy", "ops.example.com"]);
    let child = Pid::from_child(&page.child);
    kill_process(child, Signal::TERM).unwrap();
    assert_eq!(page.child.wait().unwrap().code(), Some(0));
}

/// With the certificate and key of this folder, made for this test and good for nothing else.
#[tokio::test]
async fn with_a_certificate_it_speaks_tls() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio_rustls::TlsConnector;
    use tokio_rustls::rustls::pki_types::pem::PemObject as _;
    use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
    use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};

    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/process/");
    let [certificate, key] = ["serve_certificate.pem", "serve_key.pem"].map(|file| format!("{here}{file}"));
    let (site, _server) = finished();
    let page = Page::start(&site, &["--tls-cert", &certificate, "--tls-key", &key]);
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&certificate).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = tokio::net::TcpStream::connect(&page.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(std::sync::Arc::new(config)).connect(name, stream).await.unwrap();
    let request =
        format!("GET /?token={} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", page.token, page.address);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 303") && answer.contains("; Secure"), "{answer}");
    let plain = page.raw(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n", false);
    assert!(plain.is_none_or(|answer| answer.status != 200), "plain HTTP gets nothing");
}
