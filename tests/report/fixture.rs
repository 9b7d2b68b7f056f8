//! A small campaign in a journal, made as a run makes it. It asserts nothing.

use std::path::{Path, PathBuf};

use campaign::cli::commands::report::{ReportArgs, write};
use campaign::cli::session::Asked;
use campaign::domain::delivery::state::Event;
use campaign::domain::message::request::{Leaf, Message, RequestTemplate};
use campaign::domain::row::token::TokenSpace;
use campaign::domain::unix_millis::UnixMillis;
use campaign::journal::{
    CampaignId, ClaimRequest, Content, Counters, FileLine, Identity, Journal, NewRun, Pass, RowId, RunEnd,
    Service, Settlement, Writer,
};
use campaign::report::ReportError;
use tempfile::TempDir;

pub(crate) const NAME: &str = "spring";
const SOURCE: &str = "arn:aws:connect:us-west-2:123456789012:phone-number/0f";
/// 2026-03-01T09:30:00Z.
pub(crate) const BASE: UnixMillis = UnixMillis::from_millis(1_772_357_400_000);

pub(crate) struct Place {
    _folder: TempDir,
    pub(crate) journal: PathBuf,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let journal = folder.path().join("journal.db");
        Self { _folder: folder, journal }
    }

    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.journal.with_file_name(name)
    }

    pub(crate) fn open(&self) -> (Journal, CampaignId) {
        self.open_named(NAME)
    }

    pub(crate) fn open_named(&self, name: &str) -> (Journal, CampaignId) {
        let mut journal = Journal::open(&self.journal).expect("a journal");
        let identity = Identity {
            name: name.to_owned(),
            instance_id: "i".to_owned(),
            key_column: Some("id".to_owned()),
            service: Service::Simulated,
        };
        let id = journal.campaign(&identity, BASE).expect("a campaign");
        (journal, id)
    }

    /// The report as stdout gets it.
    pub(crate) fn report(&self, args: &ReportArgs) -> Result<String, ReportError> {
        let mut out = Vec::new();
        write(args, &self.asked(), &mut out, &mut Vec::new())?;
        Ok(String::from_utf8(out).expect("reports are UTF-8"))
    }

    pub(crate) fn asked(&self) -> Asked<'_> {
        Asked { journal: &self.journal, campaign: Some(NAME), json: false, quiet: false }
    }
}

/// A line whose columns are `id`, `phone` and whatever the file has besides.
pub(crate) fn line(number: u64, cells: &[&str]) -> FileLine {
    let text = |cell: &&str| (*cell).to_owned();
    let content = Content::Recipient {
        key: cells[0].to_owned(),
        destination: cells[1].to_owned(),
        client_token: TokenSpace::new("i", NAME).token(cells[0]),
        slots: vec![format!("Hi {}", cells[0])],
        lane: None,
        sender: None,
        window: Default::default(),
        suppressed: None,
    };
    FileLine { number, rejected: None, cells: cells.iter().map(text).collect(), content }
}

/// The same recipient in a file with other columns.
pub(crate) fn with_cells(line: FileLine, cells: &[&str]) -> FileLine {
    FileLine { cells: cells.iter().map(|cell| (*cell).to_owned()).collect(), ..line }
}

pub(crate) fn rejected(number: u64, cells: &[&str], code: &str, reason: &str) -> FileLine {
    let content = Content::Rejected { code: code.to_owned(), reason: reason.to_owned(), key: None };
    FileLine { content, ..line(number, cells) }
}

pub(crate) fn plan(journal: &mut Journal, id: CampaignId, columns: &[&str], lines: &[FileLine]) {
    let columns: Vec<String> = columns.iter().map(|column| (*column).to_owned()).collect();
    let mut plan = journal.begin_plan(id, &shape(), &columns).expect("a plan");
    journal.plan(&mut plan, lines).expect("planned lines");
    journal.finish_plan(plan).expect("a finished plan");
}

fn shape() -> RequestTemplate {
    RequestTemplate {
        message: Some(Message::Text { content_type: "text/plain".to_owned(), content: Leaf::Slot(0) }),
        ..RequestTemplate::plain("i", "f", Leaf::Fixed(SOURCE.to_owned()))
    }
}

/// Claims the next row and says what came of it; the contact id of a started row has its line.
pub(crate) async fn attempt(
    writer: &Writer,
    after: RowId,
    event: Event,
    refusal: Option<(&str, &str)>,
) -> RowId {
    let claimed =
        writer.claim_next(ClaimRequest::new(Pass::Queued, after, 1), BASE).await.expect("a claim").rows;
    let id = claimed[0].id;
    let line = claimed[0].line.unwrap_or(0);
    let settlement = Settlement {
        id,
        event,
        contact_id: matches!(event, Event::Answered).then(|| format!("contact-{line}")),
        refusal: refusal.map(|(code, reason)| (code.to_owned(), reason.to_owned())),
        requested_at: None,
        at: UnixMillis::from_millis(BASE.millis() + 250),
    };
    writer.settle(settlement).await.expect("a settlement");
    id
}

/// Hands the journal to a writer for `work`, and takes it back.
pub(crate) async fn written(journal: Journal, id: CampaignId, work: impl AsyncFnOnce(&Writer)) -> Journal {
    let (writer, task) = Writer::spawn(journal, id);
    work(&writer).await;
    drop(writer);
    task.await.expect("a writer that ends").expect("a journal that was written")
}

pub(crate) fn ran(journal: &mut Journal, id: CampaignId, counters: Counters, exit: u8) {
    let (run, _) =
        journal.begin_run(id, &NewRun { rate: Some(2.0), ..NewRun::default() }, BASE).expect("a run");
    let end = RunEnd { exit, reason: None };
    journal.end_run(run, counters, &end, UnixMillis::from_millis(BASE.millis() + 2_500)).expect("its end");
}

pub(crate) fn to(format: campaign::report::Format, output: Option<&Path>) -> ReportArgs {
    ReportArgs { format: Some(format), output: output.map(Path::to_owned), ..ReportArgs::default() }
}
