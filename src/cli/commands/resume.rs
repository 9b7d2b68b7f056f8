//! `campaign resume`: go on from the journal alone.

use std::time::Duration;

use clap::Args;

use crate::cli::Shared;
use crate::cli::commands::failure::Failure;
use crate::cli::commands::hooks::Hooked;
use crate::cli::commands::next::GoOn;
use crate::cli::commands::place::Place;
use crate::cli::commands::sending::{Held, Job, SendArgs};
use crate::cli::commands::{Session, earlier, hooks, hours, next, sending};
use crate::domain::delivery::ending::Exit;
use crate::journal::Planned;

/// How long the first request waits for the journal to be looked over. Three million rows take about as long.
const PATIENCE: Duration = Duration::from_secs(2);

/// Arguments of `campaign resume`.
#[derive(Debug, Clone, Args)]
pub struct ResumeArgs {
    #[command(flatten)]
    send: SendArgs,
}

/// Runs the command. It does not ask: what it sends was agreed to when it was planned.
///
/// # Errors
/// What the user is told.
pub fn run(args: &ResumeArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let shared = session.shared;
    let (place, mut definition) = Place::of_campaign(shared)?;
    args.send.apply(&mut definition)?;
    if !args.send.simulate {
        hours::must_not_close(&definition)?;
    }
    if !place.journal.is_file() {
        return Err(Failure::usage(
            format!("there is no journal at {}", place.journal.display()),
            "begin with `campaign run FILE`, or name the journal with -j PATH",
        ));
    }
    if earlier::before(&place, &definition)?.is_none() {
        return Err(Failure::usage(
            format!("the journal {} has nothing of \"{}\"", place.journal.display(), definition.name),
            "begin with `campaign run FILE`, or name another journal with -j PATH",
        ));
    }
    let runtime = sending::runtime()?;
    let result = runtime.block_on(async {
        let lists = earlier::lists(&definition, &place)?;
        let mut held = sending::hold(&args.send, &definition, &place, session, PATIENCE).await?;
        must_be_agreed(&mut held, args, shared)?;
        held.admit(lists.suppression, args.send.sample, false)?;
        let next = next::command(GoOn::Resume, shared, &args.send);
        let job =
            Job { args: &args.send, definition: &definition, file: None, stream: None, next, rejected: None };
        sending::send(held, job, session).await
    });
    hooks::after(
        result,
        &Hooked { runtime: &runtime, definition: &definition, place: &place, args: &args.send },
    )
}

/// Refuses to send what is neither the file of before nor the one that was being read, or what nobody agreed to.
fn must_be_agreed(held: &mut Held, args: &ResumeArgs, shared: &Shared) -> Result<(), Failure> {
    let message = match held.journal.planned(held.campaign)? {
        Planned::Agreed => return Ok(()),
        // What was read of a stream was agreed to, and a pipe cannot be read again.
        Planned::Streamed => return Ok(held.journal.set_planned(held.campaign, Planned::Agreed)?),
        Planned::Begun => {
            "the recipients file was not read to its end the last time: the journal has a part of it, and perhaps rows \
             that it does not have any more"
        }
        Planned::Read => "the recipients file was read again, and what it has now was not agreed to",
    };
    let command = next::command(GoOn::Run, shared, &args.send);
    Err(Failure::usage(message, format!("nothing was sent; with the file, it goes on: `{command}`")))
}
