//! The hook of a run's end: which failure is shown before it, and what is said of a hook that fails.

use tokio::runtime::Runtime;

use crate::app::hooks::{self, Hook, HookContext};
use crate::app::paths::CampaignPaths;
use crate::app::send::RunResult;
use crate::cli::args::global::GlobalArgs;
use crate::cli::failure::Failure;
use crate::cli::{output, signals};
use crate::domain::definition::Definition;
use crate::domain::delivery::ending::Exit;
use crate::domain::foreign;
use crate::domain::phone::mask;

/// Whose hooks are run, and on what.
pub(super) struct Hooked<'a> {
    pub(super) runtime: &'a Runtime,
    pub(super) definition: &'a Definition,
    pub(super) paths: &'a CampaignPaths,
    pub(super) simulate: bool,
    pub(super) global: &'a GlobalArgs,
}

/// Runs the hook of this end, if it has one. The result passes through.
///
/// # Errors
/// That of the run.
pub(super) fn after(result: Result<RunResult, Failure>, of: &Hooked<'_>) -> Result<Exit, Failure> {
    let exit = match &result {
        Ok(ended) => ended.exit,
        Err(failure) => failure.exit,
    };
    let Some(hook) = hooks::hook(of.definition, exit, result.is_ok()) else {
        return result.map(|ended| ended.exit);
    };
    if of.simulate {
        tracing::info!("{} is not run: it was a simulation", hook.event);
        return result.map(|ended| ended.exit);
    }
    let (message, summary) = match &result {
        Ok(ended) => (ended.outcome.ending.to_string(), ended.summary.clone()),
        Err(failure) => {
            output::failure(failure, of.global);
            (failure.message.clone(), hooks::standing(of.definition, of.paths, exit))
        }
    };
    let message = foreign::inert(&mask::mask_text(&message)).into_owned();
    let context =
        HookContext { definition: of.definition, paths: of.paths, message: &message, summary: &summary };
    if let Err(why) = of.runtime.block_on(run(&hook, &context)) {
        output::note(&format!("warning: {} {why}; the result stands", hook.event));
    }
    // A failure that was presented is not presented twice.
    result.map(|ended| ended.exit).map_err(|_| Failure { message: String::new(), hint: None, exit })
}

async fn run(hook: &Hook<'_>, context: &HookContext<'_>) -> Result<(), String> {
    let stop = signals::listen().map_err(|error| format!("was not run: {error}"))?;
    hook.run(context, stop, output::stderr_of_child()).await
}
