//! Several senders, as people and programs see them: in status, in events, in reports and on the page.

use crate::process::server::Server;
use crate::process::site::{Site, csv, definition, row};

fn source(n: usize) -> String {
    format!("arn:aws:connect:us-west-2:123456789012:phone-number/aaaaaaaa-bbbb-cccc-dddd-{n:012}")
}

/// Three senders; the third is unknown to the server.
pub(crate) fn site(people: usize) -> (Site, Server) {
    let site = Site::new();
    let senders = [
        ("short-code", "parts_per_second = 50"),
        ("toll-free", "parts_per_second = 20\nper_day = 9"),
        ("gone", ""),
    ];
    let senders = senders.iter().enumerate().map(|(n, (name, keys))| {
        format!("\n[[senders]]\nname = \"{name}\"\nsource = \"{}\"\n{keys}\n", source(n))
    });
    let definition = definition();
    let before = definition.lines().filter(|line| !line.starts_with("source"));
    let before: String = before.map(|line| format!("{line}\n")).collect();
    site.write("campaign.toml", &(before + &senders.collect::<String>()));
    site.write("people.csv", &csv((0..people).map(row)));
    let server = Server::start(&["--source", &source(0), "--source", &source(1)]);
    (site, server)
}

#[test]
fn each_sender_is_told_of_wherever_people_and_programs_look() {
    let (site, server) = site(60);
    let args = ["run", "people.csv", "--yes", "--json", "--no-wait", "--endpoint-url", server.endpoint()];
    let ran = site.run(&args).exits(4);
    let events = crate::process::events::events(&ran.stdout);
    let halts = events.iter().filter(|event| event["outcome"] == "halts its sender").count();
    assert!(halts > 0, "{}", ran.stdout);
    let status = site.run(&["status", "--json"]).exits(0).json();
    let senders = status["senders"].as_array().expect("senders");
    let named: Vec<_> = senders.iter().map(|sender| sender["name"].as_str().expect("a name")).collect();
    assert_eq!(named, ["short-code", "toll-free", "gone"]);
    let sum = |name: &str| senders.iter().map(|sender| sender[name].as_u64().expect(name)).sum::<u64>();
    for state in ["rows", "started", "queued", "attempting", "failed", "uncertain"] {
        assert_eq!(sum(state), status[state].as_u64().expect(state), "{state}");
    }
    assert_eq!((&senders[1]["sent_today"], &senders[1]["per_day"]), (&9.into(), &9.into()));
    assert!(senders[2]["halted"].as_str().is_some_and(|why| why.contains("ResourceNotFoundException")));
    let text = site.run(&["status"]).exits(0).stdout;
    assert!(text.contains("day full: 9 of 9 messages"), "{text}");
    assert!(text.contains("    halted: ResourceNotFoundException (HTTP 404)"), "{text}");
    assert!(
        text.lines().filter(|line| line.starts_with("  ")).all(|line| line.chars().count() <= 80),
        "{text}"
    );
    site.run(&["report", "-o", "report.json"]).exits(0);
    let report: serde_json::Value = serde_json::from_str(&site.read("report.json")).expect("JSON");
    assert_eq!(report["senders"], status["senders"]);
    site.run(&["report", "-o", "report.html"]).exits(0);
    let page = site.read("report.html");
    let table =
        page.split("<h3>Sender</h3>").nth(1).expect("a table").split("</table>").next().expect("its end");
    assert!(
        ["short-code", "toll-free", "gone", "day full: 9 of 9", "halted: Resource"]
            .iter()
            .all(|word| table.contains(word)),
        "{table}"
    );
}

