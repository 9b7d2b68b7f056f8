//! `--cli-auto-prompt`: asks for members of the request that must be there and are not.

use dialoguer::Input;
use serde_json::{Map, Value};

use crate::cli::failure::Failure;
use crate::cli::output;
use crate::domain::cli_input::arguments::{self, Argument};
use crate::domain::cli_input::shape::members;

use super::files;

/// Asks until each of them can be read.
///
/// # Errors
/// Where there is no terminal to ask on.
pub(super) fn missing(given: &mut Map<String, Value>) -> Result<(), Failure> {
    if !output::can_ask() {
        return Err(Failure::usage(
            "--cli-auto-prompt needs a terminal to ask on",
            "leave it out, and give each option",
        ));
    }
    for member in members().iter().filter(|member| member.required) {
        while !given.contains_key(member.name) {
            let prompt = format!("{} ({})", member.option(), member.about);
            let text: String = Input::new().with_prompt(prompt).interact_text().map_err(|error| {
                Failure::usage(format!("no answer: {error}"), "nothing was sent; run the command again")
            })?;
            match arguments::member(member, &Argument::One(text), &files::text) {
                Ok(value) => drop(given.insert(member.name.to_owned(), value)),
                Err(error) => super::note_line(&error.to_string()),
            }
        }
    }
    Ok(())
}
