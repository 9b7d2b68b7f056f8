//! What the pages show: one look at the journal a second, however many watch, and none while nobody does.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::history::History;
use super::inert::InertJson;
use crate::app::overview::{self, Overview};
use crate::clock::Clock;
use crate::domain::foreign::ForeignText;

/// A look is as good as new for so long.
const FRESH: Duration = Duration::from_millis(900);
/// Problems are counted over all rows of a campaign, so less often.
const PROBLEMS_FRESH: Duration = Duration::from_secs(5);

/// What the journal said at one moment.
#[derive(Debug)]
pub(super) struct Look {
    /// When.
    at: Instant,
    /// The campaigns.
    pub(super) campaigns: Vec<Overview>,
    /// The object of all campaigns.
    pub(super) list: InertJson,
    /// By campaign: its object.
    pub(super) by_name: BTreeMap<String, InertJson>,
    /// Why there is nothing to see.
    pub(super) error: Option<String>,
    /// The journal's size, its write-ahead log included.
    pub(super) bytes: u64,
}

/// Looks at a journal.
#[derive(Debug)]
pub(super) struct Watcher {
    journal: PathBuf,
    clock: Clock,
    may_steer: bool,
    state: Mutex<Watched>,
    problems: Mutex<HashMap<String, (Instant, InertJson)>>,
}

#[derive(Debug, Default)]
struct Watched {
    look: Option<Arc<Look>>,
    histories: HashMap<String, History>,
}

impl Watcher {
    pub(super) fn new(journal: PathBuf, clock: Clock, may_steer: bool) -> Self {
        Self { journal, clock, may_steer, state: Mutex::default(), problems: Mutex::default() }
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(super) fn journal(&self) -> &std::path::Path {
        &self.journal
    }

    /// A look that is not older than a second. Who comes while one is under way waits for it.
    pub(super) async fn fresh(&self) -> Arc<Look> {
        let mut state = self.state.lock().await;
        if let Some(look) = state.look.as_ref().filter(|look| look.at.elapsed() < FRESH) {
            return Arc::clone(look);
        }
        let (journal, now) = (self.journal.clone(), self.clock.now());
        let read = tokio::task::spawn_blocking(move || {
            let bytes = |suffix: &str| {
                let mut path = journal.clone().into_os_string();
                path.push(suffix);
                std::fs::metadata(path).map_or(0, |file| file.len())
            };
            let bytes = bytes("") + bytes("-wal");
            (overview::read(&journal, now), bytes)
        });
        let (read, bytes) = match read.await {
            Ok((read, bytes)) => (read.map_err(|error| error.to_string()), bytes),
            Err(_) => (Err("the look at the journal ended unexpectedly".to_owned()), 0),
        };
        let (campaigns, error) = match read {
            Ok(campaigns) => (campaigns, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let look = Arc::new(self.look(campaigns, error, bytes, &mut state.histories));
        state.look = Some(Arc::clone(&look));
        look
    }

    /// The next caller looks anew: something was changed.
    pub(super) async fn forget(&self) {
        self.state.lock().await.look = None;
    }

    fn look(
        &self,
        campaigns: Vec<Overview>,
        error: Option<String>,
        bytes: u64,
        histories: &mut HashMap<String, History>,
    ) -> Look {
        let objects: Vec<Value> = campaigns
            .iter()
            .map(|campaign| serde_json::to_value(campaign.status.object()).unwrap_or_default())
            .collect();
        let mut by_name = BTreeMap::new();
        for (campaign, object) in campaigns.iter().zip(&objects) {
            let name = &campaign.status.summary.campaign;
            histories.entry(name.clone()).or_default().note(campaign);
            by_name.insert(name.clone(), object.into());
        }
        let list = json!({ "campaigns": objects, "error": error, "may_steer": self.may_steer });
        Look { at: Instant::now(), campaigns, list: InertJson::from(&list), by_name, error, bytes }
    }

    /// How a campaign came along while somebody watched, as JSON.
    pub(super) async fn history(&self, name: &str) -> InertJson {
        let mut state = self.state.lock().await;
        InertJson::from(&json!(state.histories.entry(name.to_owned()).or_default()))
    }

    /// What keeps rows of a campaign from being started, as JSON.
    pub(super) async fn problems(&self, name: &str) -> Result<InertJson, String> {
        let mut known = self.problems.lock().await;
        if let Some((at, text)) = known.get(name)
            && at.elapsed() < PROBLEMS_FRESH
        {
            return Ok(text.clone());
        }
        let (journal, campaign) = (self.journal.clone(), name.to_owned());
        let read = tokio::task::spawn_blocking(move || overview::problems(&journal, &campaign)).await;
        let problems = match read {
            Ok(Ok(problems)) => problems,
            Ok(Err(error)) => return Err(error.to_string()),
            Err(_) => return Err("the look at the journal ended unexpectedly".to_owned()),
        };
        let problems: Vec<Value> = problems
            .iter()
            .map(|problem| {
                json!({
                    "state": problem.count.state.name(),
                    "code": problem.count.code.as_ref().map(ForeignText::raw),
                    "rows": problem.count.rows,
                    "what": problem.explained.what,
                    "advice": problem.explained.advice,
                })
            })
            .collect();
        let text = InertJson::from(&json!({ "problems": problems }));
        known.insert(name.to_owned(), (Instant::now(), text.clone()));
        Ok(text)
    }
}
