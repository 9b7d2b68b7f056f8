//! Recipients files that are not on this machine: an object in Amazon S3, or whatever an `https://` URL leads to. What they are
//! called, and what makes one the same as before.
//!
//! Deliberately absent: how they are fetched.

mod problem;

use std::fmt;
use std::path::PathBuf;

pub use problem::{ObjectProblem, Received};

use crate::domain::definition::is_loopback_host;

/// Longest ETag or version that is kept, in characters. Those of S3 have a hundred at most.
const KEPT: usize = 256;

/// An address that a recipients file is fetched from. The query of an `https://` URL may be what gives access, so only
/// [`place`](Self::place) has it.
#[derive(Clone, PartialEq, Eq)]
pub struct ObjectUrl {
    place: ObjectPlace,
    name: String,
    has_query: bool,
}

/// Where an object is.
#[derive(Clone, PartialEq, Eq)]
pub enum ObjectPlace {
    /// In Amazon S3, or a service with the same interface.
    S3 {
        /// The bucket.
        bucket: String,
        /// The key, as it is and not percent-encoded.
        key: String,
    },
    /// Behind a URL, as it is asked for: with its query, which may be secret.
    Web(String),
}

/// An address that nothing is fetched from. Its words have nothing of the query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadObjectUrl {
    /// Another scheme.
    #[error("recipients cannot be read from {0}://")]
    Scheme(String),
    /// Numbers in clear text over a network.
    #[error("must begin with https://: plain http:// is for loopback only (127.0.0.1, [::1], localhost)")]
    NotEncrypted,
    /// A name and a password before the host.
    #[error("has a name or a password in front of its host, which are sent nowhere")]
    Password,
    /// No URL.
    #[error("is not a URL: it has no host, or characters that must be percent-encoded")]
    NotAUrl,
    /// No bucket.
    #[error("names no bucket")]
    Bucket,
    /// A bucket or a folder, and no object in it.
    #[error("names no object")]
    Key,
}

impl BadObjectUrl {
    /// What to write instead.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Scheme(_) => "name a file, s3://BUCKET/KEY, or an https:// URL",
            Self::NotEncrypted => "fetch it with https, or copy the file here first",
            Self::Password => "make a presigned URL, or copy the file here first",
            Self::NotAUrl => "copy the URL as a whole, in quotes: a space is %20 in it",
            Self::Bucket => "write s3://BUCKET/KEY, with the name of the bucket and not its ARN",
            Self::Key => "write s3://BUCKET/KEY with the whole key, such as s3://lists/2026/may.csv",
        }
    }
}

impl ObjectUrl {
    /// The address that a text is; `None` where it is none, but the path of a file.
    ///
    /// # Errors
    /// [`BadObjectUrl`] where it is one that nothing is fetched from.
    #[must_use]
    pub fn parse(text: &str) -> Option<Result<Self, BadObjectUrl>> {
        let (scheme, rest) = text.split_once("://")?;
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        if !is_scheme {
            return None;
        }
        Some(match scheme.to_ascii_lowercase().as_str() {
            "s3" => Self::s3(rest),
            scheme @ ("http" | "https") => Self::web(scheme, rest),
            other => Err(BadObjectUrl::Scheme(other.to_owned())),
        })
    }

    fn s3(rest: &str) -> Result<Self, BadObjectUrl> {
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        if bucket.is_empty() || bucket.len() > 255 || !bucket.chars().all(is_name) {
            return Err(BadObjectUrl::Bucket);
        }
        if key.is_empty() || key.ends_with('/') {
            return Err(BadObjectUrl::Key);
        }
        let name = format!("s3://{bucket}/{key}");
        let place = ObjectPlace::S3 { bucket: bucket.to_owned(), key: key.to_owned() };
        Ok(Self { place, name, has_query: false })
    }

    fn web(scheme: &str, rest: &str) -> Result<Self, BadObjectUrl> {
        // What follows `#` is the browser's, and no part of what is asked for.
        let rest = rest.split('#').next().unwrap_or_default();
        let url = format!("{scheme}://{rest}");
        let uri: http::Uri = url.parse().map_err(|_| BadObjectUrl::NotAUrl)?;
        let authority = uri.authority().ok_or(BadObjectUrl::NotAUrl)?;
        if authority.as_str().contains('@') {
            return Err(BadObjectUrl::Password);
        }
        let host = authority.host();
        let port = authority.as_str().strip_prefix(host).unwrap_or_default();
        if host.is_empty() || (!port.is_empty() && uri.port_u16().is_none_or(|port| port == 0)) {
            return Err(BadObjectUrl::NotAUrl);
        }
        if scheme == "http" && !is_loopback_host(host) {
            return Err(BadObjectUrl::NotEncrypted);
        }
        let name = format!("{scheme}://{authority}{}", uri.path());
        Ok(Self { has_query: uri.query().is_some(), place: ObjectPlace::Web(uri.to_string()), name })
    }

    /// Where it is, secrets included.
    #[must_use]
    pub fn place(&self) -> &ObjectPlace {
        &self.place
    }

    /// What it is called everywhere: the address without its query.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether its query is left out of the name, so that nothing can be fetched by the name alone.
    #[must_use]
    pub fn has_query(&self) -> bool {
        self.has_query
    }

    /// The name as a path, for what goes by the ends of paths.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        PathBuf::from(&self.name)
    }
}

impl fmt::Debug for ObjectUrl {
    /// Without the query.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ObjectUrl").field(&self.name).finish()
    }
}

