//! What the requests of a campaign have in common, one for each definition and file that was planned.

use rusqlite::Connection;

use crate::domain::message::request::RequestTemplate;
use crate::journal::error::JournalError;
use crate::journal::row::CampaignId;

/// The shapes of a campaign by id, as the journal has them: JSON.
pub(in crate::journal) fn stored(
    connection: &Connection,
    campaign: CampaignId,
) -> Result<Vec<(i64, String)>, JournalError> {
    let mut statement =
        connection.prepare_cached("SELECT id, request FROM shape WHERE campaign_id = ?1 ORDER BY id")?;
    let found = statement.query_map([campaign.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The shapes of a campaign by id.
///
/// # Errors
/// Where one of them cannot be read.
pub(in crate::journal) fn shapes(
    connection: &Connection,
    campaign: CampaignId,
) -> Result<Vec<(i64, RequestTemplate)>, JournalError> {
    let read = |(id, request): (i64, String)| {
        let shape = serde_json::from_str(&request)
            .map_err(|error| JournalError::Unreadable { row: id, what: format!("its request: {error}") })?;
        Ok((id, shape))
    };
    stored(connection, campaign)?.into_iter().map(read).collect()
}
