//! `[alerts]`: each kind is provoked once and told to a webhook on loopback that refuses every alert twice first; what it
//! is told, that nobody is named, and that nothing of it changes a run.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use aws_sigv4::sign::v4::calculate_signature;
use serde_json::Value;

use crate::process::server::Server;
use crate::process::site::{NAME, Site, csv, definition, phone, row};

/// What has not come for so long never does.
const LATE: Duration = Duration::from_secs(60);

/// What a post had.
#[derive(Debug, Clone)]
struct Post {
    line: String,
    signature: String,
    body: Value,
}

/// A webhook. It takes an alert the third time that it comes.
struct Receiver {
    address: String,
    posts: Arc<(Mutex<Vec<Post>>, Condvar)>,
}

impl Receiver {
    fn start(refusals: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let posts = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        let kept = Arc::clone(&posts);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, kept) = (stream.unwrap(), Arc::clone(&kept));
                std::thread::spawn(move || while serve(&stream, &kept, refusals).is_some() {});
            }
        });
        Self { address, posts }
    }

    /// All posts so far.
    fn posts(&self) -> Vec<Post> {
        self.posts.0.lock().unwrap().clone()
    }

    /// Waits until an alert of this kind was taken.
    fn wait_for(&self, kind: &str, resolved: bool) -> Value {
        let fits = |post: &&Post| post.body["kind"] == kind && post.body["resolved"] == resolved;
        let mut posts = self.posts.0.lock().unwrap();
        loop {
            if let Some(post) = posts.iter().filter(fits).nth(2) {
                return post.body.clone();
            }
            let (now, late) = self.posts.1.wait_timeout(posts, LATE).unwrap();
            assert!(!late.timed_out(), "no alert of {kind}, resolved: {resolved}");
            posts = now;
        }
    }

    /// The alerts that were taken, in order: kind, and whether it is over. Each came three times, the same each time.
    fn taken(&self) -> Vec<(String, bool)> {
        let posts = self.posts();
        let mut ids: Vec<Value> = Vec::new();
        for post in &posts {
            if !ids.contains(&post.body["id"]) {
                ids.push(post.body["id"].clone());
            }
        }
        let alert = |id: &Value| {
            let tries: Vec<&Post> = posts.iter().filter(|post| post.body["id"] == *id).collect();
            assert_eq!(tries.len(), 3, "refused twice, then taken: {tries:?}");
            assert!(tries.iter().all(|post| post.body == tries[0].body));
            (tries[0].body["kind"].as_str().unwrap().to_owned(), tries[0].body["resolved"].as_bool().unwrap())
        };
        ids.iter().map(alert).collect()
    }
}

/// Answers one request.
fn serve(stream: &TcpStream, kept: &(Mutex<Vec<Post>>, Condvar), refusals: usize) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length, mut signature) = (String::new(), 0, String::new());
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "campaign-signature" => signature = value.to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let text = String::from_utf8(body).unwrap();
    assert!(!text.contains("55501") && !text.contains(NAME), "personal data: {text}");
    if !signature.is_empty() {
        let (time, signed) = signature.split_once(",v1=").unwrap();
        let time = time.strip_prefix("t=").unwrap();
        assert_eq!(signed, calculate_signature("hush", format!("{time}.{text}").as_bytes()));
    }
    let body = serde_json::from_str(&text).unwrap_or_default();
    let post = Post { line: line.trim_end().to_owned(), signature, body };
    let mut posts = kept.0.lock().unwrap();
    let before = posts.iter().filter(|other| other.body["id"] == post.body["id"]).count();
    let refused = post.line.contains("/refused");
    let status = if refused {
        "404 Not Found"
    } else if before < refusals && post.body["id"].is_string() {
        "503 Busy"
    } else {
        "204 No Content"
    };
    posts.push(post);
    kept.1.notify_all();
    drop(posts);
    let mut out = stream;
    write!(out, "HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").ok()
}

fn site(people: usize, alerts: &str) -> Site {
    let site = Site::with_people(people);
    site.write("campaign.toml", &format!("{}[alerts]\n{alerts}\n", definition()));
    site
}

/// A campaign whose alerts go to the receiver, signed.
fn watched(people: usize, receiver: &Receiver, more: &str) -> Site {
    let address = &receiver.address;
    site(people, &format!("webhook = \"http://{address}/hook?a=b\"\nsecret_env = \"HOOK_SECRET\"\n{more}"))
}

/// The program where every request that may go through a proxy fails, for there is none.
fn command(site: &Site, arguments: &[&str]) -> Command {
    let mut command = site.command(arguments);
    command.env("HOOK_SECRET", "hush").env_remove("NO_PROXY");
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env(name, "http://127.0.0.1:9");
    }
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    command
}

