//! `[alerts]` while a run lasts: what happens is queued and delivered beside the run, which neither waits for it nor hears of
//! it. What could not be delivered is told when the run has ended.

mod channels;
mod watch;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch as latest};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};

pub use channels::{AlertChannels, AlertOutcome};

use crate::clock::Clock;
use crate::domain::alert::{Alert, AlertKind, AlertNews};
use crate::domain::definition::{AlertSettings, Definition};
use crate::domain::delivery::ending::Signal;
use crate::engine::{Observer, RunEvent, Stop};
use crate::journal::Reader;
use watch::AlertWatch;

/// Alerts that wait for their turn, at most; more are counted and told at the end.
const MOST_WAITING: usize = 64;
/// How often time is looked at, and the journal's deliveries are.
const EVERY: Duration = Duration::from_secs(30);
/// How long the end of a run waits for alerts that are on their way.
const PATIENCE: Duration = Duration::from_secs(90);

/// The alerts of one campaign while a command works on it.
#[derive(Debug)]
pub struct Alerts {
    queue: AlertQueue,
    sending: JoinHandle<Vec<String>>,
    others: Mutex<Vec<JoinHandle<()>>>,
    quit: latest::Sender<Stop>,
    settings: AlertSettings,
    channels: Arc<AlertChannels>,
    deliveries: Arc<Mutex<Option<DeliveryWatch>>>,
}

/// Where alerts are put. Putting one there waits for nothing.
#[derive(Debug, Clone)]
struct AlertQueue {
    sender: mpsc::Sender<Alert>,
    on: Arc<[AlertKind]>,
    campaign: Arc<str>,
    run: Arc<Mutex<Option<i64>>>,
    dropped: Arc<Mutex<u64>>,
    clock: Clock,
}

impl AlertQueue {
    fn tell(&self, news: &AlertNews) {
        if !self.on.contains(&news.kind) {
            return;
        }
        let run = *self.run.lock().unwrap_or_else(PoisonError::into_inner);
        let alert = Alert::new(news, &self.campaign, run, self.clock.now());
        tracing::info!("alert: {}", alert.line());
        if self.sender.try_send(alert).is_err() {
            *self.dropped.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        }
    }
}

impl Alerts {
    /// Begins to deliver. Must be called inside a tokio runtime.
    #[must_use]
    pub fn begin(definition: &Definition, channels: AlertChannels, clock: &Clock) -> Self {
        let settings = definition.alerts.clone();
        let (sender, mut waiting) = mpsc::channel::<Alert>(MOST_WAITING);
        let (quit, stop) = latest::channel(Stop::No);
        let channels = Arc::new(channels);
        let ways = Arc::clone(&channels);
        let sending = tokio::spawn(async move {
            let mut undelivered = Vec::new();
            while let Some(alert) = waiting.recv().await {
                for outcome in ways.deliver(&alert, &stop).await {
                    if let Some(why) = outcome.failure {
                        let words = format!("{} by {}: {why}", alert.news.kind.name(), outcome.channel);
                        tracing::warn!("an alert was not delivered: {words}");
                        undelivered.push(words);
                    }
                }
            }
            undelivered
        });
        let queue = AlertQueue {
            sender,
            on: settings.on.clone().into(),
            campaign: definition.name.as_str().into(),
            run: Arc::default(),
            dropped: Arc::default(),
            clock: clock.clone(),
        };
        Self {
            queue,
            sending,
            others: Mutex::default(),
            quit,
            settings,
            channels,
            deliveries: Arc::default(),
        }
    }

