//! The contacts of a campaign by the moments at which their requests left: what became of a rehearsal.

use std::collections::HashMap;

use rusqlite::params;

use crate::domain::delivery::state::State;
use crate::domain::hours::Lane;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::error::JournalError;
use crate::journal::file::open::Reader;
use crate::journal::plan::lanes;
use crate::journal::row::{CampaignId, RowId, StampColumn};

/// A contact that was started.
#[derive(Debug, Clone, Copy)]
pub struct StartedContact<'a> {
    /// Its row.
    pub row: RowId,
    /// The number, in E.164; `None` where it was purged.
    pub destination: Option<&'a str>,
    /// Where the recipient may be, as far as the campaign has hours.
    pub lane: Option<&'a Lane>,
    /// When the request left that was answered with it.
    pub requested_at: UnixMillis,
}

impl Reader {
    /// Calls `each` with the contacts of the campaign whose requests left from that moment on.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn each_contact_since(
        &self,
        campaign: CampaignId,
        since: UnixMillis,
        mut each: impl FnMut(StartedContact<'_>),
    ) -> Result<(), JournalError> {
        let lanes = lanes::lanes(&self.connection, campaign)?.into_iter();
        let lanes: HashMap<i64, Lane> =
            lanes.filter_map(|open| Some((open.id?, open.lane?))).map(|(id, lane)| (id.0, lane)).collect();
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT id, destination, lane_id, requested_at FROM row NOT INDEXED
             WHERE campaign_id = ?1 AND state = {} AND requested_at >= ?2 ORDER BY id",
            State::Started.code()
        ))?;
        let mut rows = statement.query(params![campaign.0, StampColumn(since)])?;
        while let Some(row) = rows.next()? {
            each(StartedContact {
                row: RowId(row.get(0)?),
                destination: row.get_ref(1)?.as_str_or_null().map_err(rusqlite::Error::from)?,
                lane: row.get::<_, Option<i64>>(2)?.and_then(|lane| lanes.get(&lane)),
                requested_at: row.get::<_, StampColumn>(3)?.0,
            });
        }
        Ok(())
    }
}
