//! What every command works with, besides its own arguments.

use crate::app::paths::CampaignPaths;
use crate::cli::args::global::GlobalArgs;
use crate::clock::Clock;
use crate::progress::Screen;
use std::path::Path;

/// What every command works with.
#[derive(Debug)]
pub struct Session<'a> {
    /// The options that most commands share.
    pub global: &'a GlobalArgs,
    /// Where progress and log lines go.
    pub screen: Screen,
    /// The wall clock.
    pub clock: Clock,
    /// The whole command line, for completions and manual pages.
    pub program: fn() -> clap::Command,
}

impl<'a> Session<'a> {
    /// The same with other options.
    #[must_use]
    pub fn with<'b>(&self, global: &'b GlobalArgs) -> Session<'b> {
        Session { global, screen: self.screen.clone(), clock: self.clock.clone(), program: self.program }
    }
}

/// The journal that a command looks at, and how its result is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The journal.
    pub journal: &'a Path,
    /// The campaign's name; `None` where none was named and no definition was found.
    pub campaign: Option<&'a str>,
    /// Whether a program reads the result.
    pub json: bool,
    /// Whether only errors are wanted on stderr.
    pub quiet: bool,
}

impl<'a> Asked<'a> {
    /// Of these files, as the options say.
    #[must_use]
    pub fn of(paths: &'a CampaignPaths, global: &GlobalArgs) -> Self {
        Self {
            journal: &paths.journal,
            campaign: paths.campaign.as_deref(),
            json: global.json,
            quiet: global.quiet,
        }
    }
}

/// The name of the user that the process runs as, by the system's list of users; where it has none, the user's number. A job
/// of cron and a container have no variables that say so.
fn name_of_process() -> String {
    let id = rustix::process::getuid().as_raw().to_string();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let of_line = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        (fields.nth(1)? == id).then_some(name)
    };
    users.lines().find_map(of_line).unwrap_or_else(|| format!("user {id}"))
}

/// The user, as the system has it.
pub(crate) fn user() -> String {
    let user = ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    let user = user.filter(|user| !user.is_empty()).unwrap_or_else(name_of_process);
    user.chars().filter(|c| !c.is_control()).take(64).collect()
}
