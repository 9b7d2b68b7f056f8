//! The journal of a contact that is started by hand: each attempt is durable before its request leaves, each outcome before
//! anything says so.

use std::path::Path;

use serde_json::{Map, Value};

use crate::app::error::Error;
use crate::domain::cli_input::check::Checked;
use crate::domain::delivery::refusal::Refusal;
use crate::domain::delivery::state::Event;
use crate::domain::message::request::{Leaf, Message, RequestTemplate, SegmentValue};
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{
    BY_HAND, CampaignId, CampaignLock, ClaimByHand, ContactByHand, Identity, Journal, RowId, Service,
    Settlement,
};

/// What the key of such a row is: identifies the campaign, so that no definition of the same name takes it up.
const KEY: &str = "client token";

/// The row of a contact, while it is being started.
#[derive(Debug)]
pub struct RecordByHand {
    journal: Journal,
    campaign: CampaignId,
    contact: ContactByHand,
    row: Option<RowId>,
    _lock: CampaignLock,
}

impl RecordByHand {
    /// Opens the journal, and makes it where there is none. Nothing is written of the contact yet.
    ///
    /// # Errors
    /// Where another process starts a contact by hand in this journal, where the campaign is another instance's, or where the
    /// journal cannot be opened.
    pub fn open(
        path: &Path,
        service: Service,
        (checked, client_token): (&Checked, &str),
        now: UnixMillis,
    ) -> Result<Self, Error> {
        let lock = CampaignLock::take(path, BY_HAND, now)?;
        let mut journal = Journal::open(path)?;
        journal.hold(&lock);
        let identity = Identity {
            name: BY_HAND.to_owned(),
            instance_id: checked.instance_id.clone(),
            key_column: Some(KEY.to_owned()),
            service,
        };
        let campaign = journal.campaign(&identity, now)?;
        let contact = ContactByHand {
            client_token: client_token.to_owned(),
            destination: checked.destination.clone(),
            shape: shape(&checked.instance_id, &checked.members),
            body: String::from_utf8_lossy(&checked.body(client_token)).into_owned(),
        };
        Ok(Self { journal, campaign, contact, row: None, _lock: lock })
    }

    /// Makes the next attempt durable, where one may be made.
    ///
    /// # Errors
    /// Where the journal cannot be written: no request may leave.
    pub fn claim(&mut self, now: UnixMillis) -> Result<ClaimByHand, Error> {
        let claim = self.journal.claim_by_hand(self.campaign, &self.contact, now)?;
        if let ClaimByHand::Claimed(claimed) = &claim {
            self.row = Some(claimed.id);
        }
        Ok(claim)
    }

    /// Makes durable what came of the attempt.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub fn settle(
        &mut self,
        event: Event,
        answer: Result<&str, &Refusal>,
        now: UnixMillis,
    ) -> Result<(), Error> {
        let Some(id) = self.row else { return Ok(()) };
        let settlement = Settlement {
            id,
            event,
            contact_id: answer.ok().map(str::to_owned),
            refusal: answer
                .err()
                .map(|refusal| (refusal.code.raw().to_owned(), refusal.message.raw().to_owned())),
            requested_at: None,
            at: now,
        };
        self.journal.settle_by_hand(self.campaign, &settlement)?;
        Ok(())
    }
}

/// What the report tells of the request besides its body.
fn shape(instance_id: &str, members: &Map<String, Value>) -> RequestTemplate {
    let text = |path: &[&str]| {
        let (first, rest) = path.split_first()?;
        let value = rest.iter().try_fold(members.get(*first)?, |value, name| value.get(name))?;
        value.as_str().map(str::to_owned)
    };
    let fixed = |path: &[&str]| Leaf::Fixed(text(path).unwrap_or_default());
    // How long it may be open is what campaigns wait for that reach the same number.
    let minutes = members.get("ChatDurationInMinutes").and_then(Value::as_u64);
    let subtype = ["SegmentAttributes", "connect:Subtype", "ValueString"];
    RequestTemplate {
        instance_id: instance_id.to_owned(),
        sender_instance_id: None,
        contact_flow_id: fixed(&["ContactFlowId"]),
        source: fixed(&["SourceEndpoint", "Address"]),
        segment_attributes: [(subtype[1].to_owned(), SegmentValue::String(fixed(&subtype)))].into(),
        attributes: std::collections::BTreeMap::new(),
        chat_duration_minutes: minutes.and_then(|minutes| minutes.try_into().ok()),
        display_name: None,
        message: text(&["InitialSystemMessage", "Content"]).map(|content| Message::Text {
            content_type: text(&["InitialSystemMessage", "ContentType"]).unwrap_or_default(),
            content: Leaf::Fixed(content),
        }),
        related_contact_id: None,
        supported_content_types: Vec::new(),
    }
}
