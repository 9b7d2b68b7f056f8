//! What doctor says of accounts in which one thing is wrong, or two: each world is asked through the SDK, and what is not
//! in order is in the snapshot.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use campaign::clock::Clock;
use campaign::connect::{Account, Subject};
use campaign::domain::account::facts::{CampaignFacts, FileFacts, SenderFacts};
use campaign::domain::account::findings::{Finding, Status, findings, of_senders};
use campaign::domain::unix_millis::UnixMillis;
use campaign::simulator::{AccountConfig, Credential, Simulator, WorldConfig, WorldTime};

const INSTANCE: &str = "11111111-2222-4333-8444-555555555555";
const OTHER: &str = "11111111-2222-4333-8444-666666666666";
const FLOW: &str = "99999999-8888-4777-8666-555555555555";
const SOURCE: &str =
    "arn:aws:connect:us-west-2:123456789012:phone-number/aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
/// 2026-03-01T09:30:00Z.
pub(crate) const EPOCH: u64 = 1_772_357_400_000;

/// A world, and a campaign in it.
pub(crate) struct World {
    pub(crate) config: WorldConfig,
    pub(crate) campaign: CampaignFacts,
    pub(crate) subject: Subject,
    /// How far this machine's clock is ahead, in seconds.
    ahead: i64,
}

impl World {
    pub(crate) fn in_order() -> Self {
        let account =
            AccountConfig { searchable: BTreeSet::from(["customer".to_owned()]), ..AccountConfig::default() };
        let config = WorldConfig {
            instance_ids: vec![INSTANCE.to_owned()],
            contact_flow_ids: vec![FLOW.to_owned()],
            sources: vec![SOURCE.to_owned()],
            account,
            ..WorldConfig::default()
        };
        let campaign = CampaignFacts {
            instance_id: INSTANCE.to_owned(),
            account: Some("123456789012".to_owned()),
            rate: Some(2.0),
            max_active_contacts: 500,
            has_message: true,
            attribute: Some("customer".to_owned()),
            ..CampaignFacts::default()
        };
        let subject = Subject {
            instance_id: INSTANCE.to_owned(),
            flow_id: Some(FLOW.to_owned()),
            source: Some(SOURCE.to_owned()),
            attribute: Some("customer".to_owned()),
        };
        Self { config, campaign, subject, ahead: 0 }
    }

    pub(crate) fn account(&mut self) -> &mut AccountConfig {
        &mut self.config.account
    }

    fn file(&mut self, countries: &[(&str, u64)], numbers: &[&str], cost: Option<f64>) {
        self.campaign.file = Some(FileFacts {
            contacts: countries.iter().map(|(_, contacts)| contacts).sum(),
            countries: countries
                .iter()
                .map(|(country, contacts)| ((*country).to_owned(), *contacts))
                .collect(),
            numbers: numbers.iter().map(|number| (*number).to_owned()).collect(),
            cost,
            longest: 1,
        });
    }

    /// Asks, and how long that took.
    fn ask(self) -> (Vec<Finding>, Duration) {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let begun = tokio::time::Instant::now();
            let simulator = Simulator::new(self.config, move || {
                WorldTime(EPOCH + u64::try_from(begun.elapsed().as_millis()).unwrap())
            });
            let base = i64::try_from(EPOCH).unwrap() + self.ahead * 1000;
            let clock = Clock::from_tokio(UnixMillis::from_millis(base));
            let account =
                Account::simulated(simulator.http_client(), ("test", "test"), "us-west-2", &clock).unwrap();
            let facts = account.ask(&self.subject).await;
            (findings(&self.campaign, &facts), begun.elapsed())
        })
    }
}

fn told(finding: &Finding) -> String {
    let mut told =
        format!("{}: {}: {}\n", finding.status.word(), finding.id, finding.summary.shown_up_to(1_000));
    if let Some(action) = &finding.action {
        let _ = writeln!(told, "    action: {action}");
    }
    if let Some(next) = &finding.next {
        let _ = writeln!(told, "    next: {next}");
    }
    told
}

type Change = Box<dyn Fn(&mut World)>;

fn world(title: &str, change: impl Fn(&mut World) + 'static) -> (String, Change) {
    (title.to_owned(), Box::new(change))
}

