//! Chromium, headless. It asserts nothing but that the browser runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Which colours a page is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scheme {
    Light,
    Dark,
}

pub(crate) struct Chromium {
    path: PathBuf,
}

impl Chromium {
    /// The browser that `CAMPAIGN_BROWSER` names, else the first Chromium in the PATH. A test that asks for one needs one.
    pub(crate) fn find() -> Self {
        if let Some(path) = std::env::var_os("CAMPAIGN_BROWSER") {
            return Self { path: path.into() };
        }
        let folders = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::split_paths(&folders)
            .flat_map(|folder| {
                ["chromium", "chromium-browser", "google-chrome"].map(|name| folder.join(name))
            })
            .find(|path| path.is_file());
        Self { path: path.expect("Chromium: tests/browser/install.sh installs it") }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn run(&self, page: &Path, args: &[&str]) -> Output {
        let profile = tempfile::tempdir().expect("a folder for the browser");
        let output = Command::new(&self.path)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--disable-dev-shm-usage", "--hide-scrollbars", "--enable-logging=stderr"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .args(args)
            .arg(format!("file://{}", page.display()))
            .output()
            .expect("a browser that starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// The page as the browser understood it, and what it wrote to its console.
    pub(crate) fn dom(&self, page: &Path) -> (String, Vec<String>) {
        let output = self.run(page, &["--dump-dom"]);
        let console = String::from_utf8_lossy(&output.stderr)
            .lines()
            .filter(|line| line.contains(":CONSOLE"))
            .map(str::to_owned)
            .collect();
        (String::from_utf8(output.stdout).expect("a page in UTF-8"), console)
    }

    /// A picture of the page, also left in `target/pages/`. A window cannot be as narrow as a phone, a frame can.
    pub(crate) fn screenshot(&self, page: &Path, name: &str, scheme: Scheme, width: u32) -> Vec<u8> {
        let picture = pages().join(format!("{name}.png"));
        let frame = page.with_file_name("frame.html");
        let wanted = page.file_name().expect("a file").to_string_lossy();
        let frame_of = format!(
            "<!DOCTYPE html><body style=\"margin:0\"><iframe src=\"{wanted}\" \
             style=\"border:0;width:{width}px;height:3000px\"></iframe>"
        );
        fs::write(&frame, frame_of).expect("a frame");
        let scheme = match scheme {
            Scheme::Dark => 0,
            Scheme::Light => 1,
        };
        let (size, scheme, to) = (
            format!("--window-size={},3000", width.max(500)),
            format!("--blink-settings=preferredColorScheme={scheme}"),
            format!("--screenshot={}", picture.display()),
        );
        self.run(&frame, &[&size, &scheme, &to]);
        fs::read(&picture).expect("a picture")
    }
}

/// The folder of pictures.
pub(crate) fn pages() -> PathBuf {
    let pages = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).with_file_name("pages");
    fs::create_dir_all(&pages).expect("a folder for pictures");
    pages
}