#[test]
fn one_sender_is_paced_from_a_second_process_whether_a_run_goes_on_or_not() {
    let (site, server) = site(200);
    let args = [
        "run",
        "people.csv",
        "--yes",
        "--no-wait",
        "--rate=8",
        "--burst=1",
        "--endpoint-url",
        server.endpoint(),
    ];
    let run = site.start(&args);
    server.wait_for_requests(5);
    let ran = site.run(&["pace", "--sender", "short-code", "2", "--json"]).exits(0);
    let words = [
        "paced: run 1 (process ",
        "sends at most 2/s message parts from short-code, and so do the runs that follow",
    ];
    let told: serde_json::Value = serde_json::from_str(ran.says(&words).stdout.trim()).expect("an object");
    assert_eq!(
        (&told["sender"], &told["parts_per_second"], &told["run"]),
        (&"short-code".into(), &2.0.into(), &1.into())
    );
    let status = site.run(&["status", "--json"]).exits(0).json();
    assert_eq!(status["senders"][0]["parts_per_second_asked"], 2.0);
    assert!(site.run(&["status"]).exits(0).stdout.contains("pace of short-code 2/s parts"));
    site.run(&["stop"]).exits(0);
    site.wait(run);
    let ran = site.run(&["pace", "--sender", "short-code", "default"]).exits(0);
    ran.says(&["paced: the next run sends from short-code as the definition says"]);
    assert!(site.run(&["status"]).exits(0).stdout.contains("pace of short-code default ("));
    site.run(&["pace", "--sender", "moon", "2"])
        .exits(2)
        .says(&["has no sender \"moon\"", "short-code, toll-free, gone"]);
}

/// A campaign with one number says nothing of senders.
#[test]
fn one_sender_has_the_campaigns_own_figures() {
    let (site, server) = (Site::with_people(3), Server::start(&[]));
    site.send(server.endpoint()).exits(0);
    let status = site.run(&["status", "--json"]).exits(0);
    assert!(status.json().get("senders").is_none());
    assert!(!site.run(&["status"]).exits(0).stdout.contains("parts a second"));
    site.run(&["report", "-o", "report.html"]).exits(0);
    assert!(!site.read("report.html").contains("<h3>Sender</h3>"));
}

/// Before a run each sender's number is asked about: one that there is not is named, and the others send as many message parts
/// as their numbers where the definition states no rate.
#[test]
fn a_sender_without_a_rate_sends_as_many_parts_as_its_number_and_each_number_is_asked_about() {
    let (site, _) = site(30);
    let text =
        site.read("campaign.toml").replace("check = \"off\"\n", "").replace("parts_per_second = 50\n", "");
    site.write("campaign.toml", &text);
    site.write("account.toml", "[number]\nparts_per_second = 8\ncountry = \"CA\"\ninternational = false\n");
    let account = site.path("account.toml").display().to_string();
    let server = Server::start(&["--source", &source(0), "--source", &source(1), "--account", &account]);
    let run = ["run", "people.csv", "--yes", "--no-wait", "--endpoint-url", server.endpoint()];
    let ran = site.run(&run);
    let words = "the definition states no parts_per_second of short-code: it sends as many message parts per second as its number, 8";
    ran.says(&[
        words,
        "gone: the phone number does not exist",
        "toll-free: the number sends 8 message parts per second, and its sender is to send 20",
        "short-code: a number of CA that sends to no other country: international sending is off, and 30 contacts are for US",
        " at 8 parts per second",
    ]);
    let asked = |at: usize| {
        site.run(&["status", "--json"]).exits(0).json()["senders"][at]["parts_per_second_asked"].clone()
    };
    assert_eq!((asked(0), asked(1)), (8.0.into(), 20.0.into()));
    // The definition wants no quotas of the account.
    let text = site.read("campaign.toml").replace("[account]\n", "[account]\nquotas = false\n");
    site.write("campaign.toml", &text);
    site.write("people.csv", &csv((0..40).map(row)));
    let ran = site.run(&run);
    assert!(!ran.stderr.contains("states no parts_per_second"), "{}", ran.stderr);
    assert_eq!(asked(0), serde_json::Value::Null);
}

/// Where End User Messaging cannot be reached, it is asked about one number, and not for as long about each.
#[test]
fn doctor_asks_a_service_that_does_not_answer_about_one_number_alone() {
    let (site, server) = site(1);
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let (heard, connections) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in silent.incoming() {
            drop(stream);
            let _ = heard.send(());
        }
    });
    let senders: String =
        (3..9).map(|n| format!("\n[[senders]]\nname = \"more-{n}\"\nsource = \"{}\"\n", source(n))).collect();
    site.write("campaign.toml", &(site.read("campaign.toml") + &senders));
    let mut command = site.command(&["doctor", "--json", "--endpoint-url", server.endpoint()]);
    command.env("AWS_ENDPOINT_URL_PINPOINT_SMS_VOICE_V2", &endpoint);
    let ran = site.finish(command);
    // The account, its spend limit, and a number.
    assert_eq!(connections.try_iter().count(), 3, "{}", ran.stdout);
    assert!(ran.stdout.contains("more-8: "), "{}", ran.stdout);
}