/// A flow of these actions: identifier, type, seconds that it waits, and where it goes on.
fn flow(actions: &[(&str, &str, u32, &[&str])]) -> String {
    let actions = actions.iter().map(|(id, kind, wait, next)| {
        let errors: Vec<_> =
            next.iter().skip(1).map(|to| serde_json::json!({"NextAction": to, "ErrorType": "Any"})).collect();
        let mut action = serde_json::json!({
            "Identifier": id, "Type": kind, "Parameters": {"TimeLimitSeconds": wait.to_string()},
            "Transitions": {"Errors": errors},
        });
        if let Some(first) = next.first() {
            action["Transitions"]["NextAction"] = serde_json::json!(first);
        }
        action
    });
    serde_json::json!({"Version": "2019-10-30", "StartAction": "a", "Actions": actions.collect::<Vec<_>>()})
        .to_string()
}

fn identity_and_instance() -> Vec<(String, Change)> {
    vec![
        world("credentials of another account", |world| world.account().id = "111122223333".to_owned()),
        world("keys that the service does not take", |world| {
            world.config.credentials = vec![Credential::new("OTHER", "secret")];
        }),
        world("a clock two minutes ahead", |world| world.ahead = 120),
        world("a clock two minutes behind", |world| world.ahead = -120),
        world("an instance that is being created", |world| {
            world.account().instance_status = "CREATION_IN_PROGRESS".to_owned();
        }),
        world("an instance that there is not", |world| world.config.instance_ids = vec![OTHER.to_owned()]),
        world("a flow and a number that differ from row to row", |world| {
            world.subject.flow_id = None;
            world.subject.source = None;
        }),
    ]
}

fn flows() -> Vec<(String, Change)> {
    let with = |title: &str, content: String| {
        world(title, move |world| world.account().flow.content.clone_from(&content))
    };
    vec![
        world("a flow with a draft", |world| world.account().flow.status = "SAVED".to_owned()),
        world("a flow that was never published", |world| world.account().flow.status = "NEVER".to_owned()),
        world("a flow that is archived", |world| world.account().flow.state = "ARCHIVED".to_owned()),
        world("a flow of another type", |world| world.account().flow.kind = "CUSTOMER_QUEUE".to_owned()),
        world("a flow that there is not", |world| world.config.contact_flow_ids = vec![OTHER.to_owned()]),
        with("a flow that ends without a disconnect", flow(&[("a", "EndFlowExecution", 0, &[])])),
        with(
            "a flow that hands over to an agent on one branch",
            flow(&[
                ("a", "Compare", 0, &["b", "c"]),
                ("b", "DisconnectParticipant", 0, &[]),
                ("c", "TransferContactToQueue", 0, &[]),
            ]),
        ),
        with(
            "a flow that goes round for ever",
            flow(&[("a", "Loop", 0, &["b"]), ("b", "UpdateContactAttributes", 0, &["a"])]),
        ),
        with(
            "a flow that waits for ten minutes",
            flow(&[("a", "Wait", 600, &["b"]), ("b", "DisconnectParticipant", 0, &[])]),
        ),
        with(
            "a flow that goes on in a module",
            flow(&[("a", "InvokeFlowModule", 0, &["b"]), ("b", "DisconnectParticipant", 0, &[])]),
        ),
        world("no message but perhaps in a module", |world| {
            world.campaign.has_message = false;
            world.account().flow.content =
                flow(&[("a", "InvokeFlowModule", 0, &["b"]), ("b", "DisconnectParticipant", 0, &[])]);
        }),
        world("no message but perhaps a bot's", |world| {
            world.campaign.has_message = false;
            world.account().flow.content = flow(&[
                ("a", "ConnectParticipantWithLexBot", 60, &["b"]),
                ("b", "DisconnectParticipant", 0, &[]),
            ]);
        }),
        with(
            "a flow that goes on in another flow, or hands over to an agent",
            flow(&[
                ("a", "Compare", 0, &["b", "c"]),
                ("b", "TransferToFlow", 0, &[]),
                ("c", "TransferContactToQueue", 0, &[]),
            ]),
        ),
        with("a flow that goes on in another flow", flow(&[("a", "TransferToFlow", 0, &[])])),
        with("a flow that cannot be read", "{}".to_owned()),
        with(
            "a flow with a message besides the definition's",
            flow(&[("a", "MessageParticipant", 0, &["b"]), ("b", "DisconnectParticipant", 0, &[])]),
        ),
        world("no message anywhere", |world| world.campaign.has_message = false),
        world("a contact life that is shorter than the flow", |world| {
            world.account().flow.content =
                flow(&[("a", "Wait", 90, &["b"]), ("b", "DisconnectParticipant", 0, &[])]);
            world.campaign.contact_life = Some(Duration::from_secs(30));
        }),
    ]
}

