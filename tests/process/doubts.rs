//! Answers that were lost for good: seven days later the account tells what became of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use campaign::clock::Clock;
use campaign::simulator::{
    Fault, LogDetail, Operation, Server, Signatures, Simulator, WorldConfig, WorldTime,
};
use serde_json::Value;

use crate::process::site::{Site, phone};

const DAY: u64 = 24 * 3_600_000;

/// A simulator on loopback whose time can be set.
pub(crate) struct TimedServer {
    pub(crate) simulator: Simulator,
    pub(crate) endpoint: String,
    /// How far it is behind, in milliseconds.
    behind: Arc<AtomicU64>,
}

impl TimedServer {
    pub(crate) fn start(mut config: WorldConfig) -> Self {
        config.signatures = Signatures::VerifiedAtAnyDate;
        config.log = LogDetail::Full;
        let behind = Arc::new(AtomicU64::new(0));
        let of_world = Arc::clone(&behind);
        let clock = Clock::system();
        let simulator = Simulator::new(config, move || {
            let now = u64::try_from(clock.now().millis()).unwrap();
            WorldTime(now - of_world.load(Ordering::SeqCst))
        });
        let served = simulator.clone();
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let server = Server::bind("127.0.0.1:0".parse().unwrap(), served, None).await.unwrap();
                sender.send(server.address()).unwrap();
                server.run(std::future::pending()).await.unwrap();
            });
        });
        Self { simulator, endpoint: format!("http://{}", receiver.recv().unwrap()), behind }
    }

    pub(crate) fn set_behind(&self, days: u64) {
        self.behind.store(days * DAY, Ordering::SeqCst);
    }

    fn requests(&self) -> usize {
        let requests = self.simulator.requests();
        requests.iter().filter(|request| request.operation == Operation::StartOutboundChatContact).count()
    }

    /// Each client token has one contact, and so many there are.
    pub(crate) fn has_each_once(&self, contacts: usize) {
        let mut tokens: Vec<_> =
            self.simulator.contacts().into_iter().map(|contact| contact.client_token).collect();
        assert_eq!(tokens.len(), contacts);
        tokens.sort();
        tokens.dedup();
        assert_eq!(tokens.len(), contacts, "somebody has a second contact");
        assert_eq!(self.simulator.payload_violations(), []);
    }
}

/// What the journal has happened so many days earlier.
pub(crate) fn days_pass(site: &Site, days: u64) {
    let by = days * DAY;
    let moved = format!(
        "UPDATE row SET first_attempt_at = first_attempt_at - {by}, doubt_at = doubt_at - {by},
             settled_at = settled_at - {by}, requested_at = requested_at - {by};
         UPDATE request SET at = at - {by};
         UPDATE run SET started_at = started_at - {by}, seen_at = seen_at - {by}, ended_at = ended_at - {by};"
    );
    rusqlite::Connection::open(site.path("journal.db")).unwrap().execute_batch(&moved).unwrap();
}

/// Sixty people: the answers to twenty of them never came, and half of those have a contact. Then the process was killed.
fn killed_eight_days_ago(config: WorldConfig) -> (Site, TimedServer) {
    let (site, server) = (Site::with_people(60), TimedServer::start(config));
    server.set_behind(8);
    server.simulator.with(|world| {
        for n in 0..20 {
            let fault = if n < 10 { Fault::HangAfter } else { Fault::HangBefore };
            world.faults_mut().destination(phone(n), fault);
        }
    });
    let mut run = site.start(&["run", "people.csv", "--yes", "--json", "--endpoint-url", &server.endpoint]);
    let started = || {
        let journal = rusqlite::Connection::open(site.path("journal.db"));
        let count = |journal: rusqlite::Connection| {
            journal.query_row("SELECT count(*) FROM row WHERE state = 2", [], |row| row.get::<_, i64>(0))
        };
        journal.and_then(count).unwrap_or(0)
    };
    while server.requests() < 60 || started() < 40 {
        std::thread::yield_now();
    }
    run.kill().unwrap();
    run.wait().unwrap();
    server.simulator.with(|world| _ = world.faults_mut().clear());
    days_pass(&site, 8);
    server.set_behind(0);
    (site, server)
}

fn outcomes(result: &Value) -> Vec<&str> {
    let rows = result["rows"].as_array().unwrap().iter();
    rows.map(|row| row["outcome"].as_str().unwrap()).collect()
}

