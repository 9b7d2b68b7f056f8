//! `campaign man`: the manual pages, from the same definitions as `--help`.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::session::Session;
use crate::domain::delivery::ending::Exit;

/// Neither words apart nor words in two: tables stay tables, and options can be searched for.
const PLAIN: &str = ".na\n.nh";

/// Arguments of `campaign man`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
For every user of this machine: campaign man /usr/local/share/man/man1
For you: campaign man ~/.local/share/man/man1")]
pub struct ManArgs {
    /// The folder to write them to, campaign.1 and one for each command; it is made where there is none
    folder: PathBuf,
}

/// Writes the pages.
///
/// # Errors
/// Where the folder cannot be written.
pub fn run(args: &ManArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let folder = &args.folder;
    let pages = std::fs::create_dir_all(folder).and_then(|()| write(folder, (session.program)())).map_err(
        |error| Failure {
            message: format!("failed to write the manual pages to {}: {error}", folder.display()),
            hint: Some("name a folder that can be written".into()),
            exit: Exit::Failure,
        },
    )?;
    let words =
        format!("{pages} pages in {}\n  read: man {}", folder.display(), folder.join("campaign.1").display());
    output::note(&words);
    Ok(Exit::Done)
}

/// Writes a page for the program and each of its commands. Says how many they are.
fn write(folder: &Path, program: clap::Command) -> io::Result<usize> {
    let mut program = program.disable_help_subcommand(true);
    program.build();
    let mut pages = 0;
    let mut left = vec![program];
    while let Some(command) = left.pop() {
        let page = clap_mangen::Man::new(command.clone())
            .source(concat!("campaign ", env!("CARGO_PKG_VERSION")))
            .manual("campaign");
        let mut text = Vec::new();
        page.render(&mut text)?;
        let text = String::from_utf8_lossy(&text).replacen("\n.SH NAME", &format!("\n{PLAIN}\n.SH NAME"), 1);
        std::fs::write(folder.join(page.get_filename()), text)?;
        left.extend(command.get_subcommands().filter(|command| !command.is_hide_set()).cloned());
        pages += 1;
    }
    Ok(pages)
}