/// An address that is none, as it may be shown: without a query, and without a name and password.
#[must_use]
pub fn shown_address(text: &str) -> String {
    let text = text.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

/// What makes an object the same as before.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectIdentity {
    /// Its ETag, as the server has it, quotes included.
    pub etag: Option<String>,
    /// Its version, in a bucket that keeps versions.
    pub version: Option<String>,
}

impl ObjectIdentity {
    /// From the headers of an answer. What is no such value is left out.
    #[must_use]
    pub fn of_headers(etag: Option<&str>, version: Option<&str>) -> Self {
        let sound = |value: &&str| {
            !value.is_empty() && value.len() <= KEPT && value.bytes().all(|byte| byte.is_ascii_graphic())
        };
        // S3 says so of an object that is older than the versions of its bucket.
        let version = version.filter(sound).filter(|version| *version != "null");
        Self { etag: etag.filter(sound).map(str::to_owned), version: version.map(str::to_owned) }
    }

    /// The ETag, where it promises the same bytes. Source: RFC 9110, 8.8.1.
    #[must_use]
    pub fn strong_etag(&self) -> Option<&str> {
        self.etag.as_deref().filter(|etag| etag.starts_with('"'))
    }

    /// Whether this is another object than `before`, as far as both say.
    #[must_use]
    pub fn differs_from(&self, before: &Self) -> bool {
        let differ = |now: &Option<String>, before: &Option<String>| {
            now.as_ref().zip(before.as_ref()).is_some_and(|(now, before)| now != before)
        };
        differ(&self.etag, &before.etag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<ObjectUrl, BadObjectUrl> {
        ObjectUrl::parse(text).expect("an address")
    }

    #[test]
    fn a_path_is_no_address() {
        for path in ["people.csv", "-", "./s3:/x", "a/b://c", "://x", "1a://x", "C:\\people.csv"] {
            assert!(ObjectUrl::parse(path).is_none(), "{path}");
        }
    }

    #[test]
    fn a_key_is_taken_as_it_is() {
        for (text, bucket, key) in [
            ("s3://lists/may.csv", "lists", "may.csv"),
            ("S3://lists/2026/may?.csv", "lists", "2026/may?.csv"),
            ("s3://my.lists-1//a b/%41#é.csv", "my.lists-1", "/a b/%41#é.csv"),
        ] {
            let url = parsed(text).unwrap();
            let place = ObjectPlace::S3 { bucket: bucket.to_owned(), key: key.to_owned() };
            assert!(*url.place() == place, "{text}");
            assert_eq!(url.name(), format!("s3://{bucket}/{key}"));
            assert!(!url.has_query());
        }
    }

    #[test]
    fn what_may_be_secret_is_in_no_name() {
        let url = parsed("https://host.example:8443/a/list.csv?X-Amz-Signature=secret#top").unwrap();
        assert_eq!(url.name(), "https://host.example:8443/a/list.csv");
        assert!(url.has_query());
        assert!(!format!("{url:?}").contains("secret"));
        let asked =
            ObjectPlace::Web("https://host.example:8443/a/list.csv?X-Amz-Signature=secret".to_owned());
        assert!(*url.place() == asked);
        for (text, shown) in [
            ("https://me:secret@host/x?secret", "https://host/x"),
            ("ftp://host/x#secret", "ftp://host/x"),
            ("https://me:secret@host?secret/@y", "https://host"),
        ] {
            assert_eq!(shown_address(text), shown);
            assert!(!parsed(text).unwrap_err().to_string().contains("secret"));
        }
    }

    #[test]
    fn what_cannot_be_fetched_is_told_apart() {
        for (text, bad) in [
            ("s3://", BadObjectUrl::Bucket),
            ("s3:///key", BadObjectUrl::Bucket),
            ("s3://arn:aws:s3:us-west-2:123456789012:accesspoint/a/b", BadObjectUrl::Bucket),
            ("s3://lists", BadObjectUrl::Key),
            ("s3://lists/2026/", BadObjectUrl::Key),
            ("http://host.example/x.csv", BadObjectUrl::NotEncrypted),
            ("http://localhost.example/x.csv", BadObjectUrl::NotEncrypted),
            ("https://me@host.example/x.csv", BadObjectUrl::Password),
            ("https://", BadObjectUrl::NotAUrl),
            ("https://host.example:0/x.csv", BadObjectUrl::NotAUrl),
            ("https://host.example/a b.csv", BadObjectUrl::NotAUrl),
            ("gs://lists/x.csv", BadObjectUrl::Scheme("gs".to_owned())),
            ("file:///x.csv", BadObjectUrl::Scheme("file".to_owned())),
        ] {
            assert_eq!(parsed(text), Err(bad), "{text}");
        }
        assert!(parsed("http://127.0.0.1:8080/x.csv").is_ok());
    }

    #[test]
    fn an_etag_is_what_a_server_may_send_and_no_more() {
        let of = |etag| ObjectIdentity::of_headers(Some(etag), Some("null"));
        assert_eq!(of("\"a\"").strong_etag(), Some("\"a\""));
        assert_eq!(of("W/\"a\"").strong_etag(), None);
        assert_eq!(of("\"a\"").version, None);
        let long = "x".repeat(257);
        for bad in ["", "\"a b\"", "\"a\u{1b}\"", &long] {
            assert_eq!(of(bad), ObjectIdentity::default());
        }
        assert!(of("\"a\"").differs_from(&of("\"b\"")));
        assert!(!of("\"a\"").differs_from(&of("")));
    }
}
