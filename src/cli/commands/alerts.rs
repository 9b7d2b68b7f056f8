//! `campaign alerts test`: whether alerts arrive where the definition sends them.

use clap::{Args, Subcommand};
use serde_json::json;
use tokio::sync::watch;

use crate::app::alerts::{AlertChannels, AlertOutcome};
use crate::app::error::Error;
use crate::app::paths::CampaignPaths;
use crate::cli::commands::sending;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::session::Session;
use crate::domain::alert::{Alert, AlertKind, AlertNews};
use crate::domain::delivery::ending::Exit;
use crate::domain::figures::counted;
use crate::domain::foreign;
use crate::engine::Stop;

/// Arguments of `campaign alerts`.
#[derive(Debug, Clone, Args)]
pub struct AlertsArgs {
    #[command(subcommand)]
    action: AlertsAction,
}

#[derive(Debug, Clone, Subcommand)]
enum AlertsAction {
    /// Send one alert on every way that the definition names, and ask for its heartbeat once
    #[command(after_help = "\
An alert that is not taken is tried five times, as while a run lasts. Exit code 1: something did not arrive.")]
    Test,
}

/// Runs the command.
///
/// # Errors
/// What the user is told.
pub fn run(args: &AlertsArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let AlertsAction::Test = args.action;
    let (paths, definition) = CampaignPaths::of_campaign(&session.global.campaign_options())?;
    let variable = |name: &str| std::env::var(name).ok();
    let Some(channels) = AlertChannels::of(&definition, &paths, &session.clock, variable)? else {
        let advice = "name a webhook, a command or a heartbeat below [alerts] of the definition".to_owned();
        return Err(Error::usage("the definition sends no alerts", advice.into()).into());
    };
    let news =
        AlertNews::new(AlertKind::Test, "somebody tries whether alerts arrive", "nothing has to be done");
    let alert = Alert::new(&news, &definition.name, None, session.clock.now());
    let outcomes = sending::runtime()?.block_on(async {
        let (_sender, stop) = watch::channel(Stop::No);
        let mut outcomes = channels.deliver(&alert, &stop).await;
        if channels.beats() {
            let failure = channels.beat().await.err();
            outcomes.push(AlertOutcome { channel: "heartbeat", attempts: 1, failure });
        }
        outcomes
    });
    let failed = outcomes.iter().any(|outcome| outcome.failure.is_some());
    if session.global.json {
        let ways: Vec<_> = outcomes
            .iter()
            .map(|AlertOutcome { channel, attempts, failure }| {
                json!({ "channel": channel, "attempts": attempts, "failure": failure })
            })
            .collect();
        output::json(&json!({ "campaign": definition.name, "delivered": !failed, "channels": ways }))?;
    } else {
        outcomes.iter().try_for_each(|outcome| output::line(&words(outcome)))?;
    }
    Ok(if failed { Exit::Failure } else { Exit::Done })
}

fn words(outcome: &AlertOutcome) -> String {
    let AlertOutcome { channel, attempts, failure } = outcome;
    let attempts = counted(u64::from(*attempts), "attempt", "attempts");
    match failure {
        None => format!("{channel}: delivered after {attempts}"),
        Some(why) => format!("{channel}: not delivered after {attempts}: {}", foreign::inert(why)),
    }
}