fn send(endpoint: &str) -> [&str; 6] {
    ["run", "people.csv", "--yes", "--json", "--endpoint-url", endpoint]
}

#[test]
fn half_and_the_end_are_told_and_signed() {
    let (receiver, server) = (Receiver::start(2), Server::start(&[]));
    let site = watched(10, &receiver, "");
    let result = site.finish(command(&site, &send(server.endpoint()))).exits(0).json();
    assert_eq!(receiver.taken(), [("half".to_owned(), false), ("end".to_owned(), false)]);
    let end = receiver.wait_for("end", false);
    assert_eq!((&end["campaign"], &end["run"], &end["exit"]), (&"spring".into(), &result["run"], &0.into()));
    assert_eq!((&end["rows"]["started"], &end["severity"]), (&10.into(), &"info".into()));
    assert_eq!(end["summary"], "finished: 10 of 10 rows started (exit 0)");
    let posts = receiver.posts();
    assert!(posts.iter().all(|post| post.line == "POST /hook?a=b HTTP/1.1" && !post.signature.is_empty()));
    // Only what is asked for is told, and a simulation alarms nobody.
    let quiet = watched(4, &receiver, "on = [\"halt\"]");
    quiet.finish(command(&quiet, &send(server.endpoint()))).exits(0);
    let mut simulated = command(&site, &["run", "people.csv", "--simulate", "-j", "rehearsal.db"]);
    simulated.env_remove("HOOK_SECRET");
    site.finish(simulated).exits(0);
    assert_eq!(receiver.posts().len(), posts.len());
}

#[test]
fn a_halt_and_a_gate_are_told_with_what_to_do() {
    let (receiver, denied) = (Receiver::start(2), Server::start(&["--access-denied", "1"]));
    let site = watched(5, &receiver, "");
    site.finish(command(&site, &send(denied.endpoint()))).exits(5);
    let halt = receiver.wait_for("halt", false);
    assert_eq!((&halt["exit"], &halt["severity"]), (&5.into(), &"error".into()));
    assert!(!halt["next"].as_str().unwrap().is_empty(), "{halt}");
    // What went wrong before anything was sent, where nobody reads it.
    site.write("people.csv", "nothing of this\n");
    site.finish(command(&site, &send(denied.endpoint()))).exits(2);
    assert_eq!(receiver.taken().len(), 2);
    // Every row is refused, and the gate ends the run.
    let receiver = Receiver::start(2);
    let site = watched(0, &receiver, "on = [\"gate\"]");
    let bad = Server::start(&["--failing-numbers", "1"]);
    site.write("people.csv", &csv((0..60).map(row)));
    site.finish(command(&site, &send(bad.endpoint()))).exits(5);
    assert_eq!(receiver.taken(), [("gate".to_owned(), false)]);
    assert!(receiver.wait_for("gate", false)["next"].as_str().unwrap().contains("max_failures"));
}

/// Too many rejected rows are a gate too: before anything is sent, and where a file is sent while it is read.
#[test]
fn rejected_rows_are_told_as_a_gate() {
    let server = Server::start(&[]);
    for more in [&[][..], &["--stream"]] {
        let receiver = Receiver::start(2);
        let site = watched(0, &receiver, "on = [\"gate\"]");
        let wrong = (0..60).map(|n| format!("C-{n},{NAME}{n},+1202"));
        site.write("people.csv", &csv(wrong));
        site.finish(command(&site, &[&send(server.endpoint())[..], more].concat())).exits(5);
        assert_eq!(receiver.taken(), [("gate".to_owned(), false)], "{more:?}");
        let gate = receiver.wait_for("gate", false);
        assert!(gate["next"].as_str().unwrap().contains("max_rejected"), "{gate}");
        assert_eq!((&gate["exit"], &gate["severity"]), (&5.into(), &"error".into()));
    }
}

