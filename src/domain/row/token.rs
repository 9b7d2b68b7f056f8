//! The client token: the same row of the same campaign has the same token in every run, on every machine, for ever.
//!
//! Python: `uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_URL, f"campaign:{instance_id}/{campaign}"), key)`.
//! This never changes between versions; the golden values below guard it.

use uuid::Uuid;

/// Derives the client tokens of one campaign.
///
/// Amazon Connect honours a token for 7 days from its creation (`ClientToken` in the API reference of
/// `StartOutboundChatContact`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenSpace(Uuid);

impl TokenSpace {
    /// The tokens of the campaign `name` in the instance with the bare id `instance_id` (not its ARN).
    #[must_use]
    pub fn new(instance_id: &str, name: &str) -> Self {
        let campaign = format!("campaign:{instance_id}/{name}");
        Self(Uuid::new_v5(&Uuid::NAMESPACE_URL, campaign.as_bytes()))
    }

    /// The token of the recipient with this key. Displays as the lower-case hyphenated form that goes over the wire.
    #[must_use]
    pub fn token(&self, key: &str) -> Uuid {
        Uuid::new_v5(&self.0, key.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with Python 3.11's `uuid.uuid5`, see the head of this file.
    #[test]
    fn tokens_equal_pythons_uuid5() {
        let golden = include_str!("token_golden.csv");
        let mut lines = 0;
        for line in golden.lines().skip(1) {
            let cells: Vec<&str> = line.split('|').collect();
            let token = TokenSpace::new(cells[0], cells[1]).token(cells[2]);
            assert_eq!(token.to_string(), cells[3], "{line}");
            lines += 1;
        }
        assert_eq!(lines, 8);
    }
}
