//! The presets that this version has: TOML in `campaigns/rules/`, embedded, so that the binary is enough.
//!
//! What they say is data of secondary sources, and no advice.

/// The presets by name.
pub const PRESETS: &[(&str, &str)] = &[
    ("ae", include_str!("../../../campaigns/rules/ae.toml")),
    ("au", include_str!("../../../campaigns/rules/au.toml")),
    ("by-country", include_str!("../../../campaigns/rules/by-country.toml")),
    ("ca", include_str!("../../../campaigns/rules/ca.toml")),
    ("fr", include_str!("../../../campaigns/rules/fr.toml")),
    ("in", include_str!("../../../campaigns/rules/in.toml")),
    ("jo", include_str!("../../../campaigns/rules/jo.toml")),
    ("my", include_str!("../../../campaigns/rules/my.toml")),
    ("th", include_str!("../../../campaigns/rules/th.toml")),
    ("tw", include_str!("../../../campaigns/rules/tw.toml")),
    ("us-al", include_str!("../../../campaigns/rules/us-al.toml")),
    ("us-ct", include_str!("../../../campaigns/rules/us-ct.toml")),
    ("us-federal", include_str!("../../../campaigns/rules/us-federal.toml")),
    ("us-fl", include_str!("../../../campaigns/rules/us-fl.toml")),
    ("us-ky", include_str!("../../../campaigns/rules/us-ky.toml")),
    ("us-la", include_str!("../../../campaigns/rules/us-la.toml")),
    ("us-ma", include_str!("../../../campaigns/rules/us-ma.toml")),
    ("us-md", include_str!("../../../campaigns/rules/us-md.toml")),
    ("us-ms", include_str!("../../../campaigns/rules/us-ms.toml")),
    ("us-nm", include_str!("../../../campaigns/rules/us-nm.toml")),
    ("us-nv", include_str!("../../../campaigns/rules/us-nv.toml")),
    ("us-ok", include_str!("../../../campaigns/rules/us-ok.toml")),
    ("us-ri", include_str!("../../../campaigns/rules/us-ri.toml")),
    ("us-sd", include_str!("../../../campaigns/rules/us-sd.toml")),
    ("us-states", include_str!("../../../campaigns/rules/us-states.toml")),
    ("us-strict", include_str!("../../../campaigns/rules/us-strict.toml")),
    ("us-tx", include_str!("../../../campaigns/rules/us-tx.toml")),
    ("us-wa", include_str!("../../../campaigns/rules/us-wa.toml")),
    ("us-wy", include_str!("../../../campaigns/rules/us-wy.toml")),
];

/// A preset's text by its name.
#[must_use]
pub fn preset(name: &str) -> Option<&'static str> {
    PRESETS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