fn numbers() -> Vec<(String, Change)> {
    vec![
        world("a number that is being claimed", |world| {
            world.account().number.status = "IN_PROGRESS".to_owned();
        }),
        world("a number of another instance", |world| world.account().number.instance_id = OTHER.to_owned()),
        world("a number that there is not", |world| {
            world.config.sources = vec![SOURCE.replace("eeee", "ffff")];
        }),
        world("a number that End User Messaging does not have", |world| {
            world.account().number.messaging = false;
        }),
        world("a number for calls only", |world| {
            world.account().number.capabilities = vec!["VOICE".to_owned()];
        }),
        world("a number whose registration is pending", |world| {
            world.account().number.messaging_status = "PENDING".to_owned();
        }),
        world("a simulator's number", |world| world.account().number.kind = "SIMULATOR".to_owned()),
        world("a toll-free number and long messages", |world| {
            world.account().number.kind = "TOLL_FREE".to_owned();
            world.account().number.parts_per_second = 3;
            world.file(&[("US", 10)], &[], None);
            world.campaign.file.as_mut().unwrap().longest = 7;
        }),
        world("a number with a daily cap", |world| {
            world.account().number.kind = "TEN_DLC".to_owned();
            world.account().number.parts_per_second = 1;
            world.account().number.daily_caps = BTreeMap::from([("T-MOBILE".to_owned(), 2000)]);
        }),
        world("a number that takes no replies", |world| world.account().number.two_way = false),
        world("opt-outs that are kept elsewhere", |world| {
            world.account().number.self_managed_opt_outs = true;
        }),
        world("a number that sends to its own country alone, and rows of others", |world| {
            (world.account().number.international, world.account().number.country) = (false, "CA".to_owned());
            world.file(&[("CA", 5), ("FR", 2), ("US", 10)], &[], None);
        }),
        world("a number of whose parts nothing is told", |world| world.account().number.parts_per_second = 0),
    ]
}

fn accounts() -> Vec<(String, Change)> {
    vec![
        world("a sandbox", |world| world.account().production = false),
        world("a sandbox that reaches some recipients", |world| {
            world.account().production = false;
            world.account().verified = BTreeSet::from(["+12025550101".to_owned()]);
            world.file(&[("US", 3)], &["+12025550101", "+12025550102", "+12025550103"], None);
        }),
        world("a sandbox that reaches all recipients", |world| {
            world.account().production = false;
            world.account().verified = BTreeSet::from(["+12025550101".to_owned()]);
            world.file(&[("US", 1)], &["+12025550101"], None);
        }),
        world("a new account's spend limit", |world| {
            (world.account().spend_limit, world.account().max_spend_limit) = (1, 1);
        }),
        world("a spend limit below what the campaign costs", |world| {
            (world.account().spend_limit, world.account().max_spend_limit) = (50, 1000);
            world.file(&[("US", 10_000)], &[], Some(58.1));
        }),
        world("a campaign that costs more than the spend limit can be raised to", |world| {
            (world.account().spend_limit, world.account().max_spend_limit) = (50, 1000);
            world.file(&[("US", 400_000)], &[], Some(2_324.0));
        }),
        world("a blocked country, without a file", |world| {
            world.account().countries = BTreeMap::from([("FR".to_owned(), "BLOCK".to_owned())]);
        }),
        world("a blocked country in the file", |world| {
            world.account().countries = [("FR", "BLOCK"), ("US", "ALLOW"), ("DE", "BLOCK")]
                .map(|(country, rule)| (country.to_owned(), rule.to_owned()))
                .into();
            world.file(&[("US", 90), ("FR", 10)], &[], None);
        }),
        world("a file for blocked countries only", |world| {
            world.account().countries = BTreeMap::from([("FR".to_owned(), "BLOCK".to_owned())]);
            world.file(&[("FR", 10)], &[], None);
        }),
        world("a quota below the rate", |world| world.account().requests_per_second = 1.0),
        world("fewer active chats than the campaign wants", |world| world.account().active_chats = 100.0),
        world("quotas that are AWS's own", |world| {
            world.account().applied_quotas = false;
            world.account().requests_per_second = 99.0;
        }),
        world("no room for more chats", |world| world.account().busy_chats = 500),
        world("little room for more chats", |world| world.account().busy_chats = 450),
        world("an attribute that cannot be searched", |world| world.account().searchable.clear()),
        world("no attribute", |world| {
            world.subject.attribute = None;
            world.campaign.attribute = None;
        }),
        world("a sandbox, and a flow with a draft", |world| {
            world.account().production = false;
            world.account().flow.status = "SAVED".to_owned();
        }),
        world("a number of another instance that is for calls only", |world| {
            world.account().number.instance_id = OTHER.to_owned();
            world.account().number.capabilities = vec!["VOICE".to_owned()];
        }),
    ]
}

