//! Whole definitions: what a good one becomes, and what is said of bad ones.

use super::*;
use crate::domain::limits::OverLimit;
use crate::domain::message::request::{Message, SegmentValue};

const MINIMAL: &str = r#"
[connect]
instance_id = "11111111-2222-3333-4444-555555555555"
contact_flow_id = "66666666-7777-8888-9999-000000000000"
source = "arn:aws:connect:us-west-2:123456789012:phone-number/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
[recipients]
"#;

fn told(text: &str) -> String {
    parse(text, "c.toml", "c").unwrap_err().to_string()
}

#[test]
fn what_is_left_out_has_its_default() {
    let definition = parse(MINIMAL, "c.toml", "spring").unwrap();
    assert_eq!(definition.name, "spring");
    assert_eq!(definition.channel, Channel::Sms);
    let connect = &definition.connect;
    assert_eq!(connect.region.as_deref(), Some("us-west-2"), "from the source");
    assert_eq!(
        (connect.connect_timeout, connect.read_timeout),
        (Duration::from_secs(5), Duration::from_secs(30))
    );
    let recipients = &definition.recipients;
    assert_eq!(
        (recipients.phone[0].as_str(), &recipients.key, recipients.allow_landlines),
        ("phone", &Vec::new(), false)
    );
    let PaceSettings { rate, burst, max_in_flight, max_active_contacts, share, .. } = definition.pace;
    assert_eq!(rate, Rate::PerSecond(RequestRate(2.0)));
    assert_eq!((burst.get(), max_in_flight, max_active_contacts, share), (5, None, 500, PaceShare::Campaign));
    assert_eq!(
        definition.safety,
        SafetySettings { max_rejected: 0.1, max_failures: 0.1, accept: Vec::new() }
    );
    assert_eq!((definition.attributes, definition.cost), (Attributes::Named, None));
    let subtype = &definition.request.segment_attributes["connect:Subtype"];
    assert!(matches!(subtype, SegmentValue::String(text) if text.template.as_fixed() == Some("connect:SMS")));
    assert_eq!(definition.trace.as_deref(), Some("campaign_token"));
    assert!(definition.request.message.is_none() && definition.request.attributes.is_empty());
}

const FULL: &str = r#"
name = "full"
[connect]
instance_id = "arn:aws:connect:us-west-2:123456789012:instance/11111111-2222-3333-4444-555555555555"
contact_flow_id = "arn:aws:connect:us-west-2:123456789012:instance/11111111-2222-3333-4444-555555555555/contact-flow/66666666-7777-8888-9999-000000000000"
source = "{{ sender }}"
channel = "whatsapp"
region = "us-west-2"
profile = "prod"
endpoint_url = "http://127.0.0.1:8080"
ca_bundle = "ca.pem"
connect_timeout = "250ms"
read_timeout = "1m30s"
[recipients]
phone = "Mobile"
key = "id"
same_number = "first"
zone = "time zone"
state = "state"
default_region = "gb"
suppress = ["opt-outs.csv"]
only = ["+12025550104", "+447700900123"]
where = "Mobile != ''"
not_in = ["winter"]
only_in = { campaign = "autumn", state = ["failed", "started"], delivery = ["undelivered", "waiting"] }
allow_landlines = true
sheet = "Sheet 2"
header_row = 3
hidden_rows = "send"
merged = "fill"
values = "shown"
empty = ["NULL"]
encoding = "utf-8"
delimiter = "tab"
[contact]
message = { content_type = "text/markdown", content = "Hi *{{ first_name }}*" }
encoding = "gsm"
attributes = { tier = "gold", name = "{{ first_name }}" }
trace = "found-by"
display_name = "{{ first_name }}"
chat_duration_minutes = 60
related_contact_id = "{{ previous | default('') }}"
supported_content_types = ["text/plain", "text/markdown"]
segment_attributes = { a = "x", n = 7, m = { deep = { er = "{{ tier }}" } }, l = ["a", 1] }
[hours]
open = { mon-fri = "09:00-20:00", sat = ["10:00-13:00", "15:00-18:00"], sun = [] }
closed = ["2026-12-25", "2026-12-24T12:00/2026-12-27T00:00"]
margin = "5m"
rules = ["us-federal", "own.toml"]
default_zone = "Europe/Berlin"
[schedule]
start = "2026-12-01T09:00[America/New_York]"
end = "2026-12-03T18:00[America/New_York]"
not_before = { at = "{{ visit_at }}", minus = "24h" }
not_after = "{{ visit_at }}"
[limits]
per_recipient = ["1 in 24h", "3 in 7d"]
over = "suppress"
contacts = 10000
per_day = 5000
zone = "America/New_York"
# cost = 500.0 is for SMS: in a test of its own
[pace]
rate = "auto"
burst = 20
max_in_flight = 64
max_active_contacts = 1000
contact_life = "4m"
share = "account"
[safety]
max_rejected = "0%"
max_failures = "50%"
accept = ["twice-encoded"]
[cost]
per_segment = { US = 0.00581, fr = 0.071 }
currency = "EUR"
[account]
check = "refuse"
quotas = false
opt_outs = true
opt_outs_max_age = "5m"
[alerts]
webhook_env = "CHAT_URL"
form = "slack"
secret_env = "ALERT_SECRET"
command = ["page", "on-call"]
on = ["halt", "stall"]
stalled_after = "5m"
undelivered = "20%"
heartbeat_env = "BEAT_URL"
heartbeat_every = "2m"
timeout = "3s"
[deliveries]
queue = "https://sqs.eu-central-1.amazonaws.com/123456789012/events"
max_undelivered = "25%"
[hooks]
on_finish = ["notify", "--done", "it's over"]
on_halt = "echo halted >&2"
timeout = "1m"
"#;

