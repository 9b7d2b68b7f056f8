//! `HTTPS_PROXY` and `NO_PROXY` as the AWS CLI reads them, and the requests that never go through a proxy whatever they say.
//!
//! The AWS CLI takes its proxies from Python's `urllib.request.getproxies_environment` and `proxy_bypass_environment`. Their
//! rules are these: any spelling of a name counts (`HTTPS_PROXY`, `https_proxy`, `Https_Proxy`), the lower-case one wins, and
//! an empty lower-case one unsets the others. `NO_PROXY` is a list of host names with commas between them, each of which
//! stands for its subdomains too, with or without a port; `*` alone means every host. `ALL_PROXY` is not read. `HTTP_PROXY`
//! would count for `http://` alone, which this program speaks with this machine and with metadata services only.

use std::collections::BTreeMap;
use std::net::IpAddr;

use http::Uri;

use crate::domain::definition::is_loopback_host;

/// The proxies of the environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ProxyVariables {
    /// The value of `HTTPS_PROXY`.
    https: Option<String>,
    /// The value of `NO_PROXY`.
    no: Option<String>,
}

impl ProxyVariables {
    /// Those of this process.
    pub(super) fn from_environment() -> Self {
        let texts = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self::from_variables(texts)
    }

    /// Those among these variables.
    pub(super) fn from_variables(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let (lower, others): (Vec<_>, Vec<_>) = variables
            .into_iter()
            .filter(|(name, _)| ends_in_proxy(name))
            .partition(|(name, _)| name.ends_with("_proxy"));
        let mut proxies = BTreeMap::new();
        for (name, value) in others.into_iter().filter(|(_, value)| !value.is_empty()) {
            proxies.insert(scheme_of(&name), value);
        }
        for (name, value) in lower {
            if value.is_empty() {
                proxies.remove(&scheme_of(&name));
            } else {
                proxies.insert(scheme_of(&name), value);
            }
        }
        Self { https: proxies.remove("https"), no: proxies.remove("no") }
    }

    /// The proxy for `https://`, with a scheme; `None` where none is set.
    pub(super) fn https(&self) -> Option<String> {
        let value = self.https.as_ref()?;
        Some(match value {
            url if url.starts_with("//") => format!("http:{url}"),
            url if url.contains("://") => url.clone(),
            host => format!("http://{host}"),
        })
    }

    /// Whether a request to this URL goes through the proxy.
    pub(super) fn carries(&self, uri: &Uri) -> bool {
        let Some(host) = uri.host() else { return false };
        self.https.is_some()
            && uri.scheme_str() == Some("https")
            && !is_this_machine(host)
            && !self.bypasses(host, uri.port_u16())
    }

    fn bypasses(&self, host: &str, port: Option<u16>) -> bool {
        let Some(no) = &self.no else { return false };
        if no == "*" {
            return true;
        }
        let host = host.to_ascii_lowercase();
        let with_port = port.map(|port| format!("{host}:{port}"));
        no.split(',').map(str::trim).filter(|name| !name.is_empty()).any(|name| {
            let name = name.trim_start_matches('.').to_ascii_lowercase();
            let matches = |host: &str| {
                host == name || host.strip_suffix(name.as_str()).is_some_and(|before| before.ends_with('.'))
            };
            matches(&host) || with_port.as_deref().is_some_and(matches)
        })
    }
}

fn ends_in_proxy(name: &str) -> bool {
    name.len() > 6
        && name.is_char_boundary(name.len() - 6)
        && name[name.len() - 6..].eq_ignore_ascii_case("_proxy")
        // Python compares the underscore itself.
        && name.as_bytes()[name.len() - 6] == b'_'
}

fn scheme_of(name: &str) -> String {
    name[..name.len() - 6].to_lowercase()
}

/// What systems call themselves besides `localhost`.
const OWN_NAMES: [&str; 5] =
    ["localhost.localdomain", "localhost6", "localhost6.localdomain6", "ip6-localhost", "ip6-loopback"];

/// An address as the system's resolver takes it: one to four parts, the last of which fills what is left, each decimal,
/// octal behind a zero, or hexadecimal behind `0x`. Source: POSIX, `inet_addr`.
fn of_few_parts(host: &str) -> Option<u32> {
    let number = |text: &str| match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None if text.len() > 1 && text.starts_with('0') => u32::from_str_radix(text, 8).ok(),
        None => text.parse().ok(),
    };
    let parts: Vec<u32> = host.split('.').map(number).collect::<Option<_>>()?;
    let (last, first) = parts.split_last().filter(|(_, first)| first.len() < 4)?;
    let fits = first.iter().all(|part| *part < 256) && u64::from(*last) < 1 << (32 - 8 * first.len());
    let high = first.iter().zip([24, 16, 8]).fold(0, |address, (part, shift)| address | part << shift);
    fits.then_some(high | last)
}

