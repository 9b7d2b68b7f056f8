//! Where requests go: the definition's endpoint, else the environment's, else Amazon Connect's own.
//!
//! The order is the SDK's: code, `AWS_ENDPOINT_URL_CONNECT`, the profile's `connect` service section, `AWS_ENDPOINT_URL`.
//! It is resolved here, because the campaign must know whether its contacts will be real.

use aws_config::SdkConfig;
use aws_types::service_config::ServiceConfigKey;

use super::error::ConnectError;
use crate::domain::definition::EndpointUrl;

/// The endpoint that the environment or the profile names for a service, if any. `service_id` is the model's, such as
/// `Connect` or `Pinpoint SMS Voice V2`.
///
/// # Errors
/// [`ConnectError::Insecure`] for plain http to another machine.
pub(super) fn of_service(config: &SdkConfig, service_id: &str) -> Result<Option<String>, ConnectError> {
    let key =
        ServiceConfigKey::builder().service_id(service_id).env("AWS_ENDPOINT_URL").profile("endpoint_url");
    let key = key.build().expect("all three are set");
    let of_service = config.service_config().and_then(|services| services.load_config(key));
    match of_service.or_else(|| config.endpoint_url().map(str::to_owned)) {
        Some(url) if EndpointUrl::parse(&url).is_ok() => Ok(Some(url)),
        Some(url) => Err(ConnectError::Insecure(without_password(&url))),
        None => Ok(None),
    }
}

/// The URL without a name and password in it: it is printed.
pub(super) fn without_password(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match authority.rfind('@') {
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => url.to_owned(),
    }
}

/// Whether a URL leads to this machine.
pub(super) fn is_loopback(url: &str) -> bool {
    EndpointUrl::parse(url).is_ok_and(|url| url.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_printed() {
        for (url, printed) in [
            ("https://user:secret@host/x@y", "https://host/x@y"),
            ("http://host:1/a@b", "http://host:1/a@b"),
            ("nonsense", "nonsense"),
        ] {
            assert_eq!(without_password(url), printed);
        }
    }

    #[test]
    fn loopback_is_told_from_what_looks_like_it() {
        for url in ["http://127.0.0.1:8080", "http://127.9.9.9", "http://localhost:1/x", "http://[::1]:80"] {
            assert!(is_loopback(url), "{url}");
        }
        for url in [
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://10.0.0.1",
            "nonsense",
            "",
        ] {
            assert!(!is_loopback(url), "{url}");
        }
    }
}
