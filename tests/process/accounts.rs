//! One campaign from three accounts, each reached with a profile of its own: three simulators, as processes.

use std::collections::HashMap;
use std::process::Command;

use crate::process::ran::Ran;
use crate::process::server::Server;
use crate::process::site::{INSTANCE, Record, Site, csv, definition, row};

const NAMES: [&str; 3] = ["home", "east", "europe"];
const REGIONS: [&str; 3] = ["us-west-2", "us-east-1", "eu-west-2"];

fn instance(n: usize) -> String {
    if n == 0 { INSTANCE.to_owned() } else { INSTANCE.replace("11111111", &format!("0000000{n}")) }
}

fn source(n: usize) -> String {
    format!(
        "arn:aws:connect:{}:{:012}:phone-number/aaaaaaaa-bbbb-cccc-dddd-{n:012}",
        REGIONS[n],
        111_122_223_330 + n
    )
}

/// A sender of each account.
fn senders() -> String {
    let sender = |n: usize| {
        let own = match n {
            0 => String::new(),
            _ => format!(
                "instance_id = \"{}\"\ncontact_flow_id = \"66666666-7777-8888-9999-00000000000{n}\"\nprofile = \"{}\"\naccount_rate = {}\n",
                instance(n),
                NAMES[n],
                100 * n
            ),
        };
        format!("\n[[senders]]\nname = \"{}\"\nsource = \"{}\"\n{own}", NAMES[n], source(n))
    };
    (0..3).map(sender).collect()
}

struct Accounts {
    site: Site,
    servers: Vec<Server>,
}

impl Accounts {
    /// With so many recipients, and the options of each simulator.
    fn new(people: usize, options: [&[&str]; 3]) -> Self {
        let site = Site::new();
        let definition = definition().replace("[connect]", "[connect]\nprofile = \"home\"");
        let before: String = definition
            .lines()
            .filter(|line| !line.starts_with("source"))
            .map(|line| format!("{line}\n"))
            .collect();
        site.write("campaign.toml", &(before + &senders()));
        site.write("people.csv", &csv((0..people).map(row)));
        let servers: Vec<Server> = (0..3)
            .map(|n| {
                let own = [
                    "--instance-id".to_owned(),
                    instance(n),
                    "--credentials".to_owned(),
                    format!("key-{n}:secret"),
                    "--seed".to_owned(),
                    n.to_string(),
                ];
                let own = own.iter().map(String::as_str);
                Server::start(&own.chain(options[n].iter().copied()).collect::<Vec<_>>())
            })
            .collect();
        let accounts = Self { site, servers };
        accounts.write_profiles();
        accounts
    }

    fn write_profiles(&self) {
        let profile = |(n, server): (usize, &Server)| {
            format!(
                "[profile {}]\nregion = {}\nendpoint_url = {}\naws_access_key_id = key-{n}\naws_secret_access_key = secret\n\n",
                NAMES[n],
                REGIONS[n],
                server.endpoint()
            )
        };
        self.site.write("aws-config", &self.servers.iter().enumerate().map(profile).collect::<String>());
    }

    /// The binary with the profiles, and no credentials in its environment.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.site.command(args);
        command.env("AWS_CONFIG_FILE", self.site.path("aws-config"));
        command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
        command
    }

    fn run(&self, args: &[&str]) -> Ran {
        self.site.finish(self.command(args))
    }

    fn report(&self) -> Vec<Record> {
        let ran = self.run(&["report", "--format", "csv"]).exits(0);
        let mut reader = csv::Reader::from_reader(ran.stdout.as_bytes());
        reader.deserialize().map(Result::unwrap).collect()
    }

    /// Each recipient has one contact, in one of the accounts, and the journal is sound.
    fn check_each_once(&self, people: usize) {
        let mut contacts: HashMap<String, Vec<String>> = HashMap::new();
        for (n, server) in self.servers.iter().enumerate() {
            for contact in server.contacts_in_full() {
                let text = |member: &str| contact[member].as_str().expect(member).to_owned();
                let body = &contact["request"];
                assert_eq!(body["InstanceId"], *instance(n));
                assert_eq!(body["SourceEndpoint"]["Address"], *source(n));
                contacts.entry(text("client_token")).or_default().push(text("contact_id"));
            }
            assert_eq!(server.stats()["payload_violations"], 0);
        }
        let report = self.report();
        assert_eq!(report.len(), people);
        for record in &report {
            assert_eq!(
                contacts.remove(&record.client_token),
                Some(vec![record.contact_id.clone()]),
                "{record:?}"
            );
        }
        assert!(contacts.is_empty(), "{contacts:?}");
        self.run(&["journal", "check"]).exits(0);
    }
}

