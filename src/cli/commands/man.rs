//! `campaign man`: the manual pages, from the same definitions as `--help`.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::failure::{Failure, Masking};
use crate::cli::output;
use crate::cli::session::Session;
use crate::domain::delivery::ending::Exit;
use crate::domain::foreign;

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
            message: format!("failed to write the manual pages to {}: {error}", foreign::path(folder)),
            hint: Some("name a folder that can be written".into()),
            exit: Exit::Failure,
            gate: false,
            masking: Masking::Numbers,
        },
    )?;
    let words = format!(
        "{pages} pages in {}\n  read: man {}",
        foreign::path(folder),
        foreign::path(folder.join("campaign.1"))
    );
    output::note(&words);
    Ok(Exit::Done)
}

/// A page, with what `--help` has at its end in sections of their own.
fn render(page: &clap_mangen::Man, command: &clap::Command) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    page.render_title(&mut text)?;
    page.render_name_section(&mut text)?;
    page.render_synopsis_section(&mut text)?;
    page.render_description_section(&mut text)?;
    page.render_options_section(&mut text)?;
    if command.has_subcommands() {
        page.render_subcommands_section(&mut text)?;
    }
    let end = command.get_after_long_help().or(command.get_after_help()).map(ToString::to_string);
    for paragraph in end.as_deref().unwrap_or_default().split("\n\n") {
        let (first, rest) = paragraph.split_once('\n').unwrap_or((paragraph, ""));
        let (title, body) = match first {
            "" => continue,
            "Exit codes:" => ("EXIT STATUS", rest),
            "Examples:" | "First campaign without an AWS account:" => ("EXAMPLES", rest),
            _ if first.starts_with("Exit codes: ") => ("EXIT STATUS", &first["Exit codes: ".len()..]),
            _ => ("NOTES", paragraph),
        };
        writeln!(text, ".SH \"{title}\"\n.nf")?;
        for line in body.lines() {
            // A line that begins with a dot or a quote would be a request to the formatter.
            let guard = if line.starts_with(['.', '\'']) { "\\&" } else { "" };
            writeln!(text, "{guard}{}", line.replace('\\', "\\e").replace('-', "\\-"))?;
        }
        writeln!(text, ".fi")?;
    }
    if command.get_version().is_some() {
        page.render_version_section(&mut text)?;
    }
    Ok(text)
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
        let text = render(&page, &command)?;
        let text = String::from_utf8_lossy(&text).replacen("\n.SH NAME", &format!("\n{PLAIN}\n.SH NAME"), 1);
        std::fs::write(folder.join(page.get_filename()), text)?;
        left.extend(command.get_subcommands().filter(|command| !command.is_hide_set()).cloned());
        pages += 1;
    }
    Ok(pages)
}
