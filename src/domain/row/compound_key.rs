//! Keys of several columns: one text, each part with its length in front, so that no two rows can meet.
//!
//! `customer_id` 0017 and `visit_date` 2026-12-01 are `4:0017 10:2026-12-01`. The length counts bytes of UTF-8. A key of
//! one column is its cell and nothing else. This never changes between versions: it is in the client tokens.

/// The key of several cells.
#[must_use]
pub fn join(parts: &[&str]) -> String {
    let mut key = String::new();
    for part in parts {
        if !key.is_empty() {
            key.push(' ');
        }
        key.push_str(&format!("{}:{part}", part.len()));
    }
    key
}

/// The cells of a key that [`join`] made of two or more; `None` for every other text.
#[must_use]
pub fn parts(key: &str) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    let mut rest = key;
    loop {
        let (length, behind) = rest.split_once(':')?;
        if length.is_empty() || !length.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (part, behind) = behind.split_at_checked(length.parse().ok()?)?;
        parts.push(part);
        match behind.strip_prefix(' ') {
            Some(more) => rest = more,
            None if behind.is_empty() && parts.len() > 1 => return Some(parts),
            None => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_of_several_columns_is_what_it_was() {
        assert_eq!(join(&["0017", "2026-12-01"]), "4:0017 10:2026-12-01");
        assert_eq!(parts("4:0017 10:2026-12-01"), Some(vec!["0017", "2026-12-01"]));
        for key in ["", "0017", "4:0017", "4:0017 10:2026", "4:0017  2:ab", ":a 1:b", "+1:a 1:b"] {
            assert_eq!(parts(key), None, "{key}");
        }
    }

    proptest! {
        #[test]
        fn no_two_rows_meet(a in proptest::collection::vec(".{0,6}", 2..4), b in proptest::collection::vec(".{0,6}", 2..4)) {
            let [x, y] = [&a, &b].map(|cells| cells.iter().map(String::as_str).collect::<Vec<_>>());
            prop_assert_eq!(join(&x) == join(&y), a == b);
            let key = join(&x);
            prop_assert_eq!(parts(&key), Some(x));
        }
    }
}
