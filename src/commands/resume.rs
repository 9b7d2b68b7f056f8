//! `campaign resume`: go on from the journal alone.

use clap::Args;

use super::Session;
use super::failure::Failure;
use super::next;
use super::place::Place;
use super::planning;
use super::sending::{self, Job, SendArgs};
use crate::domain::ending::Exit;

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
    if !place.journal.is_file() {
        return Err(Failure::usage(
            format!("there is no journal at {}", place.journal.display()),
            "begin with `campaign run FILE`, or name the journal with -j PATH",
        ));
    }
    sending::runtime()?.block_on(async {
        let lists = planning::lists(&definition, &place)?;
        let mut held = sending::hold(&args.send, &definition, &place, session).await?;
        if held.journal.verified_tally(held.campaign)?.rows() == 0 {
            return Err(Failure::usage(
                format!("the journal {} has nothing of \"{}\"", place.journal.display(), definition.name),
                "begin with `campaign run FILE`, or name another journal with -j PATH",
            ));
        }
        held.admit(lists.suppression, args.send.sample, false)?;
        let next = next::command(shared, &args.send);
        let job = Job { args: &args.send, definition: &definition, file: None, stream: None, next };
        sending::send(held, job, session).await
    })
}
