//! What `packaging/build.sh` makes, installed and used: the wheel in a fresh virtual environment, the `.deb` in a root of
//! its own, the tarball in a root with nothing but the program's libraries. And recipes, held against the tools of those
//! who read them.
//!
//! Everything is made from the program that the tests run; nothing is built anew.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod release;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

const PROGRAM: &str = env!("CARGO_BIN_EXE_campaign");
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// What this command says; it must end well.
pub(crate) fn said(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let words = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}: {words}");
    words
}

/// Makes everything in `version`, once for all tests where it is the program's own.
fn made(version: &str, into: &Path) {
    let mut build = Command::new("bash");
    build.arg(root().join("packaging/build.sh")).current_dir(root());
    build.env("CAMPAIGN_PROGRAM", PROGRAM).env("CAMPAIGN_DIST", into).env("CAMPAIGN_VERSION", version);
    build.env("CAMPAIGN_COMPRESSION", "gzip");
    said(&mut build);
}

pub(crate) fn dist() -> &'static Path {
    static DIST: OnceLock<PathBuf> = OnceLock::new();
    DIST.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dist");
        let _ = fs::remove_dir_all(&folder);
        made(VERSION, &folder);
        folder
    })
}

/// The one file that is called so.
pub(crate) fn file(folder: &Path, ending: &str) -> PathBuf {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut fits = names.filter(|path| path.to_string_lossy().ends_with(ending));
    let found = fits.next().unwrap_or_else(|| panic!("no {ending} in {}", folder.display()));
    assert_eq!(fits.next(), None);
    found
}

/// Plays the sample in a folder: the report has its thousand rows, all started.
fn plays(command: impl Fn(&[&str]) -> Command) {
    said(&mut command(&["init", "spring"]));
    said(&mut command(&["run", "campaigns/spring.csv", "-c", "spring", "--simulate", "--quiet"]));
    let report = said(&mut command(&["report", "-c", "spring", "--format", "json"]));
    let report: serde_json::Value =
        serde_json::from_str(report.lines().find(|line| line.starts_with('{')).unwrap()).unwrap();
    assert_eq!((&report["rows"], &report["started"]), (&10.into(), &10.into()), "{report}");
}

#[test]
#[ignore = "needs python3"]
fn sums_hold_and_the_bill_of_materials_names_what_is_linked_in() {
    said(Command::new("sha256sum").args(["--check", "--strict", "SHA256SUMS"]).current_dir(dist()));
    let sums = fs::read_to_string(dist().join("SHA256SUMS")).unwrap();
    assert!(sums.lines().count() >= 4, "{sums}");
    let bom = fs::read_to_string(file(dist(), ".cdx.json")).unwrap();
    let bom: serde_json::Value = serde_json::from_str(&bom).unwrap();
    let components = bom["components"].as_array().unwrap();
    let named = |name: &str| components.iter().find(|component| component["name"] == name);
    for name in ["aws-sdk-connect", "rusqlite", "rlibphonenumber"] {
        let component = named(name).unwrap_or_else(|| panic!("{name} is linked in"));
        assert_eq!(component["hashes"][0]["content"].as_str().unwrap().len(), 64, "{component}");
        assert!(component["licenses"][0]["expression"].is_string(), "{component}");
    }
    for name in ["insta", "proptest", "pty-process"] {
        assert!(named(name).is_none(), "{name} is for tests only");
    }
}

#[test]
#[ignore = "needs python3 with venv"]
fn the_wheel_is_installed_and_used() {
    let (wheel, place) = (file(dist(), ".whl"), tempfile::tempdir().unwrap());
    let venv = place.path().join("venv");
    said(Command::new("python3").args(["-m", "venv"]).arg(&venv));
    let pip = venv.join("bin/pip");
    said(
        Command::new(&pip)
            .args(["install", "--quiet", "--no-index", "--disable-pip-version-check"])
            .arg(&wheel),
    );
    let program = venv.join("bin/campaign");
    assert!(said(Command::new(&program).arg("--version")).contains(env!("CARGO_PKG_VERSION")));
    let page = fs::read_to_string(venv.join("share/man/man1/campaign-run.1")).unwrap();
    assert!(page.contains(".TH"), "{page}");
    let completion = venv.join("share/bash-completion/completions/campaign");
    said(Command::new("bash").arg("-n").arg(&completion));
    plays(|arguments| {
        let mut command = Command::new(&program);
        command.args(arguments).current_dir(place.path());
        command
    });
    // Removed, and nothing of it stays but what campaigns made.
    said(Command::new(&pip).args(["uninstall", "--quiet", "--yes", "campaign"]));
    assert!(!program.exists() && !completion.exists());
    assert!(place.path().join("campaigns/spring.simulated.db").exists());
}