/// Whether this host is the machine itself. Neither names like these nor these addresses mean anything to a proxy.
fn is_this_machine(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let name = host.to_ascii_lowercase();
    is_loopback_host(host)
        || name.ends_with(".localhost")
        || OWN_NAMES.contains(&name.as_str())
        || of_few_parts(&name).is_some_and(|address| matches!(address >> 24, 0 | 127))
        || address.is_ok_and(|address| {
            let address = address.to_canonical();
            address.is_loopback() || address.is_unspecified()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> ProxyVariables {
        let owned = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        ProxyVariables::from_variables(owned)
    }

    fn carried(pairs: &[(&str, &str)], url: &str) -> bool {
        variables(pairs).carries(&url.parse().unwrap())
    }

    #[test]
    fn every_spelling_counts_and_lower_case_wins() {
        for (pairs, proxy) in [
            (&[("HTTPS_PROXY", "http://a:1")][..], Some("http://a:1")),
            (&[("https_proxy", "http://a:1")], Some("http://a:1")),
            (&[("Https_Proxy", "http://a:1")], Some("http://a:1")),
            (&[("https_proxy", "http://b:1"), ("HTTPS_PROXY", "http://a:1")], Some("http://b:1")),
            (&[("HTTPS_PROXY", "http://a:1"), ("https_proxy", "http://b:1")], Some("http://b:1")),
            (&[("HTTPS_PROXY", "http://a:1"), ("https_proxy", "")], None),
            (&[("HTTPS_PROXY", "")], None),
            (&[("HTTPS_PROXY", "a:1")], Some("http://a:1")),
            (&[("HTTPS_PROXY", "//a:1")], Some("http://a:1")),
            (&[("ALL_PROXY", "http://a:1"), ("HTTP_PROXY", "http://b:1")], None),
            (&[("HTTPSPROXY", "http://a:1"), ("_PROXY", "x"), ("é_PROXY", "x")], None),
        ] {
            assert_eq!(variables(pairs).https().as_deref(), proxy, "{pairs:?}");
        }
    }

    #[test]
    fn this_machine_and_plain_http_are_never_proxied() {
        let set = [("HTTPS_PROXY", "http://a:1"), ("HTTP_PROXY", "http://a:1"), ("ALL_PROXY", "http://a:1")];
        for url in [
            "http://127.0.0.1:8080/x",
            "https://127.0.0.1/x",
            "https://127.9.9.9/x",
            "https://localhost:1/",
            "https://LOCALHOST./",
            "https://api.localhost/",
            "https://[::1]:4/",
            "https://[::ffff:127.0.0.1]/",
            "https://0.0.0.0/",
            "https://127.1/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://2130706433:8443/",
            "https://0/",
            "https://ip6-localhost/",
            "https://Localhost.LocalDomain./",
            "http://169.254.169.254/latest",
            "http://169.254.170.2/v2",
        ] {
            assert!(!carried(&set, url), "{url}");
        }
        for url in [
            "https://connect.us-west-2.amazonaws.com/",
            "https://10.0.0.1/",
            "https://localhost.x/",
            "https://128.1/",
            "https://127.256.0.0.1/",
        ] {
            assert!(carried(&set, url), "{url}");
        }
    }

    #[test]
    fn a_host_is_left_out_by_its_name_or_a_domain_above_it() {
        let url = "https://connect.us-west-2.amazonaws.com:8443/";
        for (no, direct) in [
            ("amazonaws.com", true),
            (".amazonaws.com", true),
            ("AmazonAWS.com", true),
            ("x, amazonaws.com ,y", true),
            ("connect.us-west-2.amazonaws.com", true),
            ("connect.us-west-2.amazonaws.com:8443", true),
            ("amazonaws.com:8443", true),
            ("amazonaws.com:443", false),
            ("*", true),
            ("*.amazonaws.com", false),
            ("x,*", false),
            ("zonaws.com", false),
            ("", false),
            (",,", false),
        ] {
            let pairs = [("HTTPS_PROXY", "http://a:1"), ("NO_PROXY", no)];
            assert_eq!(!carried(&pairs, url), direct, "{no:?}");
        }
        let both = [("HTTPS_PROXY", "http://a:1"), ("NO_PROXY", "*"), ("no_proxy", "other")];
        assert!(carried(&both, url), "the lower-case list wins");
    }
}
