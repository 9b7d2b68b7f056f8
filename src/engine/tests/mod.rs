//! The parts of the engine that ask the journal, each alone with a real one in virtual time.

mod queue;
mod shared_permits;

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use super::*;
use crate::domain::delivery::state::{Doubt, Event};
use crate::domain::message::request::{Leaf, RequestTemplate};
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{
    CampaignId, ClaimRequest, Claimed, Content, FileLine, Identity, Journal, Pass, RowId, Service, Settlement,
};

/// A journal with a campaign, and its writer.
struct Desk {
    folder: tempfile::TempDir,
    writer: Writer,
    clock: Clock,
    campaign: CampaignId,
}

impl Desk {
    /// With so many rows, from line 1 on.
    fn new(rows: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::from_tokio(UnixMillis::from_millis(0));
        let mut journal = Journal::open(&folder.path().join("journal.db")).unwrap();
        let identity = Identity {
            name: "n".to_owned(),
            instance_id: "i".to_owned(),
            key_column: None,
            service: Service::Simulated,
        };
        let campaign = journal.campaign(&identity, clock.now()).unwrap();
        let mut plan = journal.begin_plan(campaign, &shape(), &["key".to_owned()]).unwrap();
        let lines: Vec<FileLine> = (1..=rows).map(line).collect();
        journal.plan(&mut plan, &lines).unwrap();
        journal.finish_plan(plan).unwrap();
        let (writer, _) = Writer::spawn(journal, campaign);
        Self { folder, writer, clock, campaign }
    }

    /// With rows that an earlier run left in doubt.
    async fn in_doubt(rows: u64, in_doubt: u32) -> Self {
        let desk = Self::new(rows);
        let wanted = ClaimRequest::new(Pass::Queued, RowId::START, in_doubt);
        desk.writer.claim_next(wanted, desk.clock.now()).await.unwrap();
        desk
    }

    /// A row comes back to the queue.
    async fn give_back(&self, row: &Claimed) {
        let event = Event::GivenBack(Doubt::None);
        let settlement = Settlement {
            id: row.id,
            event,
            contact_id: None,
            refusal: None,
            requested_at: None,
            at: self.clock.now(),
        };
        self.writer.settle(settlement).await.unwrap();
    }

    /// Another handle of the journal reads more rows from the file.
    fn plan(&self, numbers: std::ops::RangeInclusive<u64>) {
        let mut journal = Journal::open(&self.folder.path().join("journal.db")).unwrap();
        let mut plan = journal.begin_plan(self.campaign, &shape(), &["key".to_owned()]).unwrap();
        let lines: Vec<FileLine> = numbers.map(line).collect();
        journal.plan(&mut plan, &lines).unwrap();
    }
}

fn shape() -> RequestTemplate {
    RequestTemplate::plain("i", "f", Leaf::Fixed("s".to_owned()))
}

fn line(number: u64) -> FileLine {
    let content = Content::Recipient {
        key: number.to_string(),
        destination: format!("+120255501{number:02}"),
        client_token: Uuid::from_u64_pair(number, number),
        slots: Vec::new(),
        lane: None,
        sender: None,
        window: Default::default(),
        suppressed: None,
    };
    FileLine { number, rejected: None, cells: vec![number.to_string()], content }
}