#[test]
fn a_budget_is_spent_by_the_prices_of_segments() {
    let budget = |more: &str| {
        let definition = parse(&format!("{MINIMAL}{more}"), "c.toml", "c").unwrap();
        definition.limits.cost.map(|cost| (cost.most, cost.prices.segment(Region::parse("FR"))))
    };
    assert_eq!(
        budget("[limits]\ncost = 500\n[cost]\nper_segment = { fr = 0.071 }\n"),
        Some((500.0, Some(0.071)))
    );
    assert_eq!(budget("[cost]\nper_segment = 0.05\n"), None);
    assert!(told(&format!("{MINIMAL}[limits]\ncost = 1\n")).contains("needs the price of a segment"));
    let whatsapp = MINIMAL.replace("[recipients]", "channel = \"whatsapp\"\n[recipients]");
    let whatsapp = format!("{whatsapp}[limits]\ncost = 1\n[cost]\nper_segment = 0.05\n");
    assert!(told(&whatsapp).contains("`limits.cost` is for SMS"));
}

#[test]
fn every_key_reaches_its_setting() {
    let definition = parse(FULL, "c.toml", "c").unwrap();
    insta::assert_debug_snapshot!((
        &definition.name,
        &definition.connect,
        (definition.channel, &definition.trace),
        &definition.recipients,
        &definition.pace,
        definition.safety,
        &definition.cost,
        &definition.currency,
        &definition.rules,
        (&definition.account, &definition.hooks, &definition.alerts, &definition.deliveries),
        &definition.hours,
        &definition.rule_files,
    ));
    let ContactLimits { per_recipient, over, contacts, per_day, zone, .. } = &definition.limits;
    assert_eq!((per_recipient.len(), *over, zone.is_some()), (2, OverLimit::Suppress, true));
    assert_eq!((*contacts, *per_day), (Some(10_000), Some(5_000)));
    let names: Vec<String> = {
        let mut names = Vec::new();
        let named = definition.request.try_map(&mut |text: &Text| {
            names.push(format!("{}: {:?}", text.member, text.template.columns()));
            Ok::<_, std::convert::Infallible>(())
        });
        assert_eq!(named.unwrap().chat_duration_minutes, Some(60));
        names
    };
    insta::assert_snapshot!(names.join("\n"));
    // These exclude others that are here.
    let excluded = |path: &str| {
        path.contains("templated_message")
            || ["senders", "alerts.webhook", "alerts.heartbeat"].contains(&path)
    };
    for key in keys::KEYS.iter().filter(|key| !excluded(key.path)) {
        let name = key.path.rsplit('.').next().unwrap();
        assert!(FULL.contains(&format!("{name} =")), "{} is not in this test", key.path);
    }
}

const SENDERS: &str = r#"
[[senders]]
name = "short-code"
source = "arn:aws:connect:us-west-2:123456789012:phone-number/11111111-bbbb-cccc-dddd-eeeeeeeeeeee"
parts_per_second = 100
burst = 40
per_day = 2000
zone = "America/New_York"
countries = ["US", "ca"]
weight = 2.5
on_halt = "reassign"

[[senders]]
name = "long-code"
source = "arn:aws:connect:us-west-2:123456789012:phone-number/22222222-bbbb-cccc-dddd-eeeeeeeeeeee"
"#;

