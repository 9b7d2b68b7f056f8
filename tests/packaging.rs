//! What is in `packaging/`, held against the program: command lines that it takes, exit codes, times, paths that agree.
//!
//! Units are verified by systemd's own tool. No container is built here: it takes a registry.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use campaign::cli::Cli;
use campaign::domain::definition::parse;
use campaign::domain::delivery::ending::Exit;
use clap::Parser;

const PROGRAM: &str = "/usr/local/bin/campaign";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging")
}

fn read(name: &str) -> String {
    let path = folder().join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The values of a setting in a unit.
fn settings<'t>(unit: &'t str, name: &str) -> Vec<&'t str> {
    unit.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('=')).collect()
}

fn takes(line: &str) {
    let words = line
        .split_whitespace()
        .map(|word| word.replace("%i", "spring").replace("%S", "/var/lib").replace("%E", "/etc"));
    if let Err(error) = Cli::try_parse_from(words) {
        panic!("{line}: {error}");
    }
}

#[test]
fn units_run_command_lines_that_the_program_takes() {
    for unit in ["campaign@.service", "campaign-backup.service"] {
        let text = read(&format!("systemd/{unit}"));
        let starts = settings(&text, "ExecStart");
        assert_eq!(starts.len(), 1, "{unit}");
        assert!(
            starts[0].starts_with(PROGRAM) && starts[0].contains("--journal %S/campaign/journal.db"),
            "{unit}"
        );
        takes(starts[0]);
    }
    assert!(read("litestream.yml").contains("path: /var/lib/campaign/journal.db"));
    for text in [read("systemd/campaign.tmpfiles"), read("systemd/campaign-backup.service")] {
        assert!(text.contains("/var/backups/campaign"));
    }
}

#[test]
fn the_unit_starts_again_what_starting_again_mends() {
    let unit = read("systemd/campaign@.service");
    let exits = [
        Exit::Usage,
        Exit::Incomplete,
        Exit::Limit,
        Exit::Halted,
        Exit::Held,
        Exit::Interrupted,
        Exit::Terminated,
    ];
    let all: Vec<String> = exits.iter().map(|exit| exit.code().to_string()).collect();
    assert_eq!(settings(&unit, "RestartPreventExitStatus"), [all.join(" ")]);
    let fine = format!("{} {}", Exit::Incomplete.code(), Exit::Terminated.code());
    assert_eq!(settings(&unit, "SuccessExitStatus"), [fine]);
    assert_eq!(
        (settings(&unit, "KillSignal"), settings(&unit, "KillMode")),
        (vec!["SIGTERM"], vec!["mixed"])
    );
    // As long as the slowest answer may take, and as long again for the journal.
    let sample = include_str!("../campaigns/sample.toml");
    let connect =
        parse(sample, "sample.toml", "sample").unwrap_or_else(|problems| panic!("{problems}")).connect;
    let draining = (connect.connect_timeout + connect.read_timeout).as_secs();
    let stop: u64 = settings(&unit, "TimeoutStopSec")[0].trim_end_matches('s').parse().expect("seconds");
    assert!(stop >= 2 * draining, "{stop} s for {draining} s");
    assert!(read("README.md").contains(&format!("podman stop --time {stop} ")));
}

#[test]
#[ignore = "needs systemd-analyze"]
fn systemd_has_nothing_to_say_about_the_units() {
    let copies = tempfile::tempdir().expect("a folder");
    let mut verify = Command::new("systemd-analyze");
    verify.args(["verify", "--man=no"]);
    for (unit, copy) in [
        ("campaign@.service", "campaign@spring.service"),
        ("campaign@.timer", "campaign@spring.timer"),
        ("campaign-backup.service", "campaign-backup.service"),
        ("campaign-backup.timer", "campaign-backup.timer"),
    ] {
        // It wants the programs of a unit to be there.
        let text = read(&format!("systemd/{unit}")).replace(PROGRAM, env!("CARGO_BIN_EXE_campaign"));
        let copy = copies.path().join(copy);
        fs::write(&copy, text).expect("a copy");
        verify.arg(copy);
    }
    let output = verify.output().expect("systemd-analyze");
    let words = String::from_utf8_lossy(&output.stderr);
    // It reads the machine's own units on the way.
    let ours: Vec<&str> = words.lines().filter(|line| line.contains("campaign")).collect();
    assert!(output.status.success() && ours.is_empty(), "{words}");
}