#[test]
fn answers_that_were_lost_for_seven_days_are_found_and_nobody_gets_a_second_contact() {
    let mut config = WorldConfig::default();
    config.account.searchable.insert("campaign_token".to_owned());
    let (site, server) = killed_eight_days_ago(config);
    let endpoint = ["--endpoint-url", server.endpoint.as_str()];
    site.run(&["resolve"]).exits(3).says(&["20 rows are uncertain", "--search"]);
    // A run does not send to them.
    let search = [&["resolve", "--search", "--json"], &endpoint[..]].concat();
    let ran = site.run(&search).exits(3);
    let result: Value = serde_json::from_str(ran.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(outcomes(&result), [["found"; 10], ["not-there"; 10]].concat());
    assert_eq!(
        (&result["uncertain"], &result["searchable"], &result["index_delay_s"]),
        (&10.into(), &true.into(), &900.into())
    );
    assert_eq!((&result["looked_at"], &result["unfinished"]), (&10.into(), &Value::Null));
    let requests = server.requests();
    let sent = site.run(&[&["resume", "--yes", "--json"], &endpoint[..]].concat()).exits(3).json();
    assert_eq!((&sent["started"], &sent["uncertain"]), (&50.into(), &10.into()));
    assert_eq!(server.requests(), requests);
    site.run(&["resolve"]).exits(3).says(&["10 rows are uncertain"]);

    let again = site.run(&[&["resolve", "--search", "--resend"], &endpoint[..]].concat());
    again.exits(0).says(&["10 not there", "10 rows are sent again", "campaign resume"]);
    let sent = site.run(&[&["resume", "--yes", "--json"], &endpoint[..]].concat()).exits(0).json();
    assert_eq!((&sent["started"], &sent["requests"]), (&60.into(), &10.into()));
    server.has_each_once(60);
    let ids: std::collections::HashMap<_, _> = server
        .simulator
        .contacts()
        .into_iter()
        .map(|contact| (contact.client_token.unwrap(), contact.id.to_string()))
        .collect();
    for record in site.report() {
        assert_eq!(ids.get(&record.client_token), Some(&record.contact_id), "{record:?}");
    }
    site.run(&["journal", "check"]).exits(0);
}

/// Where the contacts are not, everything would be missing.
#[test]
fn nothing_is_searched_where_the_contacts_were_not_started() {
    let (site, server) = killed_eight_days_ago(WorldConfig::default());
    let text = site.read("campaign.toml");
    site.write(
        "campaign.toml",
        &text.replace("11111111-2222-3333-4444-555555555555", "11111111-2222-3333-4444-555555555556"),
    );
    let search = ["resolve", "--search", "--endpoint-url", server.endpoint.as_str()];
    site.run(&search)
        .exits(2)
        .says(&["the campaign's contacts are of the instance 11111111-2222-3333-4444-555555555555"]);
    site.write("campaign.toml", &text);
    // Nothing listens there, and nothing is asked of it.
    site.run(&["resolve", "--search", "--endpoint-url", "https://127.0.0.1.invalid"])
        .exits(2)
        .says(&["were started by a server on this machine, which is not what would be searched"]);
}

/// Whoever runs the campaign again has not to know of any of this.
#[test]
fn a_run_searches_for_what_it_would_give_up() {
    let (site, server) = killed_eight_days_ago(WorldConfig::default());
    let text = site.read("campaign.toml");
    site.write("campaign.toml", &text.replace("check = \"off\"\n", ""));
    let resume = ["resume", "--yes", "--json", "--endpoint-url", server.endpoint.as_str()];
    let ran = site.run(&resume).exits(3);
    let said =
        "20 rows in doubt were searched for in the account: 10 found and started, 10 not there, 0 open";
    let sent = ran.says(&[said]).json();
    assert_eq!(
        (&sent["started"], &sent["uncertain"], &sent["requests"]),
        (&50.into(), &10.into(), &0.into())
    );
    // What is not there is not searched for again.
    let again = site.run(&resume).exits(3);
    assert!(!again.stderr.contains("searched for"), "{}", again.stderr);
    site.run(&["resolve", "--all", "--resend"]).exits(0);
    assert_eq!(site.run(&resume).exits(0).json()["started"], 60);
    server.has_each_once(60);
}
