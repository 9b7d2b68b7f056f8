//! `campaign resume`: go on from the journal alone.

use clap::Args;

use crate::app::alerts::Alerts;
use crate::app::error::Error;
use crate::app::paths::CampaignPaths;
use crate::app::run::{PreparedRun, RunContext};
use crate::cli::args::send::SendArgs;
use crate::cli::commands::sending::{self, Words};
use crate::cli::failure::Failure;
use crate::cli::hooks::{self, Hooked, ShownRun};
use crate::cli::next_step::{self, GoOn};
use crate::cli::session::Session;
use crate::cli::signals;
use crate::domain::definition::Definition;
use crate::domain::delivery::ending::Exit;
use crate::domain::next_step::NextStep;

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
    let options = args.send.options();
    let (mut paths, mut definition) = CampaignPaths::of_campaign(&session.global.campaign_options())?;
    let global = sending::journal(&mut paths, session.global, &args.send);
    let stated = definition.name.clone();
    let named = paths.name_from_journal(&mut definition).and_then(|()| options.apply(&mut definition));
    let global = &global.with_name(&stated, &definition.name);
    resume(args, (&definition, &paths), named, &session.with(global))
        .map_err(|failure| failure.leading_to(global))
}

/// Goes on where the campaign could be `named`. Where it could not, or cannot begin, those who do not look are told of
/// that too.
fn resume(
    args: &ResumeArgs,
    (definition, paths): (&Definition, &CampaignPaths),
    named: Result<(), Error>,
    session: &Session<'_>,
) -> Result<Exit, Failure> {
    let options = args.send.options();
    let context = RunContext { definition, paths, options: &options, clock: &session.clock };
    let runtime = sending::runtime()?;
    let alerts = hooks::begin_alerts(&runtime, (definition, paths), options.simulate, session)?;
    let result = match named.and_then(|()| context.must_have_begun()) {
        Ok(()) => runtime.block_on(send(args, context, (session, alerts.as_ref()))),
        Err(error) => Err(error.into()),
    };
    hooks::after(
        result,
        Hooked {
            runtime: &runtime,
            definition,
            paths,
            simulate: options.simulate,
            global: session.global,
            alerts,
        },
    )
}

async fn send(
    args: &ResumeArgs,
    context: RunContext<'_>,
    (session, alerts): (&Session<'_>, Option<&Alerts>),
) -> Result<ShownRun, Failure> {
    signals::tell_when_asked(context.paths.journal.clone(), context.definition.name.clone(), session)
        .map_err(|error| Error::exhausted("listen for signals", &error))?;
    let mut prepared = PreparedRun::from_journal(context).await.map_err(|error| {
        let needs_file = error.next_step == Some(NextStep::RunWithFile);
        let mut failure = Failure::from(error);
        if needs_file {
            let command = next_step::command(GoOn::Run, session.global, &args.send);
            failure.hint = Some(format!("nothing was sent; with the file, it goes on: `{command}`").into());
        }
        failure
    })?;
    sending::ask_account(&mut prepared, session.global).await?;
    let next = next_step::command(GoOn::Resume, session.global, &args.send);
    Box::pin(sending::send(
        prepared,
        Words { next: &next, rejected: None, alerts, serve: args.send.serve },
        session,
    ))
    .await
}
