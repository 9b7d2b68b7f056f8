//! Who may look and who may steer: the token, the cookie that stands for it, and the headers that a browser cannot forge.
//!
//! A page of another site can make a browser send requests here. It cannot read the token, it cannot choose `Host`,
//! `Origin` or `Sec-Fetch-Site`, and `SameSite=Strict` keeps the cookie from going along.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN};
use http::{HeaderMap, Uri};
use subtle::ConstantTimeEq as _;

use crate::files;

/// Bytes of chance in a token.
const TOKEN_BYTES: usize = 32;
/// Different digits that a token has at least.
const FEWEST_DIGITS: usize = 8;

/// Why a request gets nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denied {
    /// It names another host: a name that was bound to this address later on (DNS rebinding).
    Host,
    /// It comes from a page of another site.
    Origin,
    /// It has no token, or another one.
    Token,
    /// The token may only look.
    ReadOnly,
}

/// A new token.
pub(super) fn new_token() -> Result<String, getrandom::Error> {
    let mut bytes = [0; TOKEN_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}

/// The token that a file keeps for programs that outlive the server. Where there is no file, one is made with a new token,
/// readable by its owner only.
pub(super) fn kept_token(path: &Path) -> Result<String, TokenFileError> {
    let failed = |source| TokenFileError::File { path: path.to_owned(), source };
    match files::read_regular_to_string(path) {
        Ok(text) => {
            let token = text.trim();
            if !is_token(token) {
                return Err(TokenFileError::NoToken(path.to_owned()));
            }
            #[cfg(unix)]
            {
                let metadata = fs::metadata(path).map_err(failed)?;
                let mode = std::os::unix::fs::MetadataExt::mode(&metadata) & 0o777;
                if mode & 0o007 != 0 {
                    return Err(TokenFileError::Readable { path: path.to_owned(), mode });
                }
            }
            Ok(token.to_owned())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let token = new_token()?;
            let mut options = fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(path).map_err(failed)?;
            writeln!(file, "{token}").and_then(|()| file.sync_all()).map_err(failed)?;
            Ok(token)
        }
        Err(error) => Err(failed(error)),
    }
}

/// As this program makes it, and not one that a person made up: of random digits, 64 have fewer than 8 different ones
/// about once in 10^18 times.
fn is_token(token: &str) -> bool {
    let different: std::collections::HashSet<u8> = token.bytes().collect();
    token.len() == 2 * TOKEN_BYTES
        && token.bytes().all(|byte| byte.is_ascii_hexdigit())
        && different.len() >= FEWEST_DIGITS
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenFileError {
    /// The file cannot be read or written.
    #[error("failed to use the token file {}: {source}", crate::domain::foreign::path(path))]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file has something else in it.
    #[error("{} has no token of this program in it", crate::domain::foreign::path(.0))]
    NoToken(PathBuf),
    /// The file can be used by others than its owner and its group, in which Prometheus may be.
    #[error(
        "every user of this machine may use the token file {}: its mode is {mode:03o}",
        crate::domain::foreign::path(path)
    )]
    Readable {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The system gives no random bytes.
    #[error("failed to make a token: {0}")]
    Random(#[from] getrandom::Error),
}

/// How requests reach the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Front {
    /// Plain HTTP on loopback, under these hosts, each with its port.
    Loopback(Vec<String>),
    /// TLS of our own: the certificate vouches for the host.
    Tls,
    /// A proxy that speaks TLS, under this host.
    Proxy(String),
}

/// The rules of one server.
#[derive(Debug)]
pub(super) struct Access {
    front: Front,
    token: String,
    cookie: String,
    may_steer: bool,
}

impl Access {
    /// Cookies do not tell ports apart, so the cookie's name does.
    pub(super) fn new(front: Front, port: u16, may_steer: bool, token: String) -> Self {
        Self { front, token, cookie: format!("campaign_{port}"), may_steer }
    }

    /// The token, for the address that is printed.
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// The header that hands the token to a browser.
    pub(super) fn set_cookie(&self) -> String {
        let secure = if matches!(self.front, Front::Loopback(_)) { "" } else { "; Secure" };
        format!("{}={}; Path=/; HttpOnly; SameSite=Strict{secure}", self.cookie, self.token)
    }

    /// True where the address itself has the token: `/?token=…`.
    pub(super) fn is_invited(&self, uri: &Uri) -> bool {
        let pairs = uri.query().unwrap_or_default().split('&');
        pairs.filter_map(|pair| pair.strip_prefix("token=")).any(|token| self.is_token(token))
    }

    /// Holds the host that a request names against the server's own.
    pub(super) fn check_host(&self, headers: &HeaderMap) -> Result<(), Denied> {
        let host = one(headers, &HOST).ok_or(Denied::Host)?;
        let known = match &self.front {
            Front::Loopback(hosts) => hosts.iter().any(|known| known.eq_ignore_ascii_case(host)),
            Front::Tls => true,
            Front::Proxy(known) => without_port(known).eq_ignore_ascii_case(without_port(host)),
        };
        if known { Ok(()) } else { Err(Denied::Host) }
    }

    /// Whether a request may look.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), Denied> {
        self.check_host(headers)?;
        if self.bears_token(headers) {
            return Ok(());
        }
        if text(headers, "sec-fetch-site").is_some_and(|site| site == "cross-site" || site == "same-site") {
            return Err(Denied::Origin);
        }
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let ours = cookies.flat_map(|cookies| cookies.split(';')).any(|cookie| {
            cookie
                .trim()
                .split_once('=')
                .is_some_and(|(name, value)| name == self.cookie && self.is_token(value))
        });
        if ours { Ok(()) } else { Err(Denied::Token) }
    }

    /// Whether a request may steer. A browser says where it comes from; a program shows the token itself.
    pub(super) fn check_steering(&self, headers: &HeaderMap) -> Result<(), Denied> {
        self.check(headers)?;
        if !self.may_steer {
            return Err(Denied::ReadOnly);
        }
        match headers.get(ORIGIN) {
            Some(origin) if origin.to_str().is_ok_and(|origin| self.is_own_origin(origin, headers)) => Ok(()),
            None if self.bears_token(headers) => Ok(()),
            _ => Err(Denied::Origin),
        }
    }

    fn is_own_origin(&self, origin: &str, headers: &HeaderMap) -> bool {
        let scheme = if matches!(self.front, Front::Loopback(_)) { "http" } else { "https" };
        let host = one(headers, &HOST).unwrap_or_default();
        let host = if scheme == "https" { without_port(host) } else { host };
        origin
            .split_once("://")
            .is_some_and(|(origin_scheme, at)| origin_scheme == scheme && at.eq_ignore_ascii_case(host))
    }

    fn bears_token(&self, headers: &HeaderMap) -> bool {
        let Some(value) = one(headers, &AUTHORIZATION) else { return false };
        value.split_once(' ').is_some_and(|(scheme, token)| {
            scheme.eq_ignore_ascii_case("bearer") && self.is_token(token.trim())
        })
    }

    fn is_token(&self, text: &str) -> bool {
        text.as_bytes().ct_eq(self.token.as_bytes()).into()
    }
}

