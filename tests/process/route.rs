//! The way out: what goes through a proxy and what never does, whose credentials count, and how much of an answer is taken.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::process::ran::Ran;
use crate::process::server::Server;
use crate::process::site::Site;

/// A proxy that writes down what it is asked for, and refuses it.
struct Proxy {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://user:secret@{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&asked);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let head = head(&mut stream);
                heard.lock().unwrap().push(head);
                let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
            }
        });
        Self { url, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// A request up to its body.
fn head(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// A server that gives each request, whatever it is, the next of these answers, from the first again after the last.
fn answering(answers: Vec<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut answers = answers.iter().cycle();
        for mut stream in listener.incoming().flatten() {
            let head = head(&mut stream).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            let mut body = vec![0; length.unwrap_or(0)];
            let _ = stream.read_exact(&mut body);
            let _ = stream.write_all(answers.next().unwrap());
        }
    });
    url
}

fn json(status: &str, body: &str) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-type: application/json\r\n");
    format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

#[test]
fn nothing_on_this_machine_goes_through_a_proxy() {
    let (proxy, server) = (Proxy::start(), Server::start(&[]));
    for variable in
        ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "Https_Proxy"]
    {
        let site = Site::with_people(2);
        let mut command = site.command(&["run", "people.csv", "--yes", "--endpoint-url", server.endpoint()]);
        command.env_remove("NO_PROXY").env(variable, &proxy.url);
        site.finish(command).exits(0);
    }
    assert_eq!(proxy.asked(), Vec::<String>::new());
}

/// Each tries to connect for five seconds, so all do so at once.
#[test]
fn https_goes_through_the_proxy_with_and_without_certificates_of_ones_own() {
    const BUNDLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/process/ca.pem");
    let set_ups: [(&str, &[(&str, &str)]); 4] = [
        ("HTTPS_PROXY", &[]),
        ("https_proxy", &[("AWS_CA_BUNDLE", "")]),
        ("HTTPS_PROXY", &[("AWS_CA_BUNDLE", BUNDLE)]),
        ("Https_Proxy", &[("NO_PROXY", "other.example")]),
    ];
    std::thread::scope(|scope| {
        for (variable, others) in set_ups {
            scope.spawn(move || {
                let (proxy, site) = (Proxy::start(), Site::with_people(1));
                let endpoint = "https://connect.us-west-2.amazonaws.com";
                let args = ["run", "people.csv", "--yes", "--burst", "5", "--endpoint-url", endpoint];
                let mut command = site.command(&args);
                command.env(variable, &proxy.url).envs(others.iter().copied());
                let ran = site.finish(command).exits(5);
                let address = proxy.url.rsplit('@').next().unwrap();
                let words =
                    format!("the proxy {address} gives no connection to connect.us-west-2.amazonaws.com");
                ran.says(&[&words, "check HTTPS_PROXY", "NO_PROXY"]);
                let asked = proxy.asked();
                let connect = "CONNECT connect.us-west-2.amazonaws.com:443 HTTP/1.1\r\n";
                assert!(asked.len() >= 5 && asked.iter().all(|head| head.starts_with(connect)), "{asked:?}");
                assert!(asked.iter().all(|head| head.to_lowercase().contains("proxy-authorization: basic ")));
            });
        }
    });
}

#[test]
fn a_proxy_that_is_none_is_told_before_anything_is_sent() {
    let site = Site::with_people(1);
    let mut command = site.command(&["run", "people.csv", "--yes"]);
    command.env("HTTPS_PROXY", "socks5://127.0.0.1:1080");
    let words = ["failed to use the proxy of HTTPS_PROXY", "must begin with http:// or https://", "hint: "];
    site.finish(command).exits(2).says(&words);
}

#[test]
fn a_profile_that_is_named_wins_over_keys_of_the_environment() {
    let server = Server::start(&["--credentials", "PROFILEKEY:of-the-profile"]);
    let site = Site::with_people(2);
    site.write(
        "credentials",
        "[mine]\naws_access_key_id = PROFILEKEY\naws_secret_access_key = of-the-profile\n",
    );
    let run = |profile: &[&str], variables: &[(&str, &str)]| {
        let args = [&["run", "people.csv", "--yes", "--endpoint-url", server.endpoint()], profile].concat();
        let mut command = site.command(&args);
        command.env("AWS_SHARED_CREDENTIALS_FILE", site.path("credentials")).envs(variables.iter().copied());
        site.finish(command)
    };
    // A variable does not win over the environment's keys: so it is in the AWS CLI.
    run(&[], &[("AWS_PROFILE", "mine")]).exits(5).says(&["UnrecognizedClientException"]);
    run(&["--profile", "mine"], &[]).exits(0);
    let unknown = ["the AWS profile `other` could not be found", "mine"];
    run(&["--profile", "other"], &[]).exits(5).says(&unknown);
    run(&[], &[("AWS_PROFILE", "other")]).exits(5).says(&unknown);
    run(&[], &[("AWS_DEFAULT_PROFILE", "other")]).exits(5).says(&unknown);
}

