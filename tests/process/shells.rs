//! Completions, taken by the shells themselves, and manual pages, set by man. `tests/all` installs them.

use std::process::{Command, Stdio};

use crate::process::ran::Ran;
use crate::process::site::{BINARY, Site};

/// What this shell makes of the script, in a folder where the program is in the PATH.
fn shell(site: &Site, name: &str, args: &[&str]) -> Ran {
    let mut command = Command::new(name);
    let folder = std::path::Path::new(BINARY).parent().unwrap().display().to_string();
    command.args(args).current_dir(site.folder()).env_clear().envs(site.environment()).stdin(Stdio::null());
    command.env("PATH", format!("{folder}:/usr/local/bin:/usr/bin:/bin")).env("LC_ALL", "C.UTF-8");
    site.finish(command)
}

/// Each command of the help, with its first words.
fn commands(site: &Site) -> Vec<String> {
    let help = site.run(&["--help"]).exits(0).stdout;
    let list =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // What is further to the right goes on with what a command does.
    let list = list.filter(|line| !line.starts_with("   "));
    let names: Vec<String> =
        list.filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect();
    assert!(names.len() >= 12 && names.contains(&"journal".to_owned()), "{names:?}");
    names
}

#[test]
#[ignore = "needs bash"]
fn bash_completes() {
    let site = Site::with_people(1);
    site.write("campaigns/spring.toml", "");
    let script = r#"source <(campaign completions bash) || exit 1
        complete -p campaign >&2 || exit 1
        ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _campaign campaign "${!#}" "${@: -2:1}"; printf '%s\n' "${COMPREPLY[@]}"; echo --; }
        ask campaign ''; ask campaign jou; ask campaign journal ''; ask campaign run --sim; ask campaign completions ''; ask campaign status -c spr"#;
    let ran = shell(&site, "bash", &["--norc", "-c", script]).exits(0);
    let answers: Vec<Vec<&str>> = ran.stdout.split("--\n").map(|answer| answer.lines().collect()).collect();
    for command in commands(&site) {
        assert!(answers[0].contains(&command.as_str()), "{command}: {:?}", answers[0]);
    }
    assert_eq!(answers[1], ["journal"]);
    for command in ["backup", "check", "purge"] {
        assert!(answers[2].contains(&command), "{:?}", answers[2]);
    }
    assert_eq!(answers[3], ["--simulate"]);
    assert!(answers[5].contains(&"spring"), "the name of the definition: {:?}", answers[5]);
    for shell in ["bash", "zsh", "fish"] {
        assert!(answers[4].contains(&shell), "{:?}", answers[4]);
    }
}

#[test]
#[ignore = "needs zsh"]
fn zsh_takes_its_script() {
    let site = Site::with_people(1);
    let script = "autoload -U compinit && compinit -u -D && source <(campaign completions zsh) && \
                  print -r -- $_comps[campaign] && functions _campaign_commands";
    let ran = shell(&site, "zsh", &["-f", "-c", script]).exits(0);
    assert_eq!((ran.stdout.lines().next(), ran.stderr.as_str()), (Some("_campaign"), ""));
    for command in commands(&site) {
        assert!(ran.stdout.contains(&format!("{command}:")), "{command} is not in it");
    }
}

#[test]
#[ignore = "needs fish"]
fn fish_completes() {
    let site = Site::with_people(1);
    let script = "campaign completions fish | source; complete -C 'campaign '; echo END; complete -C 'campaign journal '; \
                  echo END; complete -C 'campaign run --sim'";
    let ran = shell(&site, "fish", &["--no-config", "-c", script]).exits(0);
    let answers: Vec<Vec<&str>> = ran
        .stdout
        .split("END\n")
        .map(|answer| answer.lines().filter_map(|line| line.split('\t').next()).collect())
        .collect();
    for command in commands(&site) {
        assert!(answers[0].contains(&command.as_str()), "{command}: {:?}", answers[0]);
    }
    for command in ["backup", "check", "purge"] {
        assert!(answers[1].contains(&command), "{:?}", answers[1]);
    }
    assert_eq!(answers[2], ["--simulate"]);
}

#[test]
#[ignore = "needs man"]
fn man_sets_every_page_without_a_warning() {
    let site = Site::with_people(1);
    site.run(&["man", "pages/man1"]).exits(0).says(&["pages in pages/man1", "man pages/man1/campaign.1"]);
    let mut expected: Vec<String> = commands(&site)
        .iter()
        .filter(|name| *name != "help")
        .map(|name| format!("campaign-{name}.1"))
        .collect();
    expected.extend([
        "campaign.1".to_owned(),
        "campaign-journal-backup.1".to_owned(),
        "campaign-suppress-add.1".to_owned(),
    ]);
    for page in &expected {
        let text = site.read(&format!("pages/man1/{page}"));
        assert!(text.contains(".SH NAME") && text.contains(".SH SYNOPSIS"), "{page}:\n{text}");
    }
    for entry in std::fs::read_dir(site.path("pages/man1")).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let ran = shell(&site, "man", &["--warnings", "-P", "cat", "-l", path.to_str().unwrap()]).exits(0);
        assert_eq!(ran.stderr, "", "{}", path.display());
        assert!(ran.stdout.contains("SYNOPSIS") && !ran.stdout.contains("EXTRA"), "{}", ran.stdout);
    }
    let page = site.read("pages/man1/campaign.1");
    assert!(page.contains(".SH \"EXIT STATUS\"") && page.contains("143"), "{page}");
}

#[test]
fn a_bug_report_has_what_it_needs() {
    let site = Site::with_people(1);
    let ran = site.run(&["version", "--json"]).exits(0);
    let version: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let keys: Vec<&str> = version.as_object().unwrap().keys().map(String::as_str).collect();
    for key in ["version", "commit", "sdk", "sqlite", "phone_metadata", "time_zones", "target"] {
        assert!(keys.contains(&key), "{key} is not in {version}");
    }
    let lock = include_str!("../../Cargo.lock");
    let sdk = format!("name = \"aws-sdk-connect\"\nversion = {}", version["sdk"]);
    assert!(lock.contains(&sdk), "{version}");
    let words = site.run(&["version"]).exits(0).stdout;
    for key in ["version", "commit", "sdk", "sqlite", "phone_metadata", "time_zones"] {
        assert!(words.contains(version[key].as_str().unwrap()), "{key}: {words}");
    }
}
