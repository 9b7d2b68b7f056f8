//! The way out. Every HTTP client of the program is made here, so that one place decides what a request goes through, which
//! certificates it trusts, and how much of an answer is read.
//!
//! Deliberately absent: which requests there are, and what an answer means.

use crate::domain::foreign;
use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aws_sdk_connect::config::{RuntimeComponents, SharedHttpClient};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, default_async_sleep};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext};
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use http::Uri;

use super::answer_bounds;
use super::error::{ConnectError, causes};
use super::proxy::ProxyVariables;
use super::tls;

/// The longest answer that is read. The longest of the service's is a flow, of 256,000 characters.
const ANSWER_MAX_BYTES: u64 = 2 << 20;
/// The longest answer to a contact request that is read. The service's have less than 1 KiB.
const CONTACT_ANSWER_MAX_BYTES: u64 = 64 << 10;

/// The way out, for every client of the program.
#[derive(Debug, Clone)]
pub(super) struct Route {
    shared: Arc<SharedRoute>,
}

#[derive(Debug)]
struct SharedRoute {
    variables: ProxyVariables,
    proxy: Option<ProxyConfig>,
    tls: TlsContext,
    /// The file of certificates that are trusted besides the machine's.
    ca_bundle: Option<PathBuf>,
    /// Connectors hold their connections; there is one for each pair of time-outs.
    connectors: RwLock<Vec<(Timeouts, SharedHttpConnector)>>,
}

type Timeouts = (Option<Duration>, Option<Duration>);

impl Route {
    /// The route that the environment asks for. `ca_bundle` is a file of PEM certificates.
    ///
    /// # Errors
    /// [`ConnectError`] for an unusable bundle or proxy.
    pub(super) fn from_environment(ca_bundle: Option<&Path>) -> Result<Self, ConnectError> {
        Self::new(ProxyVariables::from_environment(), ca_bundle)
    }

    pub(super) fn new(variables: ProxyVariables, ca_bundle: Option<&Path>) -> Result<Self, ConnectError> {
        let proxy = variables.https().map(|url| proxy(&url)).transpose()?;
        let tls = ca_bundle.map(tls::context_trusting).transpose()?.unwrap_or_default();
        let shared = SharedRoute {
            variables,
            proxy,
            tls,
            ca_bundle: ca_bundle.map(Path::to_owned),
            connectors: RwLock::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// As the SDK takes it.
    pub(super) fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }
}

/// A proxy, which is spoken to in HTTP or HTTPS.
fn proxy(url: &str) -> Result<ProxyConfig, ConnectError> {
    let failed = |reason: &str| ConnectError::Proxy { reason: reason.to_owned() };
    let uri: Uri =
        url.parse().map_err(|_| failed("it is not a URL such as http://proxy.example.com:8080"))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(failed("it must begin with http:// or https://"));
    }
    if uri.host().is_none_or(str::is_empty) {
        return Err(failed("it names no host"));
    }
    let authority = uri.authority().map(http::uri::Authority::as_str).unwrap_or_default();
    let port = authority.rsplit_once(':').map(|(_, port)| port).filter(|port| !port.ends_with(']'));
    if port.is_some_and(|port| !port.contains('@') && !port.parse::<u16>().is_ok_and(|port| port > 0)) {
        return Err(failed("its port is none"));
    }
    ProxyConfig::https(uri).map_err(|error| failed(&error.to_string()))
}

impl HttpClient for Route {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let timeouts = (settings.connect_timeout(), settings.read_timeout());
        let find = |known: &[(Timeouts, SharedHttpConnector)]| {
            known.iter().find(|(of, _)| *of == timeouts).map(|(_, connector)| connector.clone())
        };
        if let Some(connector) = find(&self.shared.connectors.read().unwrap_or_else(PoisonError::into_inner))
        {
            return connector;
        }
        let mut connectors = self.shared.connectors.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(connector) = find(&connectors) {
            return connector;
        }
        let connector = SharedHttpConnector::new(self.connector(settings, components.sleep_impl().as_ref()));
        connectors.push((timeouts, connector.clone()));
        connector
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        Some(ConnectorMetadata::new("hyper", Some("1.x".into())))
    }
}