/// A role may be assumed with a role: what one of them needs, or lacks, is told as of the profile that it is.
#[test]
fn a_chain_of_roles_that_cannot_be_followed_says_where() {
    let site = Site::with_people(1);
    let role = |profile: &str, more: &str| {
        format!("[profile {profile}]\nrole_arn = arn:aws:iam::123456789012:role/{profile}\n{more}\n")
    };
    let config = [
        role("top", "source_profile = middle"),
        role("middle", "source_profile = keys\nmfa_serial = GAHT00000000"),
        "[profile keys]\naws_access_key_id = test\naws_secret_access_key = test\n".to_owned(),
        role("lost", "source_profile = lower"),
        role("lower", "source_profile = nowhere"),
        role("alone", "source_profile = alone"),
        role("round", "source_profile = about"),
        role("about", "source_profile = round"),
    ];
    site.write("config", &config.concat());
    let says = |profile: &str, words: &[&str]| {
        let mut command = site.command(&["doctor", "--profile", profile]);
        command.env("AWS_CONFIG_FILE", site.path("config"));
        command.env("AWS_SHARED_CREDENTIALS_FILE", site.path("none"));
        let ran = site.finish(command).exits(5);
        assert!(words.iter().all(|word| ran.stdout.contains(word)), "{words:?}\n{}", ran.stdout);
    };
    says("top", &["a code of the MFA device GAHT00000000", "export-credentials --profile top"]);
    says(
        "lost",
        &["the profile lower names nowhere as its source_profile, which the AWS configuration files"],
    );
    says("alone", &["the profile alone names itself as its source_profile, and has no keys"]);
    says("round", &["infinite loop"]);
}

#[test]
fn a_port_that_is_none_is_refused() {
    let site = Site::with_people(1);
    for url in ["http://127.0.0.1:99999", "http://127.0.0.1:0"] {
        site.run(&["run", "people.csv", "--yes", "--endpoint-url", url]).exits(2).says(&["is not a URL"]);
    }
}

