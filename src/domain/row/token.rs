//! The client token: the same row of the same campaign has the same token in every run, on every machine, for ever.
//!
//! Python: `uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_URL, f"campaign:{instance_id}/{campaign}"), key)`.
//! A row that failed, was corrected and is tried again for the nth time has another payload, and so another token: the same of
//! `key + "\u001f" + str(n)`.
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

    /// The token of the recipient with this key after `n` corrections of failed attempts.
    #[must_use]
    pub fn corrected(&self, key: &str, n: u32) -> Uuid {
        match n {
            0 => self.token(key),
            n => Uuid::new_v5(&self.0, format!("{key}\u{1f}{n}").as_bytes()),
        }
    }

    /// By what a key without what spreadsheets change is known where the key itself was removed. No token of any key is
    /// the same:
    /// `uuid5` of `fold + "\u{1f}fold"`.
    #[must_use]
    pub fn fold(&self, fold: &str) -> Uuid {
        Uuid::new_v5(&self.0, format!("{fold}\u{1f}fold").as_bytes())
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

    /// Made with Python 3.11's `uuid.uuid5`: of `fold + chr(0x1f) + "fold"`. Journals that were purged have them.
    #[test]
    fn folds_equal_pythons_uuid5() {
        for (campaign, fold, expected) in [
            ("spring", "17", "5f0597f9-cd5d-5c4a-88e7-b8598b4061bb"),
            ("Früh/ling", "zoë", "1889a030-2f3b-5279-8ed6-99038fc27023"),
        ] {
            let tokens = TokenSpace::new("11111111-2222-3333-4444-555555555555", campaign);
            assert_eq!(tokens.fold(fold).to_string(), expected, "{campaign}/{fold}");
        }
    }

    /// Made with Python 3.11's `uuid.uuid5`: of `key + chr(0x1f) + str(n)`.
    #[test]
    fn tokens_of_corrections_equal_pythons_uuid5() {
        for (campaign, key, n, expected) in [
            ("spring", "C-1", 1, "3b0c0e2b-39a4-50ad-aee3-0f2eb2983cc2"),
            ("spring", "C-1", 2, "d3466a4c-ad7f-5f4c-b315-847fac40b669"),
            ("spring", "C-1", 10, "58c65d0f-461a-5274-8820-2713505b0a6b"),
            ("Früh/ling", "+12025550143", 1, "3bfa0b9d-b9a6-5eb0-ac0a-19152fbe9c5f"),
            ("spring", "", 1, "1f87fd56-3ea2-5a07-8f8e-0a46db4a282a"),
        ] {
            let tokens = TokenSpace::new("11111111-2222-3333-4444-555555555555", campaign);
            assert_eq!(tokens.corrected(key, n).to_string(), expected, "{campaign}/{key}/{n}");
            assert_eq!(tokens.corrected(key, 0), tokens.token(key));
        }
    }
}
