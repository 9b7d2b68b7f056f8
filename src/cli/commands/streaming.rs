//! `--stream`: the file is read and planned while the campaign is being sent, for pipes that end late or never.

use std::io;

use tokio::sync::{mpsc, watch};

use crate::cli::commands::failure::Failure;
use crate::cli::commands::planning::{File, planned_as};
use crate::domain::delivery::ending::Exit;
use crate::domain::preflight::Findings;
use crate::engine::PlanProgress;
use crate::journal::{FileLine, Plan, Writer};

/// Lines read ahead of the journal, at most.
const AHEAD: usize = 1_000;

/// A file that is to be read while sending.
pub(in crate::cli::commands) struct Stream {
    pub(in crate::cli::commands) file: Box<File>,
    pub(in crate::cli::commands) findings: Box<Findings>,
    pub(in crate::cli::commands) plan: Plan,
}

/// What the reading thread says.
enum Word {
    Line(FileLine),
    Refused { rejected: u64, of: u64 },
    Failed(Failure),
}

/// Reads and plans to the end of the file. The campaign learns of it through `feed`; dropped, it leaves the plan
/// unfinished, and nothing is withdrawn.
///
/// # Errors
/// Where the file cannot be read any further, or the journal cannot be written.
pub(in crate::cli::commands) async fn feed(
    stream: Stream,
    writer: Writer,
    feed: watch::Sender<PlanProgress>,
) -> Result<(), Failure> {
    let Stream { file, findings, plan } = stream;
    let (sender, mut words) = mpsc::channel(AHEAD);
    // Reading a pipe can block for ever, and a thread of the runtime would then keep the process from ending.
    std::thread::Builder::new()
        .name("recipients".to_owned())
        .spawn(move || read(file, findings, &sender))
        .map_err(|error| start(&error))?;
    let (mut plan, mut queued) = (Box::new(plan), 0);
    let mut group = Vec::new();
    while words.recv_many(&mut group, AHEAD).await > 0 {
        let mut lines = Vec::with_capacity(group.len());
        let mut last = None;
        for word in group.drain(..) {
            match word {
                Word::Line(line) => lines.push(line),
                other => last = Some(other),
            }
        }
        let (same_plan, summary) = writer.plan(plan, lines).await?;
        plan = same_plan;
        queued += summary.queued;
        match last {
            Some(Word::Refused { rejected, of }) => {
                feed.send_replace(PlanProgress::Refused { rejected, of });
                return Ok(());
            }
            Some(Word::Failed(failure)) => {
                feed.send_replace(PlanProgress::Read { queued });
                return Err(failure);
            }
            _ => feed.send_replace(PlanProgress::Reading { queued }),
        };
    }
    writer.finish_plan(plan).await?;
    feed.send_replace(PlanProgress::Read { queued });
    Ok(())
}

fn start(error: &io::Error) -> Failure {
    Failure {
        message: format!("failed to start a thread: {error}"),
        hint: Some("end other programs, then run again".to_owned()),
        exit: Exit::Failure,
    }
}

/// The reading thread. It ends with the file, when too much of it is rejected, or when nobody listens any more.
fn read(mut file: Box<File>, mut findings: Box<Findings>, words: &mpsc::Sender<Word>) {
    loop {
        let word = match file.next() {
            Ok(None) => return,
            Ok(Some((line, row))) => {
                file.watch(&mut findings, &row, planned_as(&line.content));
                if findings.refusal().is_some() {
                    Word::Refused { rejected: findings.rejected(), of: findings.rows() }
                } else {
                    Word::Line(line)
                }
            }
            Err(failure) => Word::Failed(failure),
        };
        let goes_on = matches!(word, Word::Line(_));
        if words.blocking_send(word).is_err() || !goes_on {
            return;
        }
    }
}