const OWN_INSTANCE: &str = r#"
[[senders]]
name = "london"
source = "arn:aws:connect:eu-west-2:210987654321:phone-number/33333333-bbbb-cccc-dddd-eeeeeeeeeeee"
instance_id = "arn:aws:connect:eu-west-2:210987654321:instance/22222222-3333-4444-5555-666666666666"
contact_flow_id = "77777777-8888-9999-0000-111111111111"
region = "eu-west-2"
profile = "london"
account_rate = 10.5
account_burst = 20
"#;

fn with_senders() -> String {
    let connect = MINIMAL.lines().filter(|line| !line.starts_with("source"));
    connect.collect::<Vec<_>>().join("\n") + SENDERS
}

#[test]
fn several_senders_take_the_place_of_the_source() {
    let definition = parse(&with_senders(), "c.toml", "c").unwrap();
    insta::assert_debug_snapshot!(definition.senders);
    let connect = &definition.connect;
    assert_eq!(
        (connect.region.as_deref(), connect.account.as_deref()),
        (Some("us-west-2"), Some("123456789012"))
    );
    assert_eq!(definition.sources().unwrap().len(), 2);
    for key in sender_keys::SENDER_KEYS {
        let name = key.path.rsplit('.').next().unwrap();
        let here = [SENDERS, OWN_INSTANCE].iter().any(|text| text.contains(&format!("{name} =")));
        assert!(key.path == "senders.zone" || here, "{}", key.path);
    }
    assert!(parse(MINIMAL, "c.toml", "c").unwrap().senders.is_empty());
}

/// Where one has an instance of its own, each has one: that of [connect], for the others.
#[test]
fn a_sender_may_have_an_instance_and_an_account_of_its_own() {
    let same =
        OWN_INSTANCE.replace("\"london\"\nsource", "\"leeds\"\nsource").replace("/33333333-", "/44444444-");
    let same = same.replace("account_rate = 10.5\naccount_burst = 20\n", "");
    let definition = parse(&(with_senders() + OWN_INSTANCE + &same), "c.toml", "c").unwrap();
    let accounts: Vec<_> = definition.senders.iter().map(|sender| sender.account.as_ref().unwrap()).collect();
    insta::assert_debug_snapshot!(accounts[1..3]);
    assert_eq!(accounts[0], accounts[1]);
    assert_eq!(
        (accounts[3].rate, accounts[3].burst),
        (Some(10.5), accounts[2].burst),
        "one account, one pace"
    );
    assert_eq!(definition.connect.account.as_deref(), Some("123456789012"));
    let parts = definition.by_instance();
    let told = |part: &Definition| {
        let senders: Vec<String> = part.senders.iter().map(|sender| sender.name.clone()).collect();
        (
            part.connect.region.clone().unwrap(),
            part.connect.profile.clone(),
            part.pace.rate,
            senders.join(" "),
        )
    };
    insta::assert_debug_snapshot!(parts.iter().map(told).collect::<Vec<_>>());
    assert_eq!(
        parts[1].request.contact_flow_id.template.as_fixed(),
        Some("77777777-8888-9999-0000-111111111111")
    );
    assert_eq!(parse(&with_senders(), "c.toml", "c").unwrap().by_instance().len(), 1);
}

/// Nothing is sent from the instance of [connect] then: nobody needs to have one.
#[test]
fn where_every_sender_has_an_instance_the_campaign_needs_none() {
    let before: String = MINIMAL.lines().take_while(|line| *line != "[connect]").collect();
    let after: String =
        MINIMAL.lines().skip_while(|line| *line != "[recipients]").map(|line| format!("{line}\n")).collect();
    for connect in ["", "[connect]\n", "[connect]\nchannel = \"sms\"\n"] {
        let definition = parse(&(before.clone() + connect + &after + OWN_INSTANCE), "c.toml", "c").unwrap();
        assert_eq!((definition.connect.instance_id.as_str(), definition.sends_from_home()), ("", false));
        assert_eq!(definition.reached_by(), (Some("eu-west-2".to_owned()), Some("london".to_owned())));
        assert_eq!(definition.by_instance().len(), 1);
    }
    let stated = parse(&(MINIMAL.replace("source", "# source") + OWN_INSTANCE), "c.toml", "c").unwrap();
    assert!(!stated.sends_from_home());
    assert_eq!(stated.reached_by(), (Some("eu-west-2".to_owned()), Some("london".to_owned())));
    assert!(parse(&(with_senders() + OWN_INSTANCE), "c.toml", "c").unwrap().sends_from_home());
    // One of them has none.
    let (without, one) = (before + &after, SENDERS.to_owned() + OWN_INSTANCE);
    let told = parse(&(without + &one), "c.toml", "c").unwrap_err().to_string();
    assert!(
        told.contains("`connect.instance_id` is missing")
            && told.contains("`connect.contact_flow_id` is missing")
    );
}