#[test]
#[ignore = "needs dpkg, and root"]
fn the_package_is_installed_upgraded_and_removed_and_keeps_journals() {
    let place = tempfile::tempdir().unwrap();
    let (root, newer) = (place.path().join("root"), place.path().join("newer"));
    made("99.0.0", &newer);
    for folder in ["etc", "var/lib/dpkg/info", "var/lib/dpkg/updates", "usr/lib/sysusers.d"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    for empty in ["etc/passwd", "etc/group", "var/lib/dpkg/status"] {
        fs::write(root.join(empty), "").unwrap();
    }
    let dpkg = |arguments: &[&str], package: &Path| {
        let mut command = Command::new("dpkg");
        command.arg(format!("--root={}", root.display()));
        // The root has no shell: the package's scripts run here, and are told where it is.
        said(
            command
                .args(["--force-script-chrootless", "--force-depends", "--force-not-root"])
                .args(arguments)
                .arg(package),
        )
    };
    dpkg(&["--install"], &file(dist(), ".deb"));
    let program = root.join("usr/bin/campaign");
    assert!(said(Command::new(&program).arg("--version")).contains(VERSION));
    let users = fs::read_to_string(root.join("etc/passwd")).unwrap();
    assert!(users.starts_with("campaign:"), "{users}");
    let unit = fs::read_to_string(root.join("usr/lib/systemd/system/campaign@.service")).unwrap();
    assert!(unit.contains("ExecStart=/usr/bin/campaign run") && !unit.contains("/usr/local"), "{unit}");
    let page = root.join("usr/share/man/man1/campaign-run.1.gz");
    assert!(said(Command::new("gzip").arg("-dc").arg(&page)).contains(".TH"));
    said(Command::new("bash").arg("-n").arg(root.join("usr/share/bash-completion/completions/campaign")));

    // A campaign whose journal is in use while the package is replaced.
    let state = root.join("var/lib/campaign");
    fs::create_dir_all(&state).unwrap();
    let command = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.args(arguments).current_dir(&state);
        command
    };
    plays(command);
    let journal = state.join("campaigns/spring.simulated.db");
    let reader = rusqlite::Connection::open(&journal).unwrap();
    let rows = || reader.query_row("SELECT count(*) FROM row", [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(rows(), 10);
    dpkg(&["--install"], &file(&newer, ".deb"));
    let info = fs::read_to_string(root.join("var/lib/dpkg/status")).unwrap();
    assert!(info.contains("Version: 99.0.0"), "{info}");
    said(&mut command(&["run", "campaigns/spring.csv", "-c", "spring", "--simulate", "--quiet"]));
    assert_eq!(rows(), 10, "and it goes on with the same journal");
    drop(reader);
    dpkg(&["--purge"], Path::new("campaign"));
    assert!(!program.exists() && journal.exists());
}

#[test]
#[ignore = "needs root"]
fn the_tarball_runs_in_a_root_with_nothing_but_its_libraries() {
    let place = tempfile::tempdir().unwrap();
    said(Command::new("tar").arg("-xzf").arg(file(dist(), "-linux.tar.gz")).arg("-C").arg(place.path()));
    let folder = fs::read_dir(place.path()).unwrap().next().unwrap().unwrap().file_name();
    let folder = folder.to_str().unwrap();
    assert!(folder.starts_with(&format!("campaign-{VERSION}-")), "{folder}");
    let program = place.path().join(folder).join("campaign");
    for wanted in ["README.md", "LICENSE-MIT", "share/man/man1/campaign.1", "systemd/campaign@.service"] {
        assert!(place.path().join(folder).join(wanted).exists(), "{wanted}");
    }
    let libraries = said(Command::new("ldd").arg(&program));
    let libraries = libraries.split_whitespace().filter(|word| word.starts_with('/'));
    for library in libraries {
        let copy = place.path().join(library.trim_start_matches('/'));
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(library, copy).unwrap();
    }
    // Nothing else is there: no shell, no user, no certificates, no time zones.
    fs::create_dir(place.path().join("tmp")).unwrap();
    let inside = format!("/{folder}/campaign");
    plays(|arguments| {
        let mut command = Command::new("/usr/sbin/chroot");
        command.arg(place.path()).arg(&inside).args(arguments).env_clear();
        command
    });
}

/// Validators from PyPI, in an environment of their own.
fn validators() -> PathBuf {
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("validators");
    let install = root().join("tests/clients/install.sh");
    said(Command::new("sh").arg(install).arg(&venv).arg(root().join("tests/packages/requirements.txt")));
    venv.join("bin")
}

#[test]
#[ignore = "needs kubernetes-validate and cfn-lint from PyPI"]
fn recipes_are_what_their_readers_take() {
    let bin = validators();
    let folder = tempfile::tempdir().unwrap();
    let bad = |name: &str, that: &str, this: &str| {
        let text = fs::read_to_string(root().join("packaging").join(name)).unwrap();
        assert!(text.contains(that), "{name}: {that}");
        let copy = folder.path().join("bad.yaml");
        fs::write(&copy, text.replace(that, this)).unwrap();
        copy
    };
    let kubernetes = |path: &Path| {
        Command::new(bin.join("kubernetes-validate")).arg("--strict").arg(path).output().unwrap()
    };
    for name in ["kubernetes/job.yaml", "kubernetes/statefulset.yaml"] {
        let output = kubernetes(&root().join("packaging").join(name));
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stdout));
    }
    assert!(!kubernetes(&bad("kubernetes/job.yaml", "backoffLimit:", "backoffLimits:")).status.success());
    let cloudformation = |path: &Path| Command::new(bin.join("cfn-lint")).arg(path).output().unwrap();
    for name in ["ecs/campaign.yaml", "deliveries/events.yaml"] {
        let output = cloudformation(&root().join("packaging").join(name));
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stdout));
    }
    assert!(!cloudformation(&bad("ecs/campaign.yaml", "NetworkMode:", "NetworkMod:")).status.success());
}