const ACTIONS: [&str; 13] = [
    "sts:GetCallerIdentity",
    "connect:DescribeInstance",
    "connect:DescribeContactFlow",
    "connect:DescribePhoneNumber",
    "connect:SearchContacts",
    "servicequotas:GetServiceQuota",
    "sms-voice:DescribePhoneNumbers",
    "sms-voice:DescribeOptedOutNumbers",
    "sms-voice:DescribeAccountAttributes",
    "sms-voice:DescribeVerifiedDestinationNumbers",
    "sms-voice:DescribeSpendLimits",
    "sms-voice:GetProtectConfigurationCountryRuleSet",
    "servicequotas:GetAWSDefaultServiceQuota",
];

/// A world in which what an action asks for is worth asking.
fn curious(world: &mut World, action: &str) {
    match action {
        "sms-voice:DescribeVerifiedDestinationNumbers" => world.account().production = false,
        "sms-voice:GetProtectConfigurationCountryRuleSet" => {
            world.account().countries = BTreeMap::from([("US".to_owned(), "ALLOW".to_owned())]);
        }
        "servicequotas:GetAWSDefaultServiceQuota" => world.account().applied_quotas = false,
        _ => {}
    }
}

fn rights() -> Vec<(String, Change)> {
    let denied = ACTIONS.into_iter().map(|action| {
        world(&format!("no right to {action}"), move |world| {
            curious(world, action);
            world.account().denied.insert(action.to_owned());
        })
    });
    let throttled = ACTIONS.into_iter().map(|action| {
        world(&format!("{action} is throttled"), move |world| {
            curious(world, action);
            world.account().throttled.insert(action.to_owned());
        })
    });
    denied.chain(throttled).collect()
}

fn pages(worlds: Vec<(String, Change)>) -> String {
    let mut page = String::new();
    for (title, change) in worlds {
        let mut world = World::in_order();
        change(&mut world);
        let (found, _) = world.ask();
        let wrong: String = found.iter().filter(|finding| finding.status != Status::Ok).map(told).collect();
        assert!(!wrong.is_empty() || title.contains("AWS's own"), "{title}: nothing was found");
        let _ = writeln!(page, "## {title}\n\n{wrong}");
    }
    page
}

#[test]
fn where_everything_is_in_order_everything_is_ok() {
    let (found, _) = World::in_order().ask();
    assert!(found.iter().all(|finding| finding.status == Status::Ok), "{found:?}");
    insta::assert_snapshot!("doctor_in_order", found.iter().map(told).collect::<String>());
}

#[test]
fn one_thing_wrong_with_caller_or_instance() {
    insta::assert_snapshot!("doctor_instance", pages(identity_and_instance()));
}

#[test]
fn one_thing_wrong_with_the_flow() {
    insta::assert_snapshot!("doctor_flow", pages(flows()));
}

#[test]
fn one_thing_wrong_with_the_number() {
    insta::assert_snapshot!("doctor_number", pages(numbers()));
}

#[test]
fn one_thing_wrong_with_the_account() {
    insta::assert_snapshot!("doctor_account", pages(accounts()));
}

/// What is found of a world, beside what is in order.
fn wrong(changes: &[&Change]) -> BTreeMap<&'static str, Status> {
    let mut world = World::in_order();
    for change in changes {
        change(&mut world);
    }
    let (found, _) = world.ask();
    let wrong = found.iter().filter(|finding| finding.status != Status::Ok);
    wrong.map(|finding| (finding.id, finding.status)).collect()
}

/// Of two such worlds, the second one's file takes the place of the first one's.
fn says_something_of_the_file((title, change): &(String, Change)) -> bool {
    let mut world = World::in_order();
    change(&mut world);
    world.campaign.file.is_some() || title.contains("without a file")
}

/// Two things that are wrong do not hide each other: what either has alone is told of both together, and what fails alone
/// fails, or could not be asked any more.
#[test]
fn two_things_wrong_are_both_told() {
    let groups = [identity_and_instance(), flows(), numbers(), accounts()];
    let alone: Vec<Vec<_>> =
        groups.iter().map(|group| group.iter().map(|(_, change)| wrong(&[change])).collect()).collect();
    let (mut pairs, mut hidden) = (0, String::new());
    for (one, other) in [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)] {
        for (a, first) in groups[one].iter().zip(&alone[one]) {
            for (b, second) in groups[other].iter().zip(&alone[other]) {
                if says_something_of_the_file(a) && says_something_of_the_file(b) {
                    continue;
                }
                pairs += 1;
                let both = wrong(&[&a.1, &b.1]);
                for (id, status) in first.iter().chain(second) {
                    let told = both.get(id);
                    let fails = *status != Status::Failed
                        || matches!(told, Some(Status::Failed | Status::NotChecked));
                    if told.is_none() || !fails {
                        let _ = writeln!(hidden, "{} + {}: {id} {status:?}, and {told:?}", a.0, b.0);
                    }
                }
            }
        }
    }
    assert!(pairs > 800, "{pairs}");
    assert!(hidden.is_empty(), "{hidden}");
}