const RUN: [&str; 4] = ["run", "people.csv", "--yes", "--json"];

#[test]
fn three_accounts_by_three_profiles_share_a_campaign() {
    let accounts = Accounts::new(300, [&[], &[], &[]]);
    let checked = accounts.run(&["check", "people.csv", "--json"]).exits(0).json();
    assert_eq!(checked["accounts"].as_array().map(Vec::len), Some(3), "{checked}");
    let ran = accounts.run(&RUN).exits(0).json();
    assert_eq!(ran["started"], 300);
    accounts.check_each_once(300);
    for server in &accounts.servers {
        let contacts = server.contacts_in_full().len();
        assert!((60..140).contains(&contacts), "a third each, about: {contacts}");
    }
    // The file again contacts nobody, and the definition without the accounts is another campaign.
    assert_eq!(accounts.run(&RUN).exits(0).json()["requests"], 0);
    let changed = accounts.site.read("campaign.toml").replace(&instance(1), &instance(7));
    accounts.site.write("campaign.toml", &changed);
    let refused = accounts.run(&RUN).exits(2);
    assert!(refused.stderr.contains("the instance of a sender"), "{}", refused.stderr);
}

/// Killed at many moments, with lost answers, and one of them frozen for a while.
#[test]
fn killed_and_cut_off_everybody_has_one_contact_in_one_of_three_accounts() {
    let slow: &[&str] =
        &["--latency", "10ms", "--latency-jitter", "20ms", "--lost-answers", "0.05", "--resets", "0.05"];
    let accounts = Accounts::new(400, [slow, slow, &["--throttle", "0.1", "--errors", "0.05"]]);
    let mut chance = fastrand::Rng::with_seed(7);
    for kill in 0..8 {
        if kill == 3 {
            accounts.servers[1].freeze();
        }
        let mut child = accounts
            .command(&RUN)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("it starts");
        let met = accounts.servers[0].requests() + chance.u64(2..20);
        while accounts.servers[0].requests() < met && child.try_wait().expect("it is there").is_none() {
            std::thread::yield_now();
        }
        child.kill().expect("it is killed");
        child.wait().expect("it is gone");
        if kill == 5 {
            accounts.servers[1].thaw();
        }
    }
    let mut runs = 0;
    while accounts.run(&RUN).code != 0 {
        runs += 1;
        assert!(runs < 20, "it comes to its end");
    }
    accounts.check_each_once(400);
}

/// The second account refuses these credentials: its senders halt, the others go on, and exit and report say so.
#[test]
fn an_account_that_refuses_halts_its_senders_alone() {
    let accounts = Accounts::new(120, [&[], &["--access-denied", "1.0"], &[]]);
    let ran = accounts.run(&RUN).exits(5);
    let summary = ran.json();
    let halted = accounts.servers[0].contacts_in_full().len() + accounts.servers[2].contacts_in_full().len();
    assert_eq!(summary["started"].as_u64(), Some(halted as u64));
    assert_eq!(summary["queued"].as_u64(), Some(120 - halted as u64));
    let status = accounts.run(&["status", "--json"]).exits(0).json();
    let told: Vec<(&str, bool)> = status["senders"]
        .as_array()
        .expect("senders")
        .iter()
        .map(|sender| (sender["name"].as_str().expect("a name"), sender["halted"].is_string()))
        .collect();
    assert_eq!(told, [("home", false), ("east", true), ("europe", false)]);
}

/// Doctor asks each account, and a policy is of one.
#[test]
fn each_account_is_asked_for_what_is_its_own() {
    let accounts = Accounts::new(30, [&[], &[], &[]]);
    let ran = accounts.run(&["doctor", "--json"]);
    let found: serde_json::Value =
        serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
    let instances: Vec<&str> = found["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter(|finding| finding["id"] == "instance")
        .map(|finding| finding["summary"].as_str().expect("a summary"))
        .collect();
    assert_eq!(instances.len(), 3, "{found}");
    assert!(
        instances[1].starts_with("account 111122223331 in us-east-1, instance 00000001: "),
        "{instances:?}"
    );
    let policy = accounts.run(&["iam-policy", "--sender", "europe"]).exits(0).stdout;
    assert!(policy.contains(&instance(2)) && !policy.contains(&instance(0)), "{policy}");
    let policy = accounts.run(&["iam-policy"]).exits(0).stdout;
    assert!(policy.contains(&instance(0)) && !policy.contains(&instance(2)), "{policy}");
    accounts.run(&["iam-policy", "--sender", "nobody"]).exits(2);
}

/// Journal and accounts are held against each other, and a journal that is lost is made anew from all of them.
#[test]
fn a_journal_is_held_against_every_account_and_made_anew_from_them() {
    let accounts = Accounts::new(120, [&[], &[], &[]]);
    accounts.run(&RUN).exits(0);
    let compare = ["deliveries", "check", "--rate", "5000", "--json"];
    let compared: serde_json::Value =
        serde_json::from_str(accounts.run(&compare).exits(0).stdout.lines().last().expect("a result"))
            .expect("JSON");
    assert_eq!(compared["contacts"], 120, "{compared}");
    for entry in accounts.site.folder().read_dir().expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.file_name().expect("a name").to_string_lossy().starts_with("journal.db") {
            std::fs::remove_file(path).expect("it is gone");
        }
    }
    let rebuild = ["rebuild", "people.csv", "--since", "2026-01-01T00:00Z", "--rate", "5000", "--json"];
    let rebuilt = accounts.run(&rebuild).exits(0).json();
    assert_eq!((&rebuilt["found"], &rebuilt["started"]), (&120.into(), &120.into()), "{rebuilt}");
    assert_eq!(accounts.run(&RUN).exits(0).json()["requests"], 0);
    accounts.check_each_once(120);
}

