//! Who may be claimed by a run, besides what the journal's own list says.

use std::sync::Arc;

use uuid::Uuid;

use crate::domain::limits::ContactLimits;
use crate::domain::row::suppression::Suppression;
use crate::journal::row::{CampaignId, OptOutListId};

/// Who may be claimed by this run, besides what the journal's own list says.
#[derive(Debug, Clone, Default)]
pub struct Admission {
    /// The lists that the definition names.
    pub suppression: Suppression,
    /// The greatest client token of the run's sample, where it is for a sample only.
    pub sample: Option<Uuid>,
    /// The account's opt-out lists behind the campaign's senders.
    pub opt_out_lists: Vec<OptOutListId>,
    /// Campaigns of this journal whose contacts are not contacted, with their names.
    pub not_in: Vec<(CampaignId, Arc<str>)>,
    /// What earlier contacts forbid.
    pub limits: ClaimLimits,
    /// The phone number of every source whose number is not known: a simulator has one for all. Never kept.
    pub assumed_number: Option<String>,
}

/// What earlier contacts forbid.
#[derive(Debug, Clone, Default)]
pub struct ClaimLimits {
    /// The limits of the definition.
    pub limits: ContactLimits,
    /// Of one sender and one number, only one contact may be open.
    pub one_open: bool,
}
