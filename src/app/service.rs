//! How a campaign reaches Amazon Connect and its neighbours.

use crate::app::paths::CampaignPaths;
use crate::connect::Settings;
use crate::domain::definition::Definition;

/// How the definition reaches Amazon Connect.
pub(super) fn settings(definition: &Definition, paths: &CampaignPaths) -> Settings {
    let connect = &definition.connect;
    let (region, profile) = definition.reached_by();
    Settings {
        region,
        profile,
        endpoint_url: connect.endpoint_url.as_ref().map(|url| url.as_str().to_owned()),
        ca_bundle: connect.ca_bundle.as_ref().map(|path| paths.folder().join(path)),
        connect_timeout: connect.connect_timeout,
        read_timeout: connect.read_timeout,
    }
}