#[test]
fn an_answer_without_an_end_leaves_the_row_in_doubt() {
    let endless = [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec()]
        .into_iter()
        .chain((0..40).map(|_| [b"4000\r\n".to_vec(), vec![b' '; 0x4000], b"\r\n".to_vec()].concat()))
        .collect::<Vec<_>>()
        .concat();
    let (site, endpoint) =
        (Site::with_people(1), answering(vec![endless, json("200 OK", r#"{"ContactId":"c-1"}"#)]));
    let ran = site.run(&["run", "people.csv", "--yes", "-v", "--endpoint-url", &endpoint]).exits(0);
    ran.says(&["UnreadableAnswer", "the answer is longer than 64 KiB"]);
    assert_eq!(site.report()[0].state, "started");
}

#[test]
fn a_code_of_any_length_is_not_kept() {
    let body = format!(r#"{{"__type":"{}","message":"no"}}"#, "A".repeat(50_000));
    let (site, endpoint) = (Site::with_people(1), answering(vec![json("403 Forbidden", &body)]));
    let ran = site.run(&["run", "people.csv", "--yes", "--endpoint-url", &endpoint]).exits(5);
    assert!(ran.stderr.len() < 2_000, "{} bytes", ran.stderr.len());
    ran.says(&["HTTP 403"]);
}

#[test]
fn a_contact_id_for_two_rows_halts_the_campaign() {
    let (site, endpoint) = (Site::with_people(9), answering(vec![json("200 OK", r#"{"ContactId":"same"}"#)]));
    let args = ["run", "people.csv", "--yes", "--max-in-flight", "1", "--endpoint-url", &endpoint];
    let words = ["what answers is not Amazon Connect", "the contact id same was given for two", "a cache"];
    site.run(&args).exits(5).says(&words);
    let states: Vec<String> = site.report().iter().map(|record| record.state.clone()).collect();
    let count = |state: &str| states.iter().filter(|of| *of == state).count();
    assert_eq!((count("started"), count("attempting"), count("queued")), (1, 1, 7), "{states:?}");
}

#[test]
fn a_clock_that_is_off_is_told_as_such() {
    let body = r#"{"message":"The difference between the request time and the current time is too large."}"#;
    let mut answer = json("403 Forbidden", body);
    let at = "HTTP/1.1 403 Forbidden\r\n".len();
    answer.splice(at..at, b"x-amzn-errortype: RequestTimeTooSkewed\r\n".iter().copied());
    let (site, endpoint) = (Site::with_people(1), answering(vec![answer]));
    let ran = site.run(&["run", "people.csv", "--yes", "--endpoint-url", &endpoint]).exits(5);
    ran.says(&["RequestTimeTooSkewed", "set this machine's clock"]);
}

/// What doctor says to programs.
fn object(ran: &Ran) -> serde_json::Value {
    serde_json::from_str(ran.stdout.lines().last().unwrap()).unwrap()
}

#[test]
fn doctor_asks_the_neighbours_where_connect_is() {
    let site = Site::with_people(3);
    let doctor = |server: &Server, more: &[&str]| {
        site.run(&[&["doctor", "--endpoint-url", server.endpoint()], more].concat())
    };
    let server = Server::start(&[]);
    doctor(&server, &[]).exits(0);
    let result = object(&doctor(&server, &["--json", "people.csv"]).exits(0));
    assert_eq!(result["exit"], 0);
    let checked = |id: &str| {
        let findings = result["findings"].as_array().unwrap();
        let finding = findings.iter().find(|finding| finding["id"] == id).unwrap();
        finding["status"].as_str().unwrap().to_owned()
    };
    for id in ["identity", "instance", "flow.status", "number.sms", "account.tier", "quota.chats", "optouts"]
    {
        assert_eq!(checked(id), "ok", "{id}");
    }
    let operations = server.stats()["operations"].clone();
    for operation in ["GetCallerIdentity", "GetServiceQuota", "DescribePhoneNumbers", "DescribeInstance"] {
        assert!(operations[operation].as_u64().is_some(), "{operations}");
    }
    site.write("account.toml", "production = false\ndenied = [\"sms-voice:DescribeSpendLimits\"]\n");
    let account = site.path("account.toml").display().to_string();
    let server = Server::start(&["--account", &account]);
    let result = object(&doctor(&server, &["--json"]).exits(5));
    let text = result.to_string();
    assert!(
        text.contains("SMS sandbox") && text.contains(r#""action":"sms-voice:DescribeSpendLimits""#),
        "{text}"
    );
}

#[test]
fn doctor_without_credentials_says_so_and_exits_with_5() {
    let site = Site::with_people(1);
    let mut command = site.command(&["doctor", "--json"]);
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    let result = object(&site.finish(command).exits(5));
    assert_eq!(result["findings"][0]["id"], "credentials");
    assert_eq!(result["findings"][0]["status"], "failed");
    assert_eq!(result["findings"][1]["status"], "not checked");
}

/// Whether a process of this id runs still, or only its entry is left.
fn runs(pid: &str) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    state.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
}

/// Whatever ends the command that waits for it, and whatever it has started itself.
#[test]
fn a_credential_process_that_hangs_ends_with_the_command() {
    use rustix::process::{Pid, Signal, kill_process};
    const HANGS: &str = "#!/bin/sh\ncd \"$(dirname \"$0\")\"\nsleep 600 &\necho \"$$ $!\" >pids.new\nmv pids.new pids\nwait\n";
    for signal in [Signal::TERM, Signal::KILL] {
        let site = Site::with_people(1);
        site.write("hang.sh", HANGS);
        let process = format!("sh '{}'", site.path("hang.sh").display());
        site.write(
            "config",
            &format!("[profile slow]\nregion = us-west-2\ncredential_process = {process}\n"),
        );
        let mut command = site.command(&["doctor", "--profile", "slow"]);
        command.env("AWS_CONFIG_FILE", site.path("config"));
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut child = command.spawn().unwrap();
        while !site.path("pids").exists() {
            std::thread::yield_now();
        }
        let pids: Vec<String> = site.read("pids").split_whitespace().map(str::to_owned).collect();
        assert!(pids.len() == 2 && pids.iter().all(|pid| runs(pid)), "{pids:?}");
        kill_process(Pid::from_child(&child), signal).unwrap();
        child.wait().unwrap();
        while pids.iter().any(|pid| runs(pid)) {
            std::thread::yield_now();
        }
    }
}

/// What it writes of keys, and what it writes where it has none; it reads nothing of what the command is given.
#[test]
fn a_credential_process_gives_keys_or_its_reasons() {
    let server = Server::start(&["--credentials", "PROCESS:secret"]);
    let site = Site::with_people(2);
    let run = |script: &str, says: Option<&str>| {
        site.write(
            "config",
            &format!(
                "[profile slow]\nregion = us-west-2\ncredential_process = sh '{}'\n",
                site.path("give.sh").display()
            ),
        );
        site.write("give.sh", script);
        let args = ["run", "-", "--yes", "--profile", "slow", "--endpoint-url", server.endpoint()];
        let mut command = site.command(&args);
        let people = std::fs::File::open(site.path("people.csv")).unwrap();
        command.env("AWS_CONFIG_FILE", site.path("config")).stdin(people);
        let ran = site.finish(command);
        match says {
            None => drop(ran.exits(0)),
            Some(words) => drop(ran.exits(5).says(&[words])),
        }
    };
    run("echo no ticket >&2; exit 3", Some("no ticket"));
    run("echo '{}'", Some("does not say Version 1"));
    run(
        "cat >&2; echo '{\"Version\": 1, \"AccessKeyId\": \"PROCESS\", \"SecretAccessKey\": \"secret\"}'",
        None,
    );
    assert_eq!(site.report().len(), 2);
}