/// Rows in doubt are searched for where their requests went.
#[test]
fn rows_in_doubt_are_searched_for_in_their_accounts() {
    let silent: &[&str] = &["--hangs", "1.0"];
    let accounts = Accounts::new(60, [silent, silent, silent]);
    let mut child = accounts
        .command(&RUN)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("it starts");
    accounts.servers.iter().for_each(|server| server.wait_for_requests(6));
    child.kill().expect("it is killed");
    child.wait().expect("it is gone");
    let contacts: Vec<usize> =
        accounts.servers.iter().map(|server| server.contacts_in_full().len()).collect();
    assert!(contacts.iter().all(|contacts| *contacts > 0), "{contacts:?}");
    accounts.run(&["resolve", "--search", "--all", "--index-delay", "0s"]);
    let started = accounts.report().iter().filter(|record| record.state == "started").count();
    assert_eq!(started, contacts.iter().sum::<usize>(), "{contacts:?}");
    accounts.run(&["journal", "check"]).exits(0);
}

/// By the number of the account, its profile, its Region or a sender: the run goes on with it alone at another pace.
#[test]
fn one_account_is_paced_from_a_second_process() {
    let accounts = Accounts::new(600, [&[], &[], &[]]);
    let slow = accounts.site.read("campaign.toml").replace("account_rate = 100\n", "account_rate = 8\n");
    accounts.site.write("campaign.toml", &slow.replace("account_rate = 200\n", "account_rate = 9\n"));
    let args = ["run", "people.csv", "--yes", "--rate=7", "--burst=1"];
    let run = accounts.command(&args).stderr(std::process::Stdio::piped()).spawn().expect("it starts");
    accounts.servers[2].wait_for_requests(3);
    for (name, rate, all) in [
        ("111122223331", "2", 18.0),
        ("europe", "3", 12.0),
        ("us-west-2", "1", 6.0),
        ("east", "default", 12.0),
    ] {
        let ran = accounts.run(&["pace", "--account", name, rate, "--json"]).exits(0);
        let ran = ran.says(&["paced: run 1 (process ", " through the account of "]);
        let told: serde_json::Value = serde_json::from_str(ran.stdout.trim()).expect("an object");
        assert_eq!((&told["asked_rate"], &told["run"]), (&all.into(), &1.into()), "{name}");
    }
    let status = accounts.run(&["status"]).exits(0).stdout;
    for words in ["pace of the account of east 2/s", "pace of the account of home 1/s", "of east default"] {
        assert!(status.contains(words), "{words}: {status}");
    }
    let wrong = |args: &[&str], words: &[&str]| {
        accounts.run(args).exits(2).says(words);
    };
    wrong(
        &["pace", "--account", "moon", "1"],
        &["has no account \"moon\"", "account 111122223332 in eu-west-2"],
    );
    wrong(&["pace", "--account", "east", "--sender", "east", "1"], &["cannot be used with"]);
    accounts.run(&["stop"]).exits(0);
    accounts.site.wait(run).exits(4);
    wrong(&["pace", "--account", "east", "1"], &["a pace is for the run that goes on"]);
}