#[test]
fn mistakes_of_instances_and_accounts_of_senders_are_told_with_their_lines() {
    let (senders, mut all) = (with_senders(), String::new());
    for (what, wrong) in [
        ("no flow", OWN_INSTANCE.replace("contact_flow_id = \"77777777-8888-9999-0000-111111111111\"\n", "")),
        (
            "no instance",
            OWN_INSTANCE
                .lines()
                .filter(|line| !line.starts_with("instance_id"))
                .collect::<Vec<_>>()
                .join("\n"),
        ),
        (
            "other homes",
            OWN_INSTANCE.replace(
                "connect:eu-west-2:210987654321:instance",
                "connect:eu-west-1:000000000000:instance",
            ),
        ),
        (
            "no ids",
            OWN_INSTANCE.replace("77777777-8888-9999-0000-111111111111", "flow").replace("\"london\"", "3"),
        ),
        ("no instance's ARN", OWN_INSTANCE.replace(":instance/22222222", ":phone-number/22222222")),
        ("no Region, no rate", OWN_INSTANCE.replace("\"eu-west-2\"", "\"Mars\"").replace("10.5", "1e9")),
        (
            "two paces",
            OWN_INSTANCE.to_owned()
                + &OWN_INSTANCE
                    .replace("\"london\"\nsource", "\"leeds\"\nsource")
                    .replace("/33333333-", "/44444444-")
                    .replace("10.5", "3"),
        ),
        (
            "two profiles",
            OWN_INSTANCE.to_owned()
                + &OWN_INSTANCE.replace("london", "leeds").replace("/33333333-", "/44444444-"),
        ),
        (
            "the pace of [connect]",
            OWN_INSTANCE.replace("eu-west-2", "us-west-2").replace("210987654321", "123456789012"),
        ),
    ] {
        all += &format!("{what}\n{}\n", told(&(senders.clone() + &wrong)));
    }
    insta::assert_snapshot!(all);
    let flow = MINIMAL.lines().find(|line| line.starts_with("contact_flow_id")).unwrap();
    let templated = senders.replace(flow, "contact_flow_id = \"{{ flow }}\"") + OWN_INSTANCE;
    assert!(
        told(&templated).contains("has placeholders, and a sender has a flow of its own"),
        "{}",
        told(&templated)
    );
}

#[test]
fn mistakes_of_senders_are_told_with_their_lines() {
    let wrong = with_senders()
        .replace("\"short-code\"", "\"long-code\"")
        .replace("burst = 40", "bursts = 40")
        .replace("\"America/New_York\"", "\"Mars\"")
        .replace("\"ca\"", "\"Kanada\"")
        .replace("weight = 2.5", "weight = 0")
        .replace("\"reassign\"", "\"give up\"")
        .replace("us-west-2:123456789012:phone-number/2", "eu-west-2:000000000000:phone-number/2");
    insta::assert_snapshot!(told(&wrong));
    let twice = MINIMAL.to_owned() + SENDERS;
    insta::assert_snapshot!(told(&twice));
    let same = with_senders()
        .replace("/22222222-", "/11111111-")
        .replace("per_day = 2000", "")
        .replace("parts_per_second = 100", "");
    insta::assert_snapshot!(told(&same));
    assert!(told(&with_senders().replace("name = \"long-code\"", "")).contains("`senders.name` is missing"));
    assert!(
        told(&MINIMAL.replace("[connect]", "senders = 3\n[connect]"))
            .contains("each below a [[senders]] of its own")
    );
}

/// What is wrong thousands of times is found as often, and told as far as anybody reads.
#[test]
fn a_definition_of_thousands_of_mistakes_and_senders_is_read() {
    let keys: String = (0..20_000).map(|n| format!("key_{n} = {n}\n")).collect();
    let wrong = told(&(keys + MINIMAL));
    assert!(wrong.contains("c.toml:50:1: unknown key `key_49`"), "{wrong}");
    assert!(wrong.ends_with("\nc.toml: 19950 more mistakes"), "{}", &wrong[wrong.len() - 200..]);
    let mut many = with_senders();
    for n in 0..2_000 {
        many += &SENDERS.rsplit_once("[[senders]]").map_or(String::new(), |(_, last)| {
            let last = last.replace("long-code", &format!("sender {n}"));
            format!("[[senders]]{}", last.replace("22222222", &format!("{n:08}")))
        });
    }
    assert_eq!(parse(&many, "c.toml", "c").unwrap().senders.len(), 2_002);
}

