//! Server-sent events: a campaign, or all of them, each time that something of it has changed.
//!
//! A reader is asked for the latest, never queued for: one that is slow gets fewer events, and costs no memory.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use hyper::body::Frame;
use serde_json::json;
use tokio::time::Instant;

use super::inert::InertJson;
use super::look::{Look, Watcher};

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(1);
/// After so long without an event a line is sent that means nothing, so that proxies do not take the connection for dead.
const SILENCE: Duration = Duration::from_secs(15);

/// What is watched.
#[derive(Debug, Clone)]
pub(super) enum Subject {
    All,
    One(String),
}

impl Subject {
    /// Its event in a look. A campaign that is not there (any more) has none, but where the journal cannot be read: who
    /// watches must not take old figures for new ones.
    fn event(&self, look: &Look) -> Option<(&'static str, InertJson)> {
        match (self, &look.error) {
            (Self::All, _) => Some(("look", look.list.clone())),
            (Self::One(_), Some(error)) => Some(("trouble", InertJson::from(&json!({ "error": error })))),
            (Self::One(name), None) => Some(("look", look.by_name.get(name)?.clone())),
        }
    }
}

struct Reader {
    watcher: Arc<Watcher>,
    subject: Subject,
    /// The last event: its name and its text.
    last: Option<(&'static str, InertJson)>,
    sent_at: Instant,
    is_first: bool,
}

/// The events, until the reader goes away.
pub(super) fn events(
    watcher: Arc<Watcher>,
    subject: Subject,
) -> impl Stream<Item = Result<Frame<Bytes>, Infallible>> {
    let reader = Reader { watcher, subject, last: None, sent_at: Instant::now(), is_first: true };
    futures_util::stream::unfold(reader, |mut reader| async move {
        loop {
            if !std::mem::take(&mut reader.is_first) {
                tokio::time::sleep(EVERY).await;
            }
            let look = reader.watcher.fresh().await;
            let event = match reader.subject.event(&look) {
                Some(event) if reader.last.as_ref() != Some(&event) => {
                    let (name, text) = &event;
                    let text = format!("event: {name}\ndata: {text}\n\n");
                    reader.last = Some(event);
                    Some(text)
                }
                _ if reader.sent_at.elapsed() >= SILENCE => Some(": still here\n\n".to_owned()),
                _ => None,
            };
            if let Some(event) = event {
                reader.sent_at = Instant::now();
                return Some((Ok(Frame::data(Bytes::from(event))), reader));
            }
        }
    })
}
