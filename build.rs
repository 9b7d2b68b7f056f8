//! What a bug report needs to know of a build: the commit, and the releases of the crates whose data or wire format matter.
//!
//! Without git, as from a source archive, `CAMPAIGN_COMMIT` names the commit, and otherwise it stays unknown.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=CAMPAIGN_COMMIT");
    println!("cargo::rerun-if-changed=Cargo.lock");
    let commit = std::env::var("CAMPAIGN_COMMIT").ok().filter(|commit| !commit.is_empty()).or_else(head);
    println!("cargo::rustc-env=CAMPAIGN_COMMIT={}", commit.as_deref().unwrap_or("unknown"));
    let lock = std::fs::read_to_string("Cargo.lock").unwrap_or_default();
    for (name, variable) in
        [("aws-sdk-connect", "CAMPAIGN_SDK"), ("rlibphonenumber", "CAMPAIGN_RLIBPHONENUMBER")]
    {
        println!("cargo::rustc-env={variable}={}", locked(&lock, name).unwrap_or("unknown"));
    }
}

/// The commit that is checked out. Cargo builds anew when another one is.
fn head() -> Option<String> {
    // A crate that was vendored into another repository must not take that one's commit.
    let top = git(&["rev-parse", "--show-toplevel"])?;
    let ours = std::env::var("CARGO_MANIFEST_DIR").ok()?;
    if Path::new(&top).canonicalize().ok()? != Path::new(&ours).canonicalize().ok()? {
        return None;
    }
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    if Path::new(&log).exists() {
        println!("cargo::rerun-if-changed={log}");
    }
    git(&["rev-parse", "--short=12", "HEAD"])
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// The release of a crate in a lock file.
fn locked<'l>(lock: &'l str, name: &str) -> Option<&'l str> {
    let entry = format!("name = \"{name}\"\nversion = \"");
    let start = lock.find(&entry)? + entry.len();
    lock[start..].split('"').next()
}