#[test]
fn the_container_keeps_the_journal_on_its_volume_and_is_not_root() {
    let text = read("container/Containerfile").replace("\\\n", " ");
    let lines: Vec<(&str, &str)> = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| line.split_once(' ').expect("an instruction and its arguments"))
        .collect();
    let known =
        ["FROM", "WORKDIR", "COPY", "RUN", "USER", "ENV", "VOLUME", "STOPSIGNAL", "ENTRYPOINT", "CMD"];
    for (instruction, _) in &lines {
        assert!(known.contains(instruction), "{instruction}");
    }
    let last = |wanted: &str| {
        let found = lines.iter().rposition(|(instruction, _)| *instruction == wanted);
        let at = found.unwrap_or_else(|| panic!("no {wanted}"));
        (at, lines[at].1)
    };
    let entry: Vec<String> =
        serde_json::from_str(last("ENTRYPOINT").1).expect("the form that starts no shell");
    let journal = Path::new(&entry[2]);
    assert_eq!((entry[0].as_str(), entry[1].as_str(), entry.len()), (PROGRAM, "--journal", 3));
    assert_eq!(journal.parent(), Some(Path::new(last("VOLUME").1)));
    takes(&format!("{} run people.csv --yes", entry.join(" ")));
    let (at, user) = last("USER");
    let (uid, gid) = user.split_once(':').expect("user and group");
    assert!(uid.parse::<u32>().is_ok_and(|id| id > 0) && gid.parse::<u32>().is_ok_and(|id| id > 0), "{user}");
    assert!(text.contains(&format!("--uid {uid}")) && at < last("ENTRYPOINT").0);
    assert!(last("VOLUME").0 > last("RUN").0, "what is made below a volume afterwards is lost");
    assert_eq!(last("STOPSIGNAL").1, "SIGTERM");
    // It is compiled by a Rust that is new enough.
    let version = |text: &str| -> Vec<u32> { text.split('.').filter_map(|part| part.parse().ok()).collect() };
    let image =
        lines[0].1.split("rust:").nth(1).and_then(|rest| rest.split('-').next()).expect("rust's image");
    assert!(version(image) >= version(env!("CARGO_PKG_RUST_VERSION")), "{image}");
}

/// What a recipe gives the program to do, from a line such as `args: [run, FILE]`, which may go on in the next line.
fn arguments(line: &str) -> String {
    let words = line.split(',').map(|word| word.trim().trim_matches('"').trim());
    format!("campaign {}", words.collect::<Vec<_>>().join(" "))
}

