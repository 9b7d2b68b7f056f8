//! The end of a run for those who do not look: its alert and its hook. Which failure is shown before them, and what is said of
//! those that fail.

use tokio::runtime::Runtime;

use crate::app::alerts::{AlertChannels, Alerts};
use crate::app::hooks::{self, Hook, HookContext};
use crate::app::paths::CampaignPaths;
use crate::app::send::RunResult;
use crate::cli::args::global::GlobalArgs;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::{next_step, output, signals};
use crate::domain::alert::AlertNews;
use crate::domain::definition::Definition;
use crate::domain::delivery::ending::{Ending, Exit};
use crate::domain::delivery::summary::Summary;
use crate::domain::foreign;
use crate::domain::phone::mask;
use crate::domain::problem;

/// A run that ended, and what was shown of what to do next.
pub(super) struct ShownRun {
    pub(super) result: RunResult,
    /// What to do next, a step each.
    pub(super) next: Vec<String>,
}

/// Whose hooks are run, and on what.
pub(super) struct Hooked<'a> {
    pub(super) runtime: &'a Runtime,
    pub(super) definition: &'a Definition,
    pub(super) paths: &'a CampaignPaths,
    pub(super) simulate: bool,
    pub(super) global: &'a GlobalArgs,
    pub(super) alerts: Option<Alerts>,
}

/// Begins to deliver what `[alerts]` asks for. A simulation alarms nobody.
///
/// # Errors
/// Where nobody could be told anything.
pub(super) fn begin_alerts(
    runtime: &Runtime,
    (definition, paths): (&Definition, &CampaignPaths),
    simulate: bool,
    session: &Session<'_>,
) -> Result<Option<Alerts>, Failure> {
    if simulate {
        if definition.alerts.any() {
            tracing::info!("no alert is sent: it is a simulation");
        }
        return Ok(None);
    }
    let variable = |name: &str| std::env::var(name).ok();
    let Some(channels) = AlertChannels::of(definition, paths, &session.clock, variable)? else {
        return Ok(None);
    };
    let _inside = runtime.enter();
    Ok(Some(Alerts::begin(definition, channels, &session.clock)))
}

/// Tells of this end by the alert and the hook that it has. The result passes through.
///
/// # Errors
/// That of the run.
pub(super) fn after(shown: Result<ShownRun, Failure>, mut of: Hooked<'_>) -> Result<Exit, Failure> {
    let exit = match &shown {
        Ok(ShownRun { result, .. }) => result.exit,
        Err(failure) => failure.exit,
    };
    let alerts = of.alerts.take().filter(|_| exit != Exit::Held);
    let hook = hooks::hook(of.definition, exit, shown.is_ok());
    if hook.is_none() && alerts.is_none() {
        return shown.map(|_| exit);
    }
    let (message, summary) = match &shown {
        Ok(ShownRun { result, .. }) => (result.outcome.ending.to_string(), result.summary.clone()),
        Err(failure) => {
            output::failure(failure, of.global);
            (failure.message.clone(), hooks::standing(of.definition, of.paths, exit))
        }
    };
    let message = foreign::inert(&mask::mask_text(&message)).into_owned();
    if let Some(alerts) = &alerts
        && let Some(news) = news(&shown, &message, &summary, of.global)
    {
        alerts.tell(&news);
    }
    if let Some(hook) = hook {
        call(&hook, &of, &message, &summary);
    }
    if let Some(alerts) = alerts {
        let undelivered = of.runtime.block_on(finish(alerts));
        for why in undelivered {
            output::note(&format!("warning: an alert was not delivered: {why}; the result stands"));
        }
    }
    // A failure that was presented is not presented twice.
    shown.map(|_| exit).map_err(|failure| Failure { message: String::new(), hint: None, ..failure })
}

/// What is told of an end: what the terminal says, what to do next included. A person who typed something wrong reads
/// that on the terminal.
fn news(
    shown: &Result<ShownRun, Failure>,
    message: &str,
    summary: &Summary,
    global: &GlobalArgs,
) -> Option<AlertNews> {
    let (exit, gate, message, next) = match shown {
        Ok(ShownRun { result, next }) => {
            let gate = matches!(result.outcome.ending, Ending::Failures { .. } | Ending::Rejections { .. });
            (result.exit, gate, message.to_owned(), next.join("; "))
        }
        Err(failure) if failure.exit == Exit::Usage && output::can_ask() => return None,
        Err(failure) => {
            let (message, hints) = problem::parted(message);
            let step = failure.hint.as_ref().map(|step| next_step::words(step, global));
            (failure.exit, failure.gate, message, step.unwrap_or(hints))
        }
    };
    Some(AlertNews::of_end(exit, gate, &message, next, summary.tally))
}

/// Waits for alerts that are on their way.
pub(super) async fn finish(alerts: Alerts) -> Vec<String> {
    match signals::listen() {
        Ok(stop) => alerts.finish(stop).await,
        Err(error) => vec![format!("they were not waited for: {error}")],
    }
}

fn call(hook: &Hook<'_>, of: &Hooked<'_>, message: &str, summary: &Summary) {
    if of.simulate {
        tracing::info!("{} is not run: it was a simulation", hook.event);
        return;
    }
    let context = HookContext { definition: of.definition, paths: of.paths, message, summary };
    if let Err(why) = of.runtime.block_on(run(hook, &context)) {
        output::note(&format!("warning: {} {why}; the result stands", hook.event));
    }
}

async fn run(hook: &Hook<'_>, context: &HookContext<'_>) -> Result<(), String> {
    let stop = signals::listen().map_err(|error| format!("was not run: {error}"))?;
    hook.run(context, stop, output::stderr_of_child()).await
}
