//! A file that is read and planned while the campaign is sent, for pipes that end late or never.

use tokio::sync::{mpsc, watch};

use crate::app::error::Error;
use crate::app::plan_file::PlanFile;
use crate::domain::preflight::Findings;
use crate::engine::PlanProgress;
use crate::journal::{FileLine, JournalError, Plan, Writer};

/// Lines read ahead of the journal, at most.
const AHEAD: usize = 1_000;

/// A file that is to be read while sending.
pub(super) struct Stream {
    pub(super) file: Box<PlanFile>,
    pub(super) findings: Box<Findings>,
    pub(super) plan: Plan,
}

/// What the reader of a file sends to the plan.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "lines, mostly")]
pub enum StreamItem {
    /// The next line.
    Line(FileLine),
    /// Too many lines are rejected.
    Refused {
        /// Rejected lines...
        rejected: u64,
        /// ...among so many.
        of: u64,
    },
    /// The file cannot be read any further.
    Failed(Error),
}

/// Plans what comes until the channel closes. The campaign follows through `progress`; dropped, this leaves the plan
/// unfinished, and nothing is withdrawn.
///
/// # Errors
/// Where the file cannot be read any further, or the journal cannot be written.
pub(super) async fn plan(
    plan: Plan,
    mut items: mpsc::Receiver<StreamItem>,
    writer: Writer,
    progress: watch::Sender<PlanProgress>,
) -> Result<(), Error> {
    let (mut plan, mut queued) = (Box::new(plan), 0);
    let mut group = Vec::new();
    while items.recv_many(&mut group, AHEAD).await > 0 {
        let mut lines = Vec::with_capacity(group.len());
        let mut last = None;
        for item in group.drain(..) {
            match item {
                StreamItem::Line(line) => lines.push(line),
                other => last = Some(other),
            }
        }
        let (same_plan, summary) = writer.plan(plan, lines).await?;
        plan = same_plan;
        queued += summary.queued;
        if let Some(misfit) = plan.misfit() {
            // What was corrected before it is sent.
            progress.send_replace(PlanProgress::Read { queued });
            return Err(JournalError::Misfit(misfit).into());
        }
        match last {
            Some(StreamItem::Refused { rejected, of }) => {
                progress.send_replace(PlanProgress::Refused { rejected, of });
                return Ok(());
            }
            Some(StreamItem::Failed(error)) => {
                progress.send_replace(PlanProgress::Read { queued });
                return Err(error);
            }
            _ => progress.send_replace(PlanProgress::Reading { queued }),
        };
    }
    writer.finish_plan(plan).await?;
    progress.send_replace(PlanProgress::Read { queued });
    Ok(())
}

/// Reads the file on a thread: reading a pipe can block for ever, and a thread of the runtime would then keep the process
/// from ending.
pub(super) fn read_ahead(
    file: Box<PlanFile>,
    findings: Box<Findings>,
) -> Result<mpsc::Receiver<StreamItem>, Error> {
    let (sender, items) = mpsc::channel(AHEAD);
    std::thread::Builder::new()
        .name("recipients".to_owned())
        .spawn(move || read(file, findings, &sender))
        .map_err(|error| Error::no_thread(&error))?;
    Ok(items)
}

/// The reading thread. It ends with the file, when too much of it is rejected, or when the run has ended.
fn read(mut file: Box<PlanFile>, mut findings: Box<Findings>, items: &mpsc::Sender<StreamItem>) {
    loop {
        let item = match file.next_line(&mut findings) {
            Ok(None) => return,
            Ok(Some(line)) => {
                if findings.refusal().is_some() {
                    StreamItem::Refused { rejected: findings.rejected(), of: findings.rows() }
                } else {
                    StreamItem::Line(line)
                }
            }
            Err(error) => StreamItem::Failed(error),
        };
        let goes_on = matches!(item, StreamItem::Line(_));
        if items.blocking_send(item).is_err() || !goes_on {
            return;
        }
    }
}