/// Every sender has its own instance, flow, Region and profile: nobody is asked for those of [connect], nor for credentials
/// that no sender has.
#[test]
fn where_every_sender_has_its_own_account_the_campaign_needs_none() {
    let accounts = Accounts::new(90, [&[], &[], &[]]);
    let stated = accounts.site.read("campaign.toml").replace("profile = \"home\"\n", "");
    let own = "contact_flow_id = \"66666666-7777-8888-9999-000000000000\"\n";
    let home = format!("source = \"{}\"\ninstance_id = \"{INSTANCE}\"\n{own}profile = \"home\"\n", source(0));
    let elsewhere = stated.replace(&format!("source = \"{}\"\n", source(0)), &home);
    let without = elsewhere.replacen(&format!("instance_id = \"{INSTANCE}\"\n{own}"), "", 1);
    assert!(without.contains("[connect]\n\n[recipients]"), "{without}");
    accounts.site.write("campaign.toml", &without.replace("[connect]\n\n", ""));
    accounts.run(&["check", "people.csv"]).exits(0);
    let ran = accounts.run(&["doctor", "--json"]);
    let found: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let found = found["findings"].as_array().expect("findings");
    let instances = found.iter().filter(|finding| finding["id"] == "instance" && finding["status"] == "ok");
    assert_eq!(instances.count(), 3, "{}", ran.stdout);
    let policy = accounts.run(&["iam-policy"]).exits(0).stdout;
    assert!(policy.contains(INSTANCE) && !policy.contains(&instance(1)), "{policy}");
    let limited = [&RUN[..], &["--limit", "30"]].concat();
    accounts.run(&limited).exits(4);
    // Each account is asked, and no instance of [connect] is missing.
    let asking = without.replace("[connect]\n\n", "").replace("check = \"off\"\nopt_outs = false\n", "");
    accounts.site.write("campaign.toml", &asking);
    let ran = accounts.run(&["resume", "--json"]).exits(0);
    assert_eq!(ran.json()["started"], 90);
    assert!(
        ran.stderr.contains("account 111122223331 in us-east-1") && !ran.stderr.contains("the instance "),
        "{}",
        ran.stderr
    );
    accounts.check_each_once(90);
    accounts.run(&["deliveries", "check", "--rate", "5000"]).exits(0);
}

/// An instance of [connect] that nothing is sent from is not asked about either, and needs no Region.
#[test]
fn an_instance_that_nothing_is_sent_from_is_not_asked_for_its_region() {
    let accounts = Accounts::new(30, [&[], &[], &[]]);
    let text = accounts.site.read("campaign.toml").replace("profile = \"home\"\n", "");
    let (before, senders) = text.split_once("[[senders]]").expect("senders");
    let elsewhere = senders.split_once("[[senders]]").expect("a second one").1;
    let asking = before.replace("check = \"off\"\nopt_outs = false\n", "");
    accounts.site.write("campaign.toml", &format!("{asking}[[senders]]{elsewhere}"));
    let ran = accounts.run(&RUN).exits(0);
    assert_eq!(ran.json()["started"], 30);
    assert!(!ran.stderr.contains("the instance "), "{}", ran.stderr);
    assert_eq!(accounts.servers[0].stats()["operations"], serde_json::json!({}));
    accounts.check_each_once(30);
}

/// The figures before the start go by what each account answers, and the run is as fast as they say.
#[test]
fn the_figures_before_a_run_know_what_each_account_allows() {
    let accounts = Accounts::new(60, [&[], &[], &[]]);
    let text =
        accounts.site.read("campaign.toml").replace("check = \"off\"\n", "").replace("rate = 1000.0\n", "");
    let stated = |n: usize| format!("account_rate = {}\n", 100 * n);
    accounts.site.write("campaign.toml", &text.replace(&stated(1), "").replace(&stated(2), ""));
    let servers: Vec<Server> = (0..3)
        .map(|n| {
            let name = format!("account-{n}.toml");
            let rate = [60, 40, 80][n];
            accounts.site.write(&name, &format!("id = \"11112222333{n}\"\nrequests_per_second = {rate}.0\n"));
            let account = accounts.site.path(&name).display().to_string();
            let own = [
                "--instance-id",
                &instance(n),
                "--credentials",
                &format!("key-{n}:secret"),
                "--account",
                &account,
                "--seed",
                &n.to_string(),
            ];
            Server::start(&own)
        })
        .collect();
    let accounts = Accounts { servers, ..accounts };
    accounts.write_profiles();
    let ran = accounts.run(&RUN).exits(0);
    let line = |of: &str| {
        ran.stderr.lines().find(|line| line.starts_with(of)).map(str::to_owned).unwrap_or_default()
    };
    for (of, rate) in [
        ("  account 111122223330 in us-west-2: ", "at 60/s"),
        ("  account 111122223331 in us-east-1: ", "at 40/s"),
        ("  account 111122223332 in eu-west-2: ", "at 80/s"),
    ] {
        assert!(line(of).ends_with(rate), "{of}{rate}: {}", ran.stderr);
    }
    assert!(line("duration: ").ends_with("at 180/s over 3 accounts"), "{}", ran.stderr);
    assert_eq!(ran.json()["asked_rate"], 180.0, "{}", ran.stdout);
}