    /// Watches a run beside `inner`, which hears all that it would without, and gives signs of life.
    #[must_use]
    pub fn watching<'o>(&self, run: i64, inner: &'o mut dyn Observer) -> WatchedRun<'o> {
        *self.queue.run.lock().unwrap_or_else(PoisonError::into_inner) = Some(run);
        if self.channels.beats() {
            self.beside(tokio::spawn(beat(Arc::clone(&self.channels), self.settings.heartbeat_every)));
        }
        let watch = AlertWatch::new(self.settings.stalled_after, Instant::now());
        let watch = Arc::new(Mutex::new(watch));
        let (queue, looked_at) = (self.queue.clone(), Arc::clone(&watch));
        let every = EVERY.min(self.settings.stalled_after / 2);
        self.beside(tokio::spawn(async move {
            let mut ticks = ticks(every);
            loop {
                ticks.tick().await;
                let news = looked_at.lock().unwrap_or_else(PoisonError::into_inner).at(Instant::now());
                news.into_iter().for_each(|news| queue.tell(&news));
            }
        }));
        WatchedRun { inner, alerts: Some((watch, self.queue.clone())) }
    }

    /// Looks at the journal's deliveries from time to time and at the end, and tells once where too many messages begin to
    /// fail. Where they did before, that was told before.
    pub fn watch_deliveries(&self, journal: PathBuf) {
        if !self.queue.on.contains(&AlertKind::Deliveries) {
            return;
        }
        let campaign = Arc::clone(&self.queue.campaign);
        let mut watch = DeliveryWatch { journal, campaign, most: self.settings.undelivered, over: false };
        watch.over = watch.look().is_some();
        *self.deliveries.lock().unwrap_or_else(PoisonError::into_inner) = Some(watch);
        let (queue, deliveries) = (self.queue.clone(), Arc::clone(&self.deliveries));
        self.beside(tokio::spawn(async move {
            let mut ticks = ticks(EVERY);
            loop {
                ticks.tick().await;
                look_at(&deliveries, &queue).await;
            }
        }));
    }

    fn beside(&self, task: JoinHandle<()>) {
        self.others.lock().unwrap_or_else(PoisonError::into_inner).push(task);
    }

    /// Something happened.
    pub fn tell(&self, news: &AlertNews) {
        self.queue.tell(news);
    }

    /// Waits for what is on its way, a minute and a half at most and not after `stop`. Says what was not delivered.
    pub async fn finish(self, mut stop: latest::Receiver<Stop>) -> Vec<String> {
        let Self { queue, mut sending, others, quit, deliveries, .. } = self;
        let others = others.into_inner().unwrap_or_else(PoisonError::into_inner);
        others.iter().for_each(JoinHandle::abort);
        for other in others {
            // What was aborted has nothing to say.
            let _ = other.await;
        }
        look_at(&deliveries, &queue).await;
        let dropped = *queue.dropped.lock().unwrap_or_else(PoisonError::into_inner);
        drop(queue);
        let asked = async {
            if stop.wait_for(|stop| *stop != Stop::No).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let late = tokio::select! {
            biased;
            undelivered = &mut sending => Ok(undelivered.unwrap_or_default()),
            () = tokio::time::sleep(PATIENCE) => Err("the last alerts took too long"),
            () = asked => Err("the last alerts were interrupted"),
        };
        let mut undelivered = match late {
            Ok(undelivered) => undelivered,
            Err(why) => {
                // A command that runs is ended with its group.
                let _ = quit.send(Stop::Now(Signal::Terminate));
                sending.abort();
                vec![why.to_owned()]
            }
        };
        if dropped > 0 {
            undelivered.push(format!("{dropped} more, for too many were waiting"));
        }
        undelivered
    }
}

/// A watched run: every event goes on to the observer, and is looked at.
pub struct WatchedRun<'o> {
    inner: &'o mut dyn Observer,
    alerts: Option<(Arc<Mutex<AlertWatch>>, AlertQueue)>,
}

impl<'o> WatchedRun<'o> {
    /// One that tells nobody.
    #[must_use]
    pub fn unalerted(inner: &'o mut dyn Observer) -> Self {
        Self { inner, alerts: None }
    }
}

impl Observer for WatchedRun<'_> {
    fn on_event(&mut self, event: &RunEvent) {
        if let Some((watch, queue)) = &self.alerts {
            let now = Instant::now();
            let news = watch.lock().unwrap_or_else(PoisonError::into_inner).on_event(event, now);
            news.into_iter().for_each(|news| queue.tell(&news));
        }
        self.inner.on_event(event);
    }

    fn follows_attempts(&self) -> bool {
        self.inner.follows_attempts()
    }
}

fn ticks(every: Duration) -> tokio::time::Interval {
    let mut ticks = tokio::time::interval(every);
    // After a machine that slept, one look is enough.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

async fn beat(channels: Arc<AlertChannels>, every: Duration) {
    let (mut ticks, mut well) = (ticks(every), true);
    loop {
        ticks.tick().await;
        let beat = channels.beat().await;
        if let (Err(why), true) = (&beat, well) {
            tracing::warn!("the heartbeat did not arrive: {why}");
        }
        well = beat.is_ok();
    }
}

/// What is known of a campaign's deliveries.
#[derive(Debug)]
struct DeliveryWatch {
    journal: PathBuf,
    campaign: Arc<str>,
    most: f64,
    /// Too many failed when it was looked at last.
    over: bool,
}

impl DeliveryWatch {
    /// News where too many messages fail. A journal that cannot be read now is read the next time.
    fn look(&self) -> Option<AlertNews> {
        let reader = Reader::open(&self.journal).ok()?;
        let campaign = reader.campaign(&self.campaign).ok()?;
        let counts = reader.deliveries(campaign.id).ok()?;
        AlertNews::of_deliveries(counts.delivered, counts.undelivered, self.most)
    }
}

/// Looks where blocking is allowed, as any reader of the journal would.
async fn look_at(deliveries: &Arc<Mutex<Option<DeliveryWatch>>>, queue: &AlertQueue) {
    let watched = Arc::clone(deliveries);
    let looked = tokio::task::spawn_blocking(move || {
        let mut watched = watched.lock().unwrap_or_else(PoisonError::into_inner);
        let watch = watched.as_mut().filter(|watch| !watch.over)?;
        let news = watch.look();
        watch.over = news.is_some();
        news
    });
    if let Ok(Some(news)) = looked.await {
        queue.tell(&news);
    }
}