#[test]
fn recipes_run_command_lines_that_the_program_takes_and_know_its_exit_codes() {
    for file in ["kubernetes/job.yaml", "kubernetes/statefulset.yaml"] {
        let text = read(file);
        let lists = text.split("args: [").skip(1).map(|rest| rest.split(']').next().expect("an end"));
        let mut taken = 0;
        for list in lists {
            takes(&arguments(list));
            taken += 1;
        }
        assert!(taken >= 1, "{file}");
        assert!(text.contains("terminationGracePeriodSeconds: 90") && text.contains("runAsUser: 10001"));
    }
    let job = read("kubernetes/job.yaml");
    let ends = [Exit::Usage, Exit::Incomplete, Exit::Limit, Exit::Halted, Exit::Held]
        .map(|exit| exit.code().to_string());
    assert!(job.contains(&format!("values: [{}]", ends.join(", "))), "what starting again does not mend");
    let cron = read("cron/campaign");
    let lines: Vec<&str> = cron
        .lines()
        .filter_map(|line| line.split_once(" campaign campaign ").map(|(_, rest)| rest))
        .collect();
    assert_eq!(lines.len(), 2);
    lines.iter().for_each(|line| takes(&format!("campaign {line}")));
    assert!(
        lines[0].contains("--no-wait"),
        "a run that waits for hours would be there when the next one comes"
    );
    let ecs = read("ecs/campaign.yaml");
    let block = ecs.split("Command:").nth(1).and_then(|rest| rest.split("User:").next()).expect("a command");
    let words: Vec<String> = block
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- "))
        .map(|word| word.trim_start_matches("!Sub ").trim_matches('"').replace("${Name}", "spring"))
        .collect();
    takes(&format!("campaign {}", words.join(" ")));
    assert!(ecs.contains("campaign journal backup /copies --journal /journal/journal.db"));
    takes("campaign journal backup /copies --journal /journal/journal.db");
}

/// Every line of the page that runs the program.
#[test]
fn the_page_runs_command_lines_that_the_program_takes() {
    let page = read("README.md");
    let joined = page.replace("\\\n", " ");
    let mut taken = 0;
    for line in joined.split("```").skip(1).step_by(2).flat_map(str::lines) {
        let line = line.split("   #").next().unwrap_or(line).trim();
        let words = line.strip_prefix("sudo -u campaign ").unwrap_or(line);
        let of_container = words.strip_prefix("podman run ").and_then(|rest| rest.split_once(" campaign "));
        let arguments = words.strip_prefix("campaign ").or(of_container.map(|(_, arguments)| arguments));
        if let Some(arguments) = arguments {
            takes(&format!("campaign {arguments}"));
            taken += 1;
        }
    }
    assert!(taken >= 5, "{taken}");
}

/// The metrics that rules, dashboard and page name, by what comes before a suffix that Prometheus puts there.
fn metrics(text: &str) -> std::collections::BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let named = words.filter_map(|word| word.strip_prefix("campaign_"));
    let bare = |name: &str| {
        ["_total", "_bucket", "_count"].iter().fold(name.to_owned(), |name, suffix| {
            name.strip_suffix(suffix).map_or(name.clone(), str::to_owned)
        })
    };
    named.map(bare).filter(|name| !name.is_empty()).collect()
}

#[test]
fn rules_and_dashboard_name_metrics_that_there_are() {
    let source = include_str!("../src/serve/metrics.rs");
    let page = include_str!("../docs/serve.md");
    let documented = metrics(page);
    for file in ["observability/alerts.yml", "observability/dashboard.json"] {
        let named = metrics(&read(file));
        assert!(named.len() > 5, "{file}: {named:?}");
        let unknown: Vec<_> = named.difference(&documented).collect();
        assert!(unknown.is_empty(), "{file} names what docs/serve.md does not: {unknown:?}");
    }
    for name in &documented {
        let bare = ["_seconds", "_bytes"].iter().find_map(|unit| name.strip_suffix(unit)).unwrap_or(name);
        assert!(source.contains(&format!("\"{bare}\"")), "{name} is in docs/serve.md and not in the source");
    }
    let rules = read("observability/alerts.yml");
    for alert in rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")) {
        assert!(page.contains(&format!("`{alert}`")), "docs/serve.md says what to do for {alert}");
    }
    let dashboard: serde_json::Value = serde_json::from_str(&read("observability/dashboard.json")).unwrap();
    assert!(dashboard["panels"].as_array().unwrap().len() > 5);
}

#[test]
#[ignore = "needs promtool"]
fn prometheus_takes_the_rules() {
    let rules = folder().join("observability/alerts.yml");
    let output = Command::new("promtool").args(["check", "rules"]).arg(rules).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
