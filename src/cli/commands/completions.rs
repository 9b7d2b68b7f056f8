//! `campaign completions`: what a shell needs to complete this program's commands, options and files.

use std::io::Write as _;

use clap::{Args, ValueEnum};
use clap_complete::Shell;

use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::session::Session;
use crate::domain::delivery::ending::Exit;

/// Arguments of `campaign completions`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Once, for every shell to come:
  bash  campaign completions bash > ~/.local/share/bash-completion/completions/campaign
  zsh   campaign completions zsh > \"${fpath[1]}/_campaign\"
  fish  campaign completions fish > ~/.config/fish/completions/campaign.fish
For this shell only:
  bash  source <(campaign completions bash)
  zsh   source <(campaign completions zsh)
  fish  campaign completions fish | source")]
pub struct CompletionsArgs {
    /// The shell
    shell: ShellName,
}

/// The shells that are tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ShellName {
    Bash,
    Zsh,
    Fish,
}

/// Writes the script to stdout.
///
/// # Errors
/// Where stdout cannot be written.
pub fn run(args: &CompletionsArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let shell = match args.shell {
        ShellName::Bash => Shell::Bash,
        ShellName::Zsh => Shell::Zsh,
        ShellName::Fish => Shell::Fish,
    };
    // Written in one go: the generator panics where its output breaks off.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut (session.program)(), "campaign", &mut script);
    let mut out = output::results();
    out.write_all(&script).and_then(|()| out.flush()).map_err(|error| output::failed(&error))?;
    Ok(Exit::Done)
}
