//! `[hooks]`: what is run when a run has ended, and for how long at most. Running it is the business of `commands`.

use std::time::Duration;

use super::document::{Node, Value};
use super::reader::Reader;

/// Commands that are run when a run has ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hooks {
    /// Where nothing is left to send.
    pub on_finish: Option<HookCommand>,
    /// Where the run halted or failed.
    pub on_halt: Option<HookCommand>,
    /// How long one may take.
    pub timeout: Duration,
}

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookCommand {
    /// A line for `sh -c`.
    Shell(String),
    /// A program and its arguments, which no shell reads.
    Program(String, Vec<String>),
}

/// The commands. What is empty can mean nothing.
pub(super) fn resolve(reader: &mut Reader<'_>) -> Hooks {
    Hooks {
        on_finish: command(reader, "hooks.on_finish"),
        on_halt: command(reader, "hooks.on_halt"),
        timeout: reader.duration("hooks.timeout").unwrap_or_default(),
    }
}

/// A command at a path of the table of keys. What is empty or cannot be run is a mistake.
pub(super) fn command(reader: &mut Reader<'_>, path: &str) -> Option<HookCommand> {
    let Node { place, value } = reader.node(path)?;
    let command = match value {
        Value::Text(line) if !line.trim().is_empty() => Some(HookCommand::Shell(line)),
        Value::List(_) => {
            let mut words = reader.texts(path).into_iter().map(|(word, _)| word);
            let program = words.next().filter(|program| !program.is_empty());
            program.map(|program| HookCommand::Program(program, words.collect()))
        }
        _ => None,
    };
    let has_zero = match &command {
        Some(HookCommand::Shell(line)) => line.contains('\0'),
        Some(HookCommand::Program(program, words)) => {
            program.contains('\0') || words.iter().any(|word| word.contains('\0'))
        }
        None => false,
    };
    if command.is_none() {
        reader.mistake(place, format!("`{path}` names no program"), "such as [\"notify\", \"done\"]");
    } else if has_zero {
        reader.mistake(place, format!("`{path}` has a zero byte, which no command can"), "take it out");
    }
    command
}