/// Whether a person followed a link from another site to a page of this one. The browser sends no `SameSite=Strict`
/// cookie then.
pub(super) fn is_followed_link(headers: &HeaderMap) -> bool {
    let is = |name: &str, value: &str| text(headers, name) == Some(value);
    (is("sec-fetch-site", "cross-site") || is("sec-fetch-site", "same-site"))
        && is("sec-fetch-mode", "navigate")
        && is("sec-fetch-dest", "document")
}

/// A host of `https://` without the scheme's own port, which browsers leave out and some proxies add.
fn without_port(host: &str) -> &str {
    host.strip_suffix(":443").unwrap_or(host)
}

/// A header that stands once; two of a kind are none, for who would know which one others read.
fn one<'h>(headers: &'h HeaderMap, name: &http::HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn access(may_steer: bool) -> Access {
        let hosts = vec!["127.0.0.1:8080".to_owned(), "localhost:8080".to_owned()];
        Access::new(Front::Loopback(hosts), 8080, may_steer, new_token().unwrap())
    }

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| {
            (HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap())
        });
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value);
        }
        headers
    }

    #[test]
    fn another_host_is_denied_with_the_right_token_too() {
        let access = access(true);
        let bearer = format!("Bearer {}", access.token());
        for host in
            ["evil.example", "evil.example:8080", "127.0.0.1", "127.0.0.1:8081", "localhost.evil:8080", ""]
        {
            let request = headers(&[("host", host), ("authorization", &bearer)]);
            assert_eq!(access.check(&request), Err(Denied::Host), "{host}");
        }
        assert_eq!(access.check(&headers(&[("authorization", &bearer)])), Err(Denied::Host), "no host");
        let twice =
            headers(&[("host", "127.0.0.1:8080"), ("host", "evil.example"), ("authorization", &bearer)]);
        assert_eq!(access.check(&twice), Err(Denied::Host));
        for host in ["127.0.0.1:8080", "LOCALHOST:8080"] {
            assert_eq!(
                access.check(&headers(&[("host", host), ("authorization", &bearer)])),
                Ok(()),
                "{host}"
            );
        }
    }

    #[test]
    fn a_token_is_right_or_it_is_not() {
        let access = access(true);
        let right = access.token().to_owned();
        assert_eq!(right.len(), 2 * TOKEN_BYTES);
        for wrong in [
            "",
            &right[1..],
            &format!("{right}0"),
            &right.to_uppercase().replace(|c: char| c.is_ascii_digit(), "A"),
        ] {
            let bearer =
                headers(&[("host", "127.0.0.1:8080"), ("authorization", &format!("Bearer {wrong}"))]);
            assert_eq!(access.check(&bearer), Err(Denied::Token), "{wrong}");
            let cookie =
                headers(&[("host", "127.0.0.1:8080"), ("cookie", &format!("campaign_8080={wrong}"))]);
            assert_eq!(access.check(&cookie), Err(Denied::Token), "{wrong}");
            assert!(!access.is_invited(&Uri::try_from(format!("/?token={wrong}")).unwrap()), "{wrong}");
        }
        assert!(access.is_invited(&Uri::try_from(format!("/?a=b&token={right}")).unwrap()));
        let other = headers(&[("host", "127.0.0.1:8080"), ("cookie", &format!("campaign_9090={right}"))]);
        assert_eq!(access.check(&other), Err(Denied::Token), "the cookie of another port");
        let among = format!("a=b; campaign_8080={right}");
        assert_eq!(access.check(&headers(&[("host", "127.0.0.1:8080"), ("cookie", &among)])), Ok(()));
    }

    #[test]
    fn pages_of_other_sites_neither_look_nor_steer() {
        let access = access(true);
        let cookie = format!("campaign_8080={}", access.token());
        let from = |pairs: &[(&str, &str)]| {
            let own = [("host", "127.0.0.1:8080"), ("cookie", cookie.as_str())];
            headers(&[&own[..], pairs].concat())
        };
        assert_eq!(access.check(&from(&[("sec-fetch-site", "cross-site")])), Err(Denied::Origin));
        assert_eq!(access.check(&from(&[("sec-fetch-site", "same-origin")])), Ok(()));
        assert_eq!(access.check_steering(&from(&[("origin", "http://127.0.0.1:8080")])), Ok(()));
        for origin in [
            "https://127.0.0.1:8080",
            "http://127.0.0.1",
            "http://evil.example",
            "http://localhost:8080",
            "null",
            "http://127.0.0.1:8080.evil.example",
        ] {
            assert_eq!(access.check_steering(&from(&[("origin", origin)])), Err(Denied::Origin), "{origin}");
        }
        assert_eq!(access.check_steering(&from(&[])), Err(Denied::Origin), "a cookie without an origin");
        let bearer = format!("Bearer {}", access.token());
        let program = headers(&[("host", "127.0.0.1:8080"), ("authorization", &bearer)]);
        assert_eq!(access.check_steering(&program), Ok(()));
    }

    #[test]
    fn who_may_only_look_does_not_steer() {
        let access = access(false);
        let bearer = format!("bearer {}", access.token());
        let program = headers(&[("host", "127.0.0.1:8080"), ("authorization", &bearer)]);
        assert_eq!(access.check(&program), Ok(()));
        assert_eq!(access.check_steering(&program), Err(Denied::ReadOnly));
    }

    #[test]
    fn a_cookie_stays_on_tls_where_there_is_tls() {
        let front = Front::Proxy("ops.example.com".to_owned());
        let access = Access::new(front, 8080, true, new_token().unwrap());
        assert!(access.set_cookie().ends_with("; Secure"));
        let bearer = format!("Bearer {}", access.token());
        let request = |origin: &'static str| {
            headers(&[("host", "ops.example.com"), ("authorization", &bearer), ("origin", origin)])
        };
        assert_eq!(access.check_steering(&request("https://ops.example.com")), Ok(()));
        assert_eq!(access.check_steering(&request("http://ops.example.com")), Err(Denied::Origin));
    }

    #[test]
    fn the_port_of_https_may_be_left_out_or_added_on_the_way() {
        for (known, host, fits) in [
            ("ops.example.com", "ops.example.com:443", true),
            ("ops.example.com:443", "ops.example.com", true),
            ("ops.example.com:8443", "ops.example.com:8443", true),
            ("ops.example.com:8443", "ops.example.com", false),
            ("ops.example.com", "ops.example.com:8443", false),
        ] {
            let access = Access::new(Front::Proxy(known.to_owned()), 8080, true, new_token().unwrap());
            let cookie = format!("campaign_8080={}", access.token());
            let origin = format!("https://{}", without_port(host));
            let request = headers(&[("host", host), ("cookie", &cookie), ("origin", &origin)]);
            assert_eq!(access.check_steering(&request).is_ok(), fits, "{known} {host}");
        }
    }

    #[test]
    fn a_file_keeps_its_token_and_is_its_owners() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let token = kept_token(&path).unwrap();
        assert_eq!(kept_token(&path).unwrap(), token);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        for others in [0o644, 0o604, 0o666, 0o601] {
            mode(others);
            let refused = kept_token(&path).unwrap_err();
            assert!(
                matches!(&refused, TokenFileError::Readable { mode, .. } if *mode == others),
                "{refused}"
            );
        }
        for ours in [0o400, 0o640, 0o660] {
            mode(ours);
            assert_eq!(kept_token(&path).unwrap(), token);
        }
        mode(0o600);
        for guessed in ["a".repeat(64), "0123456".repeat(10)[..64].to_owned()] {
            fs::write(&path, guessed).unwrap();
            assert!(matches!(kept_token(&path), Err(TokenFileError::NoToken(_))));
        }
        fs::write(&path, "secret").unwrap();
        assert!(matches!(kept_token(&path), Err(TokenFileError::NoToken(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), "secret", "what is not ours stays");
    }
}
