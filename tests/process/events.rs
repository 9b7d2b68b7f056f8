//! What programs read of a run: every line of stdout is one object of `docs/events.schema.json`, the last one is the
//! result, and `docs/events.md` names each member.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::process::server::Server;
use crate::process::site::Site;

fn document(name: &str) -> String {
    std::fs::read_to_string(format!("{}/docs/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn schema() -> Value {
    serde_json::from_str(&document("events.schema.json")).unwrap()
}

/// What of a schema's words this checks, and there are no others in it.
const WORDS: [&str; 13] = [
    "$schema",
    "title",
    "description",
    "oneOf",
    "$ref",
    "type",
    "properties",
    "required",
    "additionalProperties",
    "const",
    "enum",
    "minimum",
    "items",
];

/// Holds a value against a schema; says where it differs.
fn check(value: &Value, schema: &Value, at: &str) -> Result<(), String> {
    for (word, rule) in schema.as_object().unwrap() {
        let holds = match word.as_str() {
            "const" => value == rule,
            "enum" => rule.as_array().unwrap().contains(value),
            "type" => {
                let types = rule.as_array().cloned().unwrap_or_else(|| vec![rule.clone()]);
                types.iter().any(|name| is(value, name.as_str().unwrap()))
            }
            "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap()),
            "format" => value.as_str().is_none_or(|text| {
                assert_eq!(rule, "date-time");
                text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok()
            }),
            "required" => {
                rule.as_array().unwrap().iter().all(|name| value.get(name.as_str().unwrap()).is_some())
            }
            "additionalProperties" => {
                assert_eq!(rule, false);
                value.as_object().unwrap().keys().all(|name| schema["properties"].get(name).is_some())
            }
            "properties" => {
                for (name, rule) in rule.as_object().unwrap() {
                    // Which members there must be, `required` says.
                    if let Some(member) = value.get(name) {
                        check(member, rule, &format!("{at}.{name}"))?;
                    }
                }
                true
            }
            "items" => {
                for (index, value) in value.as_array().into_iter().flatten().enumerate() {
                    check(value, rule, &format!("{at}[{index}]"))?;
                }
                true
            }
            other => {
                assert!(WORDS.contains(&other), "{other} is not checked");
                true
            }
        };
        if !holds {
            return Err(format!("{at}: {word} {rule} does not hold for {value}"));
        }
    }
    Ok(())
}

fn is(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        other => panic!("no such type: {other}"),
    }
}

/// The events of a run, each as the schema says.
pub(crate) fn events(stdout: &str) -> Vec<Value> {
    let schema = schema();
    let events: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    for event in &events {
        let kind = event["message_type"].as_str().expect("a message_type");
        check(event, &schema["$defs"][kind], kind).unwrap();
    }
    events
}

fn of<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["message_type"] == kind).collect()
}

#[test]
fn every_line_of_a_run_is_an_event_and_the_last_one_is_the_result() {
    let site = Site::with_people(120);
    let trouble = ["--errors", "0.1", "--lost-answers", "0.05", "--rate", "40", "--burst", "5"];
    let server = Server::start(&trouble);
    let args = ["run", "people.csv", "--yes", "--json", "--rate", "60", "--burst", "10", "--endpoint-url"];
    let ran = site.run(&[&args[..], &[server.endpoint()]].concat());
    let events = events(&ran.stdout);
    let (last, before) = events.split_last().unwrap();
    assert_eq!((&last["message_type"], &last["exit"]), (&"summary".into(), &ran.code.into()));
    assert!(of(before, "summary").is_empty());
    let (statuses, problems) = (of(&events, "status"), of(&events, "problem"));
    assert_eq!((&statuses[0]["queued"], &statuses[0]["phase"]), (&120.into(), &"sending".into()));
    // Two seconds at the server's pace.
    assert!(statuses.len() >= 2, "{}", ran.stdout);
    assert!(statuses.windows(2).all(|two| two[0]["time"].as_str() <= two[1]["time"].as_str()));
    assert!(statuses.iter().all(|status| status["asked_rate"] == 60.0 && status["run"] == 1));
    let again = problems.iter().filter(|problem| problem["outcome"] == "retried").count() as u64;
    let (retried, throttled) = (last["retried"].as_u64().unwrap(), last["throttled"].as_u64().unwrap());
    assert_eq!(again, retried - throttled, "each that is tried again and was not throttled has an event");
    assert!(again > 0 && throttled > 0, "{}", ran.stdout);
    let digits = |text: &str| text.split(|c: char| !c.is_ascii_digit()).any(|run| run.len() == 10);
    assert!(!digits(&ran.stdout), "no number: {}", ran.stdout);
}

#[test]
fn a_pause_and_a_halt_are_events_with_their_reason() {
    let site = Site::with_people(40);
    let server = Server::start(&["--active-chats", "10", "--contact-life", "2s"]);
    let args = ["run", "people.csv", "--yes", "--json", "--endpoint-url", server.endpoint()];
    let found = events(&site.run(&args).exits(0).stdout);
    let paused: Vec<&Value> = found.iter().filter(|event| event["phase"] == "paused").collect();
    assert!(!paused.is_empty());
    assert!(paused.iter().all(|status| status["reason"] == "the active chats quota is full"));
    assert!(paused.iter().all(|status| status["limited_by"] == "active chats"));

    let (site, server) = (Site::with_people(40), Server::start(&["--access-denied", "1"]));
    let args = ["run", "people.csv", "--yes", "--json", "--endpoint-url", server.endpoint()];
    let found = events(&site.run(&args).exits(5).stdout);
    assert!(of(&found, "problem").iter().any(|problem| problem["outcome"] == "halts"), "{found:?}");
}

#[test]
fn quiet_leaves_the_result() {
    let (site, server) = (Site::with_people(5), Server::start(&[]));
    let args = ["run", "people.csv", "--yes", "--json", "-q", "--endpoint-url", server.endpoint()];
    let ran = site.run(&args).exits(0);
    assert_eq!((events(&ran.stdout).len(), ran.stderr.as_str()), (1, ""));
}

/// A schema that allows everything would hold as well.
#[test]
fn the_schema_refuses_what_is_no_event() {
    let schema = schema();
    let site = Site::with_people(2);
    let ran = site.run(&["run", "people.csv", "--simulate", "--json"]).exits(0);
    let event = events(&ran.stdout).pop().unwrap();
    let rules = &schema["$defs"]["summary"];
    for (name, value) in [
        ("rows", Value::from("2")),
        ("rows", Value::from(-1)),
        ("limited_by", Value::from("moon")),
        ("message_type", Value::from("status")),
        ("more", Value::from(1)),
    ] {
        let mut wrong = event.clone();
        wrong[name] = value;
        assert!(check(&wrong, rules, "").is_err(), "{name}");
    }
    let mut wrong = event;
    wrong.as_object_mut().unwrap().remove("exit");
    assert!(check(&wrong, rules, "").is_err(), "a missing member");
}

#[test]
fn each_member_is_documented() {
    let (schema, page) = (schema(), document("events.md"));
    for kind in ["status", "problem", "summary"] {
        let section = page.split(&format!("\n## {kind}\n")).nth(1).unwrap().split("\n## ").next().unwrap();
        let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        let documented: BTreeSet<&str> = rows.collect();
        let members = schema["$defs"][kind]["properties"].as_object().unwrap();
        assert_eq!(documented, members.keys().map(String::as_str).collect(), "{kind}");
    }
}