/// A service that goes on with `resume` is as alone as one that runs a file.
#[test]
fn a_campaign_that_cannot_begin_is_told_whichever_command_it_was() {
    let (receiver, server) = (Receiver::start(2), Server::start(&[]));
    let endpoint = server.endpoint();
    let site = watched(3, &receiver, "on = [\"halt\"]\n[hooks]\non_halt = \"echo called >> called\"");
    for line in [&["resume", "-j", "nope.db"][..], &["run", "nope.csv", "--yes"]] {
        site.finish(command(&site, &[line, &["--endpoint-url", endpoint]].concat())).exits(2);
        let told = receiver.posts().last().unwrap().body.clone();
        assert_eq!((&told["kind"], &told["exit"]), (&"halt".into(), &2.into()), "{line:?}");
        assert!(!told["next"].as_str().unwrap().is_empty(), "{told}");
    }
    // Columns that are not there: what is wrong, and what to do.
    let right = site.read("people.csv");
    site.write("people.csv", "who,what\nAda,visit\n");
    site.finish(command(&site, &send(endpoint))).exits(2);
    let told = receiver.posts().last().unwrap().body.clone();
    assert!(told["next"].as_str().unwrap().contains("the file has: who, what"), "{told}");
    assert!(!told["summary"].as_str().unwrap().contains("hint"), "{told}");
    assert!(!std::fs::exists(site.path("called")).unwrap(), "exit 2 calls no hook");
    // A journal that is damaged.
    site.write("people.csv", &right);
    site.finish(command(&site, &send(endpoint))).exits(0);
    let mut journal = std::fs::read(site.path("journal.db")).unwrap();
    journal[..100].fill(7);
    std::fs::write(site.path("journal.db"), journal).unwrap();
    for (n, line) in [&["resume"][..], &["run", "people.csv", "--yes"]].into_iter().enumerate() {
        site.finish(command(&site, &[line, &["--endpoint-url", endpoint]].concat())).exits(1);
        let told = receiver.posts().last().unwrap().body.clone();
        assert_eq!((&told["kind"], &told["exit"]), (&"halt".into(), &1.into()), "{line:?}");
        assert_eq!(site.read("called").lines().count(), n + 1, "{line:?} calls on_halt");
    }
    assert_eq!(receiver.taken().len(), 5, "each is told once");
}

/// What the terminal says is to be done, who does not look is told too.
#[test]
fn an_end_is_told_with_what_to_do_next() {
    let (receiver, server) = (Receiver::start(2), Server::start(&[]));
    let endpoint = server.endpoint();
    let site = watched(0, &receiver, "on = [\"end\"]");
    site.write("people.csv", &csv((0..11).map(row).chain([format!("C-99,{NAME}99,+1202555")])));
    let next = || receiver.posts().last().unwrap().body["next"].as_str().unwrap().to_owned();
    // A limit that was set, and then a signal: rows are left.
    site.finish(command(&site, &[&send(endpoint)[..], &["--limit", "1"]].concat())).exits(4);
    assert!(next().contains("campaign resume") && next().contains("report --rejects"), "{}", next());
    let slow = ["resume", "--rate", "0.01", "--burst", "1", "--json", "--endpoint-url", endpoint];
    let child = command(&site, &slow).spawn().unwrap();
    while site.run(&["status", "--json"]).json()["running"] != true {}
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    site.wait(child).exits(143);
    assert!(next().contains("go on with `campaign resume"), "{}", next());
    // Finished without some.
    site.finish(command(&site, &send(endpoint))).exits(3);
    assert!(next().contains("report --rejects") && !next().contains("resume"), "{}", next());
    // Nothing is left to do.
    site.write("people.csv", &csv((0..11).map(row)));
    site.finish(command(&site, &send(endpoint))).exits(0);
    assert_eq!(next(), "");
}

#[test]
fn a_stall_and_its_end_are_told_while_the_run_goes_on() {
    let (receiver, server) = (Receiver::start(2), Server::start(&[]));
    let site = watched(20, &receiver, "on = [\"stall\"]\nstalled_after = \"1s\"");
    server.freeze();
    let child = command(&site, &send(server.endpoint())).spawn().unwrap();
    let stall = receiver.wait_for("stall", false);
    assert!(stall["summary"].as_str().unwrap().contains("though 20 rows wait"), "{stall}");
    server.thaw();
    assert_eq!(site.wait(child).exits(0).json()["started"], 20);
    assert_eq!(receiver.taken(), [("stall".to_owned(), false), ("stall".to_owned(), true)]);
    server.has_each_once(&site.report());
}

#[test]
fn a_pause_is_told_and_its_end_too() {
    let (receiver, server) = (Receiver::start(2), Server::start(&[]));
    let site = watched(6, &receiver, "on = [\"pause\"]");
    let limited = ["run", "people.csv", "--yes", "--limit", "1", "--endpoint-url", server.endpoint()];
    site.finish(command(&site, &limited)).exits(4);
    site.run(&["pause"]).exits(0);
    let child = command(&site, &["resume", "--endpoint-url", server.endpoint()]).spawn().unwrap();
    assert!(receiver.wait_for("pause", false)["next"].as_str().unwrap().contains("campaign go"));
    site.run(&["go"]).exits(0);
    receiver.wait_for("pause", true);
    site.wait(child).exits(0);
    assert_eq!(receiver.taken(), [("pause".to_owned(), false), ("pause".to_owned(), true)]);
}

