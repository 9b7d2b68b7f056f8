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

/// The names of the definitions in `campaigns/`, as each shell finds them.
const BASH: &str = r#"
_campaign_definitions() {
    local file
    compgen -f -- "$1"
    for file in campaigns/*.toml; do
        file=${file#campaigns/}
        file=${file%.toml}
        [[ -e campaigns/$file.toml && $file == "$1"* ]] && printf '%s\n' "$file"
    done
}
"#;
const ZSH: &str = r#"
_campaign_definitions() {
    local -a names
    names=(campaigns/*.toml(N:t:r))
    compadd -a names
    _files
}
"#;
const FISH: &str = r"
function __campaign_definitions
    for file in campaigns/*.toml
        string replace -r '.*/(.*)\.toml$' '$1' -- $file
    end
end
";

/// The script with the names of definitions as values of `-c`: the generator knows only files.
fn with_definitions(shell: Shell, script: &str) -> String {
    let lines = script.lines();
    match shell {
        Shell::Bash => {
            let mut is_campaign = false;
            let mut text = String::new();
            for line in lines {
                let label = line.trim();
                if label.ends_with(')') && label.starts_with('-') {
                    is_campaign = matches!(label, "--campaign)" | "-c)");
                }
                let files = r#"COMPREPLY=($(compgen -f "${cur}"))"#;
                if is_campaign && label == files {
                    text.push_str("                    COMPREPLY=($(_campaign_definitions \"${cur}\"))\n");
                } else {
                    text.push_str(line);
                    text.push('\n');
                }
            }
            text + BASH
        }
        Shell::Zsh => {
            let (head, rest) = script.split_once('\n').unwrap_or((script, ""));
            format!(
                "{head}\n{ZSH}{}",
                rest.replace(":PATH|NAME:_default", ":PATH|NAME:_campaign_definitions")
            )
        }
        _ => {
            let named = |line: &str| line.contains(" -s c -l campaign ");
            let lines = lines.map(|line| match named(line) {
                true => format!("{line} -a '(__campaign_definitions)'\n"),
                false => format!("{line}\n"),
            });
            lines.collect::<String>() + FISH
        }
    }
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
    let script = with_definitions(shell, &String::from_utf8_lossy(&script));
    let mut out = output::results();
    out.write_all(script.as_bytes()).and_then(|()| out.flush()).map_err(|error| output::failed(&error))?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_script_takes_definitions_for_the_campaign() {
        for (shell, call) in [
            (Shell::Bash, "COMPREPLY=($(_campaign_definitions"),
            (Shell::Zsh, ":PATH|NAME:_campaign_definitions"),
            (Shell::Fish, "-a '(__campaign_definitions)'"),
        ] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut crate::cli::Cli::program(), "campaign", &mut script);
            let script = with_definitions(shell, &String::from_utf8(script).unwrap());
            assert!(script.matches(call).count() > 10, "{shell}: each command has it");
        }
    }
}
