//! What is where, and the headers of every answer.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION,
    REFERRER_POLICY, SET_COOKIE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::Incoming;
use serde_json::json;
use tokio::sync::Semaphore;

use super::access::{self, Access, Denied};
use super::download::{self, Order};
use super::inert::InertJson;
use super::look::{Look, Watcher};
use super::stream::{self, Subject};
use super::{metrics, steer};
use crate::app::ErrorKind;
use crate::app::paths::CampaignPaths;
use crate::journal::Selection;
use crate::report::{Format, Names, WallClock, Wanted};

/// More than any order has.
const BODY_MAX_BYTES: usize = 4 << 10;
/// An order has come by then.
const BODY_PATIENCE: Duration = Duration::from_secs(30);
/// Reports that are written at once: each takes some megabytes, and the server has 60.
const MOST_REPORTS: usize = 2;

/// Scripts and styles come from here and nowhere else; nothing may be put around the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The report is a page of its own with its style in it, and runs nothing.
const REPORT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'; sandbox";

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";

/// The body of any answer.
pub(super) type Body = BoxBody<Bytes, io::Error>;

/// Everything that is served.
#[derive(Debug)]
pub(super) struct Pages {
    access: Access,
    watcher: Arc<Watcher>,
    names: Names,
    who: String,
    reports: Arc<Semaphore>,
}

/// What a path names.
#[derive(Debug, PartialEq, Eq)]
enum Route {
    Health,
    Ready,
    Page,
    Script,
    Style,
    Metrics,
    Campaigns,
    Events(Option<String>),
    Campaign(String),
    History(String),
    Problems(String),
    Report(String, Format),
    Steer(String, String),
}

impl Route {
    fn of(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        Some(match parts[..] {
            [""] => Self::Page,
            ["healthz"] => Self::Health,
            ["readyz"] => Self::Ready,
            ["page.js"] => Self::Script,
            ["page.css"] => Self::Style,
            ["metrics"] => Self::Metrics,
            ["api", "campaigns"] => Self::Campaigns,
            ["api", "events"] => Self::Events(None),
            ["api", "campaigns", name] => Self::Campaign(decoded(name)?),
            ["api", "campaigns", name, "events"] => Self::Events(Some(decoded(name)?)),
            ["api", "campaigns", name, "history"] => Self::History(decoded(name)?),
            ["api", "campaigns", name, "problems"] => Self::Problems(decoded(name)?),
            ["api", "campaigns", name, action @ ("pause" | "go" | "stop" | "pace" | "suppress")] => {
                Self::Steer(decoded(name)?, action.to_owned())
            }
            ["api", "campaigns", name, file] => {
                let format = Format::from_name(file.strip_prefix("report.")?)?;
                Self::Report(decoded(name)?, format)
            }
            _ => return None,
        })
    }

    fn method(&self) -> Method {
        if matches!(self, Self::Steer(..)) { Method::POST } else { Method::GET }
    }
}