#[test]
fn messages_that_do_not_arrive_are_told_once() {
    let (receiver, server) = (Receiver::start(2), Server::start(&["--hard-events", "--contact-life", "10m"]));
    let site = watched(60, &receiver, "on = [\"deliveries\"]\nundelivered = \"1%\"");
    site.finish(command(&site, &send(server.endpoint()))).exits(0);
    let queue = format!("{}/123456789012/events", server.endpoint());
    let follow = ["deliveries", "follow", "--queue", &queue, "--until-empty", "--json"];
    let more = ["--origination", "+12025550199", "--endpoint-url", server.endpoint()];
    // The events of a contact come one after another, within seconds.
    while receiver.posts().is_empty() {
        site.finish(command(&site, &[&follow[..], &more].concat()));
    }
    assert_eq!(receiver.taken(), [("deliveries".to_owned(), false)]);
    let told = receiver.wait_for("deliveries", false);
    assert!(told["summary"].as_str().unwrap().contains("did not arrive"), "{told}");
    site.finish(command(&site, &[&follow[..], &more].concat()));
    assert_eq!(receiver.posts().len(), 3, "it was told before");
}

#[test]
fn alerts_can_be_tried() {
    let receiver = Receiver::start(2);
    let beat = format!("command = \"cat >> told\"\nheartbeat = \"http://{}/beat\"", receiver.address);
    let site = watched(1, &receiver, &beat);
    let tried = site.finish(command(&site, &["alerts", "test"])).exits(0);
    assert_eq!(
        tried.stdout,
        "webhook: delivered after 3 attempts\ncommand: delivered after 1 attempt\nheartbeat: delivered after 1 attempt\n"
    );
    assert_eq!(receiver.posts().last().unwrap().line, "GET /beat HTTP/1.1");
    let told: Value = serde_json::from_str(&site.read("told")).unwrap();
    assert_eq!(told, receiver.posts()[0].body);
    // A receiver that says no is not asked again, and a command that cannot be started is told as well.
    let gone = Receiver::start(0);
    let site = site_of(&gone, "refused");
    let tried = site.finish(command(&site, &["alerts", "test", "--json"])).exits(1);
    let tried: Value = serde_json::from_str(&tried.stdout).unwrap();
    assert_eq!((&tried["delivered"], &tried["channels"][0]["attempts"]), (&false.into(), &1.into()));
    assert_eq!(tried["channels"][0]["failure"], format!("{} answered 404", gone.address));
}

/// A campaign whose alerts go to another path of the receiver.
fn site_of(receiver: &Receiver, path: &str) -> Site {
    site(1, &format!("webhook = \"http://{}/{path}\"", receiver.address))
}

#[test]
fn who_could_be_told_nothing_is_refused_before_anything_is_sent() {
    let server = Server::start(&[]);
    for (alerts, said) in [
        ("webhook_env = \"NO_SUCH\"", "`alerts.webhook_env` names the variable NO_SUCH, which is not set"),
        (
            "webhook = \"https://x.example\"\nsecret_env = \"NO_SUCH\"",
            "`alerts.secret_env` names the variable NO_SUCH",
        ),
        (
            "heartbeat_env = \"NO_SUCH\"",
            "`alerts.heartbeat_env` names the variable NO_SUCH, which is not set",
        ),
        ("heartbeat_env = \"TERM\"", "the variable TERM is not a URL"),
        (
            "heartbeat = \"https://x.example\"\nheartbeat_env = \"X\"",
            "`alerts.heartbeat` and `alerts.heartbeat_env` both name the URL",
        ),
        ("webhook_env = \"TERM\"", "the variable TERM is not a URL"),
        ("webhook = \"http://x.example/\"", "must begin with https://"),
        ("on = [\"hlat\"]", "is nothing that is told"),
        ("secret_env = \"a secret\"", "is the name of a variable"),
    ] {
        let site = site(3, alerts);
        site.send(server.endpoint()).exits(2).says(&[said]);
    }
    assert_eq!(server.requests(), 0);
    Site::new().run(&["alerts", "test"]).exits(2).says(&["the definition sends no alerts"]);
}

/// A receiver that takes connections and says nothing, and one that says no.
#[test]
fn nothing_of_it_changes_a_run() {
    let server = Server::start(&[]);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let site = site(30, &format!("webhook = \"http://{}/\"", silent.local_addr().unwrap()));
    let child = site.start(&send(server.endpoint()));
    // It has ended, and only the alerts are waited for.
    while site.run(&["report", "--format", "json"]).stdout.matches("\"exit\":0").count() == 0 {}
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let ran = site.wait(child).exits(0);
    assert_eq!(ran.json()["started"], 30);
    ran.says(&["warning: an alert was not delivered: the last alerts were interrupted; the result stands"]);
    server.has_each_once(&site.report());
    assert!(site.read("people.csv").contains(&phone(1)));
}