#[test]
fn a_templated_message() {
    let text = format!(
        "{MINIMAL}[contact.templated_message]\nknowledge_base_id = \"k\"\ntemplate_id = \"t\"\n\
         attributes = {{ \"First name\" = \"{{{{ first_name }}}}\" }}\ncustomer_profile = '{{\"a\": 1}}'\n"
    );
    let Some(Message::Templated { knowledge_base_id, template_id, attributes, customer_profile }) =
        parse(&text, "c.toml", "c").unwrap().request.message
    else {
        panic!("no templated message");
    };
    assert_eq!((knowledge_base_id.as_str(), template_id.as_str()), ("k", "t"));
    assert_eq!(attributes["First name"].template.columns(), ["first_name"]);
    assert!(customer_profile.is_some());
    let both = text
        .replace("[contact.templated_message]", "[contact]\nmessage = \"x\"\n[contact.templated_message]");
    assert!(told(&both).contains("exclude each other"), "{}", told(&both));
}

#[test]
fn all_mistakes_at_once_with_line_and_hint() {
    let text = r#"nmae = "x"
client_token = "abc"
[connect]
instance_id = "my instance"
source = "arn:aws:sms-voice:us-west-2:123456789012:phone-number/1"
channel = "fax"
region = "us-west-2"
endpoint_url = "http://connect.example.com"
read_timeout = "30"
rate = 5
[recipients]
phone = "  "
default_region = "UK!"
only = ["+12025550104", "2025550105"]
[contact]
message = "Hi {{ first_name, see you."
attributes = { "first name" = "x", tier = 3 }
chat_duration_minutes = 15
supported_content_types = ["text/markdown", "text/html"]
segment_attributes = { "connect:Subtype" = "connect:Guide", big = 99999999999, x = true }
[contact.templated_message]
knowledge_base_id = "k"
[pace]
rate = 0
burst = "five"
[safty]
max_rejected = "10%"
[cost]
per_segment = { XX = 1 }
[hooks]
on_finish = []
on_halt = ["notify", 3]
timeout = "never"
"#;
    insta::assert_snapshot!(told(text));
}

#[test]
fn arns_must_agree() {
    let text = MINIMAL
        .replace(
            "instance_id = \"",
            "region = \"eu-west-2\"\ninstance_id = \"arn:aws:connect:us-east-1:000000000000:instance/",
        )
        .replace(
            "contact_flow_id = \"",
            "contact_flow_id = \"arn:aws:connect:us-west-2:123456789012:instance/i-2/contact-flow/",
        );
    insta::assert_snapshot!(told(&text));
}

#[test]
fn what_is_not_toml() {
    insta::assert_snapshot!(told("name = “spring”\n[connect\nsource = 1\nsource = 2\n"));
    assert_eq!(told("").matches(" is missing").count(), 3, "{}", told(""));
}

#[test]
fn characters_that_look_like_blanks_are_named_once() {
    for c in ['\u{a0}', '\u{202f}', '\u{3000}', '\u{200b}', '\u{2003}', '\u{feff}'] {
        let said = told(&format!("name{c}= 'a'\n[connect]\nsource{c}={c}'x'\n{c}region = 'y' # {c}\n"));
        let named = format!("(U+{:04X}) outside of quotes", u32::from(c));
        assert_eq!(said.matches(&named).count(), 1, "{said}");
        assert_eq!(said.matches("not TOML").count(), 1, "{said}");
        assert!(said.contains("c.toml:1:5"), "{said}");
    }
    let within = told(&format!("{MINIMAL}[contact]\nmessage = 'Hi\u{a0}you\n"));
    assert!(!within.contains("outside of quotes"), "{within}");
}

#[test]
fn fixed_texts_are_held_against_their_limits() {
    let message = "’".repeat(700);
    let text =
        format!("{MINIMAL}[contact]\nmessage = \"{message}\"\ndisplay_name = \"{}\"\n", "n".repeat(257));
    insta::assert_snapshot!(told(&text));
    assert!(
        parse(&text.replace("display_name", "encoding = \"gsm\"\n#"), "c.toml", "c").is_ok(),
        "gsm makes it fit"
    );
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(\\[connect\\]\n|source|message|segment_attributes|rate| = |\"|\\{|\\}|\n|[0-9.]{1,9}|\\PC){0,20}") {
        let _ = parse(&text, "c.toml", "c").map_err(|problems| problems.to_string());
    }
}