/// A right that is missing never makes anything fail.
#[test]
fn one_right_missing_or_one_question_throttled() {
    for (title, change) in rights() {
        let mut world = World::in_order();
        change(&mut world);
        let sandbox = !world.account().production;
        let (found, _) = world.ask();
        let failed = found.iter().any(|finding| finding.status == Status::Failed);
        assert_eq!(failed, sandbox, "{title}: {found:?}");
    }
    insta::assert_snapshot!("doctor_rights", pages(rights()));
}

/// At the documented rates nothing is throttled that has to be asked again more than once.
#[test]
fn everything_is_asked_within_ten_seconds_at_the_documented_rates() {
    let mut world = World::in_order();
    world.account().rates = true;
    world.account().production = false;
    world.account().opted_out_more = 50_000;
    world.account().countries = BTreeMap::from([("US".to_owned(), "ALLOW".to_owned())]);
    let (found, took) = world.ask();
    assert!(found.iter().all(|finding| finding.status != Status::NotChecked), "{found:?}");
    assert!(took <= Duration::from_secs(10), "{took:?}");
    let optouts = found.iter().find(|finding| finding.id == "optouts").unwrap();
    assert_eq!(optouts.summary.raw(), "the list Default has at least 100 numbers");
}

/// Scripts know findings by these.
#[test]
fn each_id_of_the_interface_has_a_finding() {
    let (found, _) = World::in_order().ask();
    let ids: BTreeSet<&str> = found.iter().map(|finding| finding.id).collect();
    for id in [
        "identity",
        "credentials",
        "clock",
        "region",
        "instance",
        "flow.status",
        "flow.disconnects",
        "flow.life",
        "number.status",
        "number.instance",
        "number.sms",
        "account.tier",
        "account.spend",
        "account.countries",
        "quota.rate",
        "quota.chats",
        "chats.now",
        "optouts",
        "trace.searchable",
    ] {
        assert!(ids.contains(id), "{id}");
    }
}

/// Every sender is looked at: one whose number does not exist, and one that is to send faster than its number, are named.
#[tokio::test(start_paused = true)]
async fn every_sender_of_a_campaign_is_looked_at() {
    let World { config, campaign, subject, .. } = World::in_order();
    let gone = "arn:aws:connect:us-west-2:123456789012:phone-number/aaaaaaaa-bbbb-4ccc-8ddd-000000000000";
    let simulator = Simulator::new(config, || WorldTime(EPOCH));
    let clock = Clock::from_fn(|| UnixMillis::from_millis(i64::try_from(EPOCH).unwrap()));
    let account = Account::simulated(simulator.http_client(), ("test", "test"), "us-west-2", &clock).unwrap();
    let facts = account.ask(&subject).await;
    let sources = [SOURCE, SOURCE, gone].map(str::to_owned);
    let known = account.ask_about_sources(&sources, &subject, &facts).await;
    let mut senders = Vec::new();
    for ((name, rate), known) in [("first", 1.0), ("fast", 5_000.0), ("gone", 1.0)].into_iter().zip(&known) {
        let name = name.to_owned();
        let sender = Some(SenderFacts { name, parts_per_second: Some(rate), ..SenderFacts::default() });
        senders.push((CampaignFacts { sender, ..campaign.clone() }, facts.with_source(known)));
    }
    let found = of_senders(findings(&campaign, &facts), &senders);
    let wrong = found.iter().filter(|finding| matches!(finding.status, Status::Failed | Status::Warning));
    let wrong: Vec<(&str, &str)> = wrong.map(|finding| (finding.id, finding.summary.raw())).collect();
    assert_eq!(
        wrong.iter().map(|(id, _)| *id).collect::<Vec<_>>(),
        ["number.parts", "number.status"],
        "{wrong:?}"
    );
    assert!(wrong[0].1.starts_with("fast: ") && wrong[1].1.starts_with("gone: "), "{wrong:?}");
    let numbers = found.iter().filter(|finding| finding.id == "number.status").count();
    assert_eq!((numbers, found.len()), (3, findings(&campaign, &facts).len() + 12));
}