/// A part of a path without its percent signs. What is not UTF-8 names nothing.
fn decoded(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            bytes.push(hex::decode(digits).ok()?.first().copied()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok().filter(|name| !name.is_empty())
}

impl Pages {
    pub(super) fn new(access: Access, watcher: Watcher, names: Names, who: String) -> Self {
        let reports = Arc::new(Semaphore::new(MOST_REPORTS));
        Self { access, watcher: Arc::new(watcher), names, who, reports }
    }

    pub(super) fn token(&self) -> &str {
        self.access.token()
    }

    /// Looks, so that the charts have a point.
    pub(super) async fn sample(&self) {
        drop(self.watcher.fresh().await);
    }

    /// Answers a request.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let mut response = self.routed(request).await;
        let headers = response.headers_mut();
        let fixed: [(HeaderName, &'static str); 5] = [
            (CACHE_CONTROL, "no-store"),
            (REFERRER_POLICY, "no-referrer"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (X_FRAME_OPTIONS, "DENY"),
            (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        ];
        for (name, value) in fixed {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
        response
    }

    async fn routed(&self, request: Request<Incoming>) -> Response<Body> {
        let path = request.uri().path();
        let Some(route) = Route::of(path) else {
            // Whether there is such a page is nobody's business who may not look.
            return match self.access.check(request.headers()) {
                Ok(()) => problem(StatusCode::NOT_FOUND, "there is nothing here"),
                Err(denied) => refused(denied),
            };
        };
        let is_head = request.method() == Method::HEAD && route.method() == Method::GET;
        if request.method() != route.method() && !is_head {
            let mut response = problem(StatusCode::METHOD_NOT_ALLOWED, "this path takes another method");
            let allowed = if route.method() == Method::POST { "POST" } else { "GET, HEAD" };
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
            return response;
        }
        match self.allowed(&route, &request) {
            Err(Denied::Origin) if route == Route::Page && access::is_followed_link(request.headers()) => {
                bounced()
            }
            Err(denied) => refused(denied),
            Ok(Entry::Invited) => self.welcome(access::is_followed_link(request.headers())),
            Ok(Entry::Known) => match route {
                Route::Steer(name, action) => self.steer(&name, &action, request).await,
                route => self.show(route).await,
            },
        }
    }

    fn allowed(&self, route: &Route, request: &Request<Incoming>) -> Result<Entry, Denied> {
        let headers = request.headers();
        match route {
            // They say nothing but that the server is there; probes have no token.
            Route::Health | Route::Ready => Ok(Entry::Known),
            Route::Page if self.access.is_invited(request.uri()) => {
                self.access.check_host(headers).map(|()| Entry::Invited)
            }
            Route::Steer(..) => self.access.check_steering(headers).map(|()| Entry::Known),
            _ => self.access.check(headers).map(|()| Entry::Known),
        }
    }

    /// Trades the token of the address for a cookie, so that it stays in no history and no log. Behind a link of another
    /// site the browser would not send the cookie along to where an answer sends it.
    fn welcome(&self, followed_link: bool) -> Response<Body> {
        let mut response = if followed_link { bounced() } else { empty(StatusCode::SEE_OTHER) };
        if !followed_link {
            response.headers_mut().insert(LOCATION, HeaderValue::from_static("/"));
        }
        if let Ok(cookie) = HeaderValue::from_str(&self.access.set_cookie()) {
            response.headers_mut().insert(SET_COOKIE, cookie);
        }
        response
    }

    /// A look in which the campaign is, or the answer that there is none.
    async fn look_of(&self, name: &str) -> Result<Arc<Look>, Response<Body>> {
        let look = self.watcher.fresh().await;
        match &look.error {
            _ if look.by_name.contains_key(name) => Ok(look),
            // What cannot be read may have it.
            Some(error) => {
                let why = format!("the journal cannot be read: {error}");
                Err(problem(StatusCode::SERVICE_UNAVAILABLE, &why))
            }
            None => Err(problem(StatusCode::NOT_FOUND, "the journal has no such campaign")),
        }
    }

    async fn show(&self, route: Route) -> Response<Body> {
        self.shown(route).await.unwrap_or_else(|answer| answer)
    }

    /// The answer; an error is one, too.
    async fn shown(&self, route: Route) -> Result<Response<Body>, Response<Body>> {
        Ok(match route {
            Route::Health => text("text/plain; charset=utf-8", "ok\n"),
            Route::Ready => match &self.watcher.fresh().await.error {
                None => text("text/plain; charset=utf-8", "ready\n"),
                Some(_) => problem(StatusCode::SERVICE_UNAVAILABLE, "the journal cannot be read"),
            },
            Route::Page => text(HTML, include_str!("assets/page.html")),
            Route::Script => text("text/javascript; charset=utf-8", include_str!("assets/page.js")),
            Route::Style => text("text/css; charset=utf-8", include_str!("assets/page.css")),
            Route::Metrics => match metrics::text(&*self.watcher.fresh().await) {
                Ok(figures) => text(metrics::CONTENT_TYPE, figures),
                Err(_) => problem(StatusCode::INTERNAL_SERVER_ERROR, "the figures cannot be written"),
            },
            Route::Campaigns => json(self.watcher.fresh().await.list.clone()),
            Route::Campaign(name) => json(self.look_of(&name).await?.by_name[&name].clone()),
            Route::History(name) => {
                drop(self.look_of(&name).await?);
                json(self.watcher.history(&name).await)
            }
            Route::Problems(name) => {
                drop(self.look_of(&name).await?);
                match self.watcher.problems(&name).await {
                    Ok(problems) => json(problems),
                    Err(error) => problem(StatusCode::SERVICE_UNAVAILABLE, &error),
                }
            }
            Route::Events(None) => self.events(Subject::All),
            Route::Events(Some(name)) => {
                drop(self.look_of(&name).await?);
                self.events(Subject::One(name))
            }
            Route::Report(name, format) => {
                drop(self.look_of(&name).await?);
                self.report(name, format)
            }
            Route::Steer(..) => problem(StatusCode::METHOD_NOT_ALLOWED, "this path takes another method"),
        })
    }

    fn events(&self, subject: Subject) -> Response<Body> {
        let events = stream::events(Arc::clone(&self.watcher), subject);
        let body = StreamBody::new(events).map_err(|never| match never {}).boxed();
        typed("text/event-stream", body)
    }

    fn report(&self, campaign: String, format: Format) -> Response<Body> {
        if self.names == Names::Withheld && format.has_rows() {
            let why = "this report has phone numbers, and the server was started without leave to show them";
            return problem(StatusCode::FORBIDDEN, why);
        }
        let Ok(permit) = Arc::clone(&self.reports).try_acquire_owned() else {
            return problem(StatusCode::SERVICE_UNAVAILABLE, "several reports are being written; try again");
        };
        let file = file_name(&campaign, format);
        let names = if format == Format::Html { self.names } else { Names::Withheld };
        let wanted = Wanted {
            format,
            selection: Selection::default(),
            deliveries: Vec::new(),
            columns: Vec::new(),
            delimiter: None,
            names,
            prices: None,
            clock: WallClock::default(),
            commands: Vec::new(),
            going_on: None,
        };
        let (journal, clock) = (self.watcher.journal().to_owned(), self.watcher.clock().clone());
        let order = Order { journal, campaign, wanted, permit, clock };
        let body = StreamBody::new(download::begin(order)).boxed();
        let (kind, disposition) = match format {
            Format::Html => (HTML, None),
            Format::Json => (JSON, None),
            Format::Csv => ("text/csv; charset=utf-8", Some(file)),
            Format::Jsonl => ("application/jsonl; charset=utf-8", Some(file)),
            Format::Xlsx => ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", Some(file)),
        };
        let mut response = typed(kind, body);
        let headers = response.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(REPORT_POLICY));
        if let Some(Ok(value)) = disposition.map(|name| HeaderValue::from_str(&name)) {
            headers.insert(CONTENT_DISPOSITION, value);
        }
        response
    }

    async fn steer(&self, name: &str, action: &str, request: Request<Incoming>) -> Response<Body> {
        let (head, body) = request.into_parts();
        if !is_json(&head.headers) {
            return problem(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "send JSON, as Content-Type: application/json",
            );
        }
        let body = Limited::new(body, BODY_MAX_BYTES).collect();
        let Ok(body) = tokio::time::timeout(BODY_PATIENCE, body).await else {
            return problem(StatusCode::REQUEST_TIMEOUT, "the order did not come in time");
        };
        let Ok(body) = body else {
            return problem(StatusCode::PAYLOAD_TOO_LARGE, "that is more than any order has");
        };
        let order = match steer::Order::read(action, &body.to_bytes()) {
            Ok(order) => order,
            Err(why) => return problem(StatusCode::BAD_REQUEST, &why),
        };
        if let Err(answer) = self.look_of(name).await {
            return answer;
        }
        let journal = self.watcher.journal().to_owned();
        let place = CampaignPaths { definition: None, journal, campaign: Some(name.to_owned()) };
        let (who, clock) = (self.who.clone(), self.watcher.clock().clone());
        let done = tokio::task::spawn_blocking(move || order.carry_out(&place, &who, &clock)).await;
        self.watcher.forget().await;
        match done {
            Ok(Ok(words)) => {
                let mut response = json(InertJson::from(&json!({ "done": words })));
                *response.status_mut() = StatusCode::ACCEPTED;
                response
            }
            Ok(Err(error)) if matches!(error.kind, ErrorKind::Usage | ErrorKind::Definition) => {
                problem(StatusCode::CONFLICT, &error.message)
            }
            Ok(Err(error)) => problem(StatusCode::SERVICE_UNAVAILABLE, &error.message),
            Err(_) => problem(StatusCode::INTERNAL_SERVER_ERROR, "the order was not carried out"),
        }
    }
}

/// How a request came in.
enum Entry {
    /// With the token in the address.
    Invited,
    Known,
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(JSON))
}

/// A name that every system takes: what is not a letter or digit of ASCII becomes a dash.
fn file_name(campaign: &str, format: Format) -> String {
    let name: String = campaign.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    format!("attachment; filename=\"{name}.{}\"", format.name())
}

fn typed(kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn text(kind: &'static str, text: impl Into<Bytes>) -> Response<Body> {
    typed(kind, Full::new(text.into()).map_err(|never| match never {}).boxed())
}

/// The only way to answer in JSON.
fn json(object: InertJson) -> Response<Body> {
    text(JSON, object)
}

/// A page that opens the live page: then it is this site that asks for it, and the browser sends the cookie. It has
/// nothing that only some may see.
fn bounced() -> Response<Body> {
    const PAGE: &str = "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>campaign</title>\
                        <meta http-equiv=\"refresh\" content=\"0; url=/\"><p><a href=\"/\">Open the live page</a></p></html>\n";
    text(HTML, PAGE)
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = text("text/plain; charset=utf-8", "");
    *response.status_mut() = status;
    response
}

fn problem(status: StatusCode, why: &str) -> Response<Body> {
    let mut response = json(InertJson::from(&json!({ "error": why })));
    *response.status_mut() = status;
    response
}

fn refused(denied: Denied) -> Response<Body> {
    match denied {
        Denied::Host => problem(StatusCode::MISDIRECTED_REQUEST, "this server goes by another name"),
        Denied::Origin => problem(StatusCode::FORBIDDEN, "pages of other sites may not do this"),
        Denied::ReadOnly => problem(StatusCode::FORBIDDEN, "this server is for looking only"),
        Denied::Token => {
            problem(StatusCode::UNAUTHORIZED, "open the address that the server has printed, with its token")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_what_they_name_and_nothing_else() {
        assert_eq!(Route::of("/"), Some(Route::Page));
        assert_eq!(Route::of("/api/campaigns/a%20b"), Some(Route::Campaign("a b".to_owned())));
        assert_eq!(Route::of("/api/campaigns/%E6%98%A5"), Some(Route::Campaign("春".to_owned())));
        let report = Route::Report("a/b".to_owned(), Format::Html);
        assert_eq!(Route::of("/api/campaigns/a%2Fb/report.html"), Some(report));
        for path in [
            "",
            "//",
            "/..",
            "/page.html",
            "/api/campaigns/",
            "/api/campaigns/a/",
            "/api/campaigns/%",
            "/api/campaigns/%zz",
            "/api/campaigns/%ff",
            "/api/campaigns/a/report.exe",
            "/api/campaigns/a/../../etc/passwd",
            "/assets/../Cargo.toml",
        ] {
            assert_eq!(Route::of(path), None, "{path}");
        }
    }

    #[test]
    fn a_name_cannot_write_headers() {
        let name = file_name("a\"\r\nSet-Cookie: x=y; 春", Format::Csv);
        assert_eq!(name, "attachment; filename=\"a---Set-Cookie--x-y---.csv\"");
        assert!(HeaderValue::from_str(&name).is_ok());
    }
}
