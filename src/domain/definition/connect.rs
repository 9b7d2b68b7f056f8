//! `[connect]`: which instance, from which machine.

use std::time::Duration;

use super::document::Value;
use super::reader::Reader;
use super::senders;
use crate::domain::arn::{self, Home};
use crate::domain::foreign::shown;
use crate::domain::message::content::{Channel, ContentType, MessageEncoding};
use crate::domain::message::limits::Rules;
use crate::domain::problem::SourceSpan;

/// Where contacts are started, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectSettings {
    /// The bare id.
    pub instance_id: String,
    /// The Region: the given one, else that of the ARNs.
    pub region: Option<String>,
    /// What an ARN says of the Region; `None` where none is fixed.
    pub arn_region: Option<ArnRegion>,
    /// The account, where an ARN tells it.
    pub account: Option<String>,
    /// The profile of the AWS configuration files.
    pub profile: Option<String>,
    /// Another endpoint.
    pub endpoint_url: Option<EndpointUrl>,
    /// A file of PEM certificates, as the definition has it.
    pub ca_bundle: Option<String>,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest wait for an answer.
    pub read_timeout: Duration,
}

/// The Region of an ARN of the definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArnRegion {
    /// The key with the ARN.
    pub key: &'static str,
    /// Where it stands.
    pub place: Option<SourceSpan>,
    /// The Region.
    pub region: String,
}

/// An `https://` URL, or an `http://` one to this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointUrl(String);

/// A URL that requests must not go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadEndpoint {
    /// No URL with a scheme and a host.
    #[error("is not a URL such as https://connect.us-west-2.amazonaws.com")]
    NotAUrl,
    /// Messages and numbers in clear text over a network.
    #[error("must begin with https://; plain http:// is for loopback only (127.0.0.1, [::1], localhost)")]
    NotEncrypted,
}

impl EndpointUrl {
    /// A URL that requests may go to.
    ///
    /// # Errors
    /// [`BadEndpoint`] for anything else.
    pub fn parse(text: &str) -> Result<Self, BadEndpoint> {
        let uri: http::Uri = text.parse().map_err(|_| BadEndpoint::NotAUrl)?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or(BadEndpoint::NotAUrl)?;
        let userinfo = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
        // A port out of range would be dropped, and another one asked.
        let after_host = uri.authority().and_then(|authority| authority.as_str().strip_prefix(host));
        let bad_port =
            after_host.is_some_and(|port| !port.is_empty()) && uri.port_u16().is_none_or(|port| port == 0);
        if userinfo || bad_port || text.contains(['?', '#']) {
            return Err(BadEndpoint::NotAUrl);
        }
        match uri.scheme_str() {
            Some("https") => Ok(Self(text.to_owned())),
            Some("http") if is_loopback_host(host) => Ok(Self(text.to_owned())),
            Some("http") => Err(BadEndpoint::NotEncrypted),
            _ => Err(BadEndpoint::NotAUrl),
        }
    }

    /// Whether it leads to this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.0.parse::<http::Uri>().is_ok_and(|uri| uri.host().is_some_and(is_loopback_host))
    }

    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a host of a URL is this machine: `localhost`, or a loopback address.