impl Route {
    /// For requests that no SDK makes. Each part of one may take so long.
    pub(super) fn plain(&self, timeout: Duration) -> SharedHttpConnector {
        let settings =
            HttpConnectorSettings::builder().connect_timeout(timeout).read_timeout(timeout).build();
        SharedHttpConnector::new(self.connector(&settings, default_async_sleep().as_ref()))
    }

    /// For objects, whose bytes are passed on as they come: however long an answer is, it is read to its end. A connection may
    /// take `connect`, and the head of an answer `read`.
    pub(super) fn download(&self, connect: Duration, read: Duration) -> SharedHttpConnector {
        let settings = HttpConnectorSettings::builder().connect_timeout(connect).read_timeout(read).build();
        let routed = self.connector(&settings, default_async_sleep().as_ref());
        SharedHttpConnector::new(Routed { bounded: false, ..routed })
    }

    fn connector(&self, settings: &HttpConnectorSettings, sleep: Option<&SharedAsyncSleep>) -> Routed {
        let make = |proxy: Option<&ProxyConfig>| {
            let mut builder = Connector::builder().connector_settings(settings.clone());
            builder.set_sleep_impl(sleep.cloned());
            builder.set_proxy_config(proxy.cloned());
            let builder = builder.tls_provider(Provider::Rustls(CryptoMode::AwsLc));
            SharedHttpConnector::new(builder.tls_context(self.shared.tls.clone()).build())
        };
        Routed {
            shared: Arc::clone(&self.shared),
            bounded: true,
            direct: make(None),
            proxied: self.shared.proxy.as_ref().map(|proxy| make(Some(proxy))),
        }
    }
}

/// A connector that takes each request the way that it must go.
#[derive(Debug)]
struct Routed {
    shared: Arc<SharedRoute>,
    /// Whether an answer is read up to a length only.
    bounded: bool,
    direct: SharedHttpConnector,
    proxied: Option<SharedHttpConnector>,
}

impl HttpConnector for Routed {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let uri: Option<Uri> = request.uri().parse().ok();
        let carries = uri.as_ref().is_some_and(|uri| self.shared.variables.carries(uri));
        let proxied = self.proxied.as_ref().filter(|_| carries);
        let contact = request.method() == "PUT" && request.uri().ends_with("/contact/outbound-chat");
        let most = if contact { CONTACT_ANSWER_MAX_BYTES } else { ANSWER_MAX_BYTES };
        let most = Some(most).filter(|_| self.bounded);
        let call = proxied.unwrap_or(&self.direct).call(request);
        let shared = Arc::clone(&self.shared);
        let through_proxy = proxied.is_some();
        HttpConnectorFuture::new(async move {
            match call.await {
                Ok(mut response) => {
                    if let Some(most) = most {
                        let body = response.take_body();
                        *response.body_mut() = answer_bounds::bounded(body, most);
                    }
                    Ok(response)
                }
                Err(error) => Err(shared.explained(error, uri.as_ref(), through_proxy)),
            }
        })
    }
}

impl SharedRoute {
    /// The same error with what it means, where it is one of the route's.
    fn explained(&self, error: ConnectorError, uri: Option<&Uri>, through_proxy: bool) -> ConnectorError {
        // Of a connection that came about and broke, the route has nothing to say.
        if error.is_timeout() || !never_connected(&error) {
            return error;
        }
        let words: Vec<String> = causes(&error).map(ToString::to_string).collect();
        let host = uri.and_then(Uri::host).unwrap_or("the server").to_owned();
        let find = |needle: &str| words.iter().find(|words| words.contains(needle)).cloned();
        let cause = if let Some(words) = find("invalid peer certificate") {
            RouteCause::Certificate { reason: certificate_reason(&words), bundle: self.ca_bundle.clone() }
        } else if through_proxy {
            // The innermost words are the proxy's answer, or why it cannot be reached.
            RouteCause::Tunnel { proxy: self.proxy_name(), reason: words.last().cloned().unwrap_or_default() }
        } else {
            return error;
        };
        let explained = RouteError { host, cause, source: error };
        ConnectorError::io(Box::new(explained))
    }

    /// The proxy's host and port, without name and password.
    fn proxy_name(&self) -> String {
        let uri: Option<Uri> = self.variables.https().and_then(|url| url.parse().ok());
        let authority = uri.as_ref().and_then(Uri::authority).map(http::uri::Authority::as_str);
        let authority = authority.unwrap_or_default();
        authority.rsplit_once('@').map_or(authority, |(_, host)| host).to_owned()
    }
}

