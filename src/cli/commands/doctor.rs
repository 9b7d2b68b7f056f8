//! `campaign doctor`: asks the account whether this campaign can be sent.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use serde_json::json;

use crate::app;
use crate::app::paths::CampaignPaths;
use crate::cli::args::asking::AskingArgs;
use crate::cli::args::file::FileArgs;
use crate::cli::args::global::GlobalArgs;
use crate::cli::commands::sending;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::{next_step, output};
use crate::domain::account::findings::{self, Finding, Status};
use crate::domain::delivery::ending::Exit;
use crate::recipients::Source;

/// Arguments of `campaign doctor`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Nothing is changed and nothing is sent. What the credentials may not ask is `not checked`, with the IAM \
                  action that is missing; `campaign iam-policy --doctor` prints all that are needed.\n\nExit codes: 0 \
                  where the campaign can be sent, 2 for a mistake in what was typed or written, 5 where it cannot be sent."
)]
pub struct DoctorArgs {
    /// Recipients file, s3://BUCKET/KEY or an https:// URL: its countries, its cost and its recipients are held against
    /// the account's limits
    file: Option<PathBuf>,
    #[command(flatten)]
    reading: FileArgs,
    #[command(flatten)]
    service: AskingArgs,
}

/// Runs the command.
///
/// # Errors
/// What the user is told: a mistake in the command, the definition or the file, or a machine that fails.
pub fn run(args: &DoctorArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let global = session.global;
    let source = args.file.as_deref().map(Source::named).transpose()?;
    let (paths, mut definition) = match &source {
        Some(source) => CampaignPaths::of_file(&global.campaign_options(), source, &args.reading.options())?,
        None => CampaignPaths::of_campaign(&global.campaign_options())?,
    };
    args.service.options().apply(&mut definition)?;
    let asked = app::doctor::examine(source.as_ref(), &definition, &paths, &session.clock);
    let findings = sending::runtime()?.block_on(asked)?;
    let exit = if findings::worst(&findings) == Status::Failed { Exit::Halted } else { Exit::Done };
    if global.json {
        let findings: Vec<ShownFinding<'_>> = findings
            .iter()
            .map(|finding| ShownFinding { finding, next: next_step::of_finding(finding, global) })
            .collect();
        output::json(&json!({ "campaign": definition.name, "findings": findings, "exit": exit.code() }))?;
    } else {
        let text = text(&definition.name, &findings, global);
        output::line(text.trim_end_matches('\n'))?;
    }
    Ok(exit)
}

/// Longest finding that is told, in characters.
const LONGEST: usize = 1_000;

/// A finding as programs read it.
#[derive(Serialize)]
struct ShownFinding<'a> {
    #[serde(flatten)]
    finding: &'a Finding,
    next: Option<String>,
}

/// One line for each finding, what to do below it, and the verdict at the end.
fn text(campaign: &str, findings: &[Finding], global: &GlobalArgs) -> String {
    let mut text = String::new();
    let widest = findings.iter().map(|finding| finding.id.len()).max().unwrap_or(0);
    for finding in findings {
        let Finding { id, status, summary, .. } = finding;
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:11}  {id:widest$}  {}", status.word(), summary.shown_up_to(LONGEST));
        if let Some(next) = next_step::of_finding(finding, global) {
            let _ = writeln!(text, "{:11}  {:widest$}  next: {next}", "", "");
        }
    }
    let ids = |wanted: Status| {
        let ids = findings.iter().filter(|finding| finding.status == wanted).map(|finding| finding.id);
        ids.collect::<Vec<_>>().join(", ")
    };
    let failed = ids(Status::Failed);
    let verdict = if failed.is_empty() { "can be sent" } else { "cannot be sent" };
    let because = if failed.is_empty() { String::new() } else { format!(", because of {failed}") };
    let unknown = ids(Status::NotChecked);
    let unknown = if unknown.is_empty() { String::new() } else { format!("; not checked: {unknown}") };
    let _ = writeln!(text, "\n{campaign} {verdict}{because}{unknown}");
    text
}