#[must_use]
pub fn is_loopback_host(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// The settings, and the rules as far as they follow from them.
pub(super) fn resolve(reader: &mut Reader<'_>) -> (ConnectSettings, Rules) {
    let channel =
        reader.text("connect.channel").and_then(|name| Channel::parse(&name)).unwrap_or(Channel::Sms);
    let (instance_id, instance_home) = instance(reader);
    let (region, account, arn_region) = home(reader, instance_home.as_ref());
    let endpoint_url = reader.text("connect.endpoint_url").and_then(|url| match EndpointUrl::parse(&url) {
        Ok(url) => Some(url),
        Err(bad) => {
            let place = reader.place("connect.endpoint_url");
            let hint = "leave it out to send to Amazon Connect";
            reader.mistake(place, format!("`connect.endpoint_url` {bad}"), hint);
            None
        }
    });
    let connect = ConnectSettings {
        instance_id: instance_id.clone(),
        region: region.clone(),
        arn_region,
        account,
        profile: reader.text("connect.profile"),
        endpoint_url,
        ca_bundle: reader.text("connect.ca_bundle"),
        connect_timeout: reader.duration("connect.connect_timeout").unwrap_or_default(),
        read_timeout: reader.duration("connect.read_timeout").unwrap_or_default(),
    };
    let content_type = ContentType::Plain;
    (connect, Rules { channel, content_type, encoding: MessageEncoding::AsIs, instance_id, region })
}

fn instance(reader: &mut Reader<'_>) -> (String, Option<Home>) {
    let Some(text) = reader.text("connect.instance_id") else { return Default::default() };
    let found = arn::instance(&text);
    if let Ok((id, _)) = &found
        && !arn::is_uuid(id)
    {
        let place = reader.place("connect.instance_id");
        let hint = "an id is like 11111111-2222-3333-4444-555555555555; the instance's page in the AWS console shows its ARN";
        reader.mistake(
            place,
            format!("`connect.instance_id` cannot be the id of an instance: {}", shown(id)),
            hint,
        );
    }
    found.unwrap_or_else(|mistake| {
        let place = reader.node("connect.instance_id").and_then(|node| node.place);
        let hint =
            "the instance's page in the AWS console shows its ARN; so does `aws connect list-instances`";
        reader.mistake(place, format!("`connect.instance_id` {mistake}"), hint);
        Default::default()
    })
}

/// The Region that is given, else that of the first ARN, and the account. Every ARN must be in them.
fn home(
    reader: &mut Reader<'_>,
    instance: Option<&Home>,
) -> (Option<String>, Option<String>, Option<ArnRegion>) {
    let given = reader.text("connect.region");
    let given = given.filter(|region| {
        let is_region = arn::is_region(region);
        if !is_region {
            let place = reader.place("connect.region");
            let hint = "leave it out: the ARNs name the Region";
            reader.mistake(place, "`connect.region` must be a Region such as us-west-2", hint);
        }
        is_region
    });
    let source = fixed(reader, "connect.source").or_else(|| senders::first_source(reader));
    let source = source.and_then(|text| arn::phone_number(&text).ok());
    let flow = fixed(reader, "connect.contact_flow_id").and_then(|text| arn::flow(&text, "").ok()?.1);
    let homes = [source.as_ref(), instance, flow.as_ref()];
    let region = given.or_else(|| homes.iter().flatten().next().map(|home| home.region.clone()));
    let of_arns = ["connect.source", "connect.instance_id", "connect.contact_flow_id"].into_iter().zip(homes);
    let arn = of_arns.filter_map(|(key, home)| Some((key, home?.region.clone()))).next();
    // Source and flow are held against the Region with their other limits.
    if let (Some(region), Some(instance)) = (&region, instance)
        && instance.region != *region
    {
        let place = reader.place("connect.instance_id");
        let message = format!(
            "`connect.instance_id` is in the Region {}, and the campaign in {region}",
            instance.region
        );
        reader.mistake(place, message, "a campaign has one Region: that of its ARNs");
    }
    let mut accounts = homes.iter().flatten().map(|home| &home.account);
    let account = accounts.next();
    if let Some(first) = account
        && let Some(other) = accounts.find(|account| *account != first)
    {
        let place = reader.place("connect.source");
        let message = format!("[connect] names resources of account {first} and of account {other}");
        reader.mistake(place, message, "take instance, flow and number of one account");
    }
    let arn = arn.map(|(key, region)| ArnRegion { key, place: reader.place(key), region });
    (region, account.cloned(), arn)
}

/// A text that has no placeholders.
fn fixed(reader: &Reader<'_>, path: &str) -> Option<String> {
    match reader.node(path)?.value {
        Value::Text(text) if !text.contains("{{") => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_go_out_encrypted_or_not_at_all() {
        for url in [
            "https://x.example",
            "http://127.0.0.1:8080",
            "http://127.9.9.9/",
            "http://[::1]:1",
            "http://localhost",
        ] {
            assert_eq!(EndpointUrl::parse(url).map(|url| url.0).as_deref(), Ok(url));
        }
        for url in [
            "http://x.example",
            "http://localhost.x.example",
            "http://127.0.0.1.x.example",
            "http://10.0.0.1",
        ] {
            assert_eq!(EndpointUrl::parse(url), Err(BadEndpoint::NotEncrypted), "{url}");
        }
        for url in
            ["", "x.example", "ftp://x", "https://", "https://u:p@x", "http://localhost@x.example", "/path"]
                .into_iter()
                .chain([
                    "http://127.0.0.1:99999",
                    "http://127.0.0.1:0",
                    "https://x.example:",
                    "https://[::1]:65536",
                    "http://127.0.0.1:1/?x",
                    "http://127.0.0.1:1#x",
                ])
        {
            assert_eq!(EndpointUrl::parse(url), Err(BadEndpoint::NotAUrl), "{url}");
        }
    }
}