/// Whether no connection came about, so that the request has certainly not left.
pub(super) fn never_connected(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|error| {
        let connecting = error.downcast_ref::<hyper_util::client::legacy::Error>();
        let refused = error.downcast_ref::<io::Error>().map(io::Error::kind);
        connecting.is_some_and(hyper_util::client::legacy::Error::is_connect)
            || refused == Some(io::ErrorKind::ConnectionRefused)
    })
}

/// What is wrong with a certificate, from the TLS library's words.
fn certificate_reason(words: &str) -> &'static str {
    let has = |needle: &str| words.to_lowercase().contains(needle);
    if has("unknownissuer") {
        "its issuer is unknown"
    } else if has("expired") {
        "it has expired"
    } else if has("notvalidyet") || has("not valid yet") {
        "it is not valid yet"
    } else if has("notvalidforname") || has("not valid for name") {
        "it is another host's"
    } else if has("causedasendentity") {
        "it is a certificate authority's own"
    } else {
        "it is not valid"
    }
}

/// What stood in the way of a connection.
#[derive(Debug)]
pub(super) struct RouteError {
    host: String,
    cause: RouteCause,
    source: ConnectorError,
}

#[derive(Debug)]
enum RouteCause {
    /// The server's certificate is not trusted.
    Certificate { reason: &'static str, bundle: Option<PathBuf> },
    /// The proxy cannot be reached, or opens no tunnel.
    Tunnel { proxy: String, reason: String },
}

impl fmt::Display for RouteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = &self.host;
        match &self.cause {
            RouteCause::Certificate { reason, bundle: None } => write!(
                f,
                "the certificate of {host} is not trusted ({reason}); if a proxy opens connections, name its \
                 certificate with ca_bundle in [connect] or AWS_CA_BUNDLE"
            ),
            RouteCause::Certificate { reason, bundle: Some(bundle) } => write!(
                f,
                "the certificate of {host} is not trusted ({reason}), neither by this machine nor by the CA bundle {} \
                 (ca_bundle in [connect], or AWS_CA_BUNDLE)",
                foreign::path(bundle)
            ),
            RouteCause::Tunnel { proxy, reason } => write!(
                f,
                "the proxy {proxy} gives no connection to {host}: {reason}; check HTTPS_PROXY, or leave the host out \
                 with NO_PROXY"
            ),
        }
    }
}

impl Error for RouteError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(proxy: &str) -> Result<Route, ConnectError> {
        let variables = [("HTTPS_PROXY".to_owned(), proxy.to_owned())];
        Route::new(ProxyVariables::from_variables(variables), None)
    }

    #[test]
    fn a_proxy_is_spoken_to_in_http_or_https() {
        for proxy in [
            "http://p:8080",
            "https://p",
            "p:8080",
            "http://user:pass%21@p:8080",
            "http://user:secret@p",
            "http://[::1]",
            "http://[::1]:80",
        ] {
            assert!(route(proxy).is_ok(), "{proxy}");
        }
        for (proxy, reason) in [
            ("socks5://p:1080", "must begin with http:// or https://"),
            ("http://", "is not a URL"),
            ("http://a b", "is not a URL"),
            ("http://user:secret@p:99999", "its port is none"),
            ("http://p:0", "its port is none"),
        ] {
            assert!(route(proxy).unwrap_err().to_string().contains(reason), "{proxy}");
        }
    }

    #[test]
    fn a_certificate_is_refused_for_a_reason_in_words() {
        for (words, reason) in [
            ("invalid peer certificate: UnknownIssuer", "its issuer is unknown"),
            ("invalid peer certificate: certificate expired: verification time 1772357400", "it has expired"),
            ("invalid peer certificate: certificate not valid for name \"x\"", "it is another host's"),
            (
                "invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))",
                "it is a certificate authority's own",
            ),
            ("invalid peer certificate: BadSignature", "it is not valid"),
        ] {
            assert_eq!(certificate_reason(words), reason, "{words}");
        }
    }

    #[test]
    fn a_proxy_is_named_without_its_password() {
        assert_eq!(route("http://user:secret@p:8080").unwrap().shared.proxy_name(), "p:8080");
    }
}
