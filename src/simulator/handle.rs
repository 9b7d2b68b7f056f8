//! A handle on a shared world with its clock: what the doors and the tests hold.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use tokio::sync::Notify;

use super::clock::{Clock, SdkTime, WorldTime};
use super::config::WorldConfig;
use super::connector::SimulatedHttp;
use super::log::Stats;
use super::records::{Contact, PayloadViolation, RequestRecord};
use super::wire::{Reaction, WireRequest};
use super::world::World;

/// A shared world with a clock. Clones are handles on the same world.
#[derive(Clone)]
pub struct Simulator {
    shared: Arc<Shared>,
}

struct Shared {
    world: Mutex<World>,
    clock: RwLock<Arc<dyn Clock>>,
    told: Notify,
}

impl Simulator {
    /// A new world, whose time is the clock's.
    pub fn new(config: WorldConfig, clock: impl Clock + 'static) -> Self {
        let (world, clock) = (Mutex::new(World::new(config)), RwLock::new(Arc::new(clock) as Arc<dyn Clock>));
        Self { shared: Arc::new(Shared { world, clock, told: Notify::new() }) }
    }

    /// An HTTP client for the SDK that leads here, whatever the endpoint is.
    pub fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(SimulatedHttp::new(self.clone()))
    }

    /// The world's time as the SDK's time source, so that virtual time does not look like a wrong clock.
    pub fn time_source(&self) -> SharedTimeSource {
        SharedTimeSource::new(SdkTime(self.clone()))
    }

    /// Another clock from now on: a [`TokioClock`](super::TokioClock) belongs to one runtime.
    pub fn set_clock(&self, clock: impl Clock + 'static) {
        *self.shared.clock.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(clock);
    }

    /// The world's present moment.
    pub fn now(&self) -> WorldTime {
        self.shared.clock.read().unwrap_or_else(PoisonError::into_inner).now()
    }

    /// Looks into the world, or changes it. The world stands still meanwhile.
    pub fn with<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        look(&mut self.shared.world.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Brings a request to the world, now.
    pub fn handle(&self, request: &WireRequest<'_>) -> Reaction {
        let now = self.now();
        let (reaction, is_quiet) = self.with(|world| (world.handle(now, request), world.is_quiet()));
        if !is_quiet {
            self.shared.told.notify_one();
        }
        reaction
    }

    /// [`World::contacts`], copied.
    pub fn contacts(&self) -> Vec<Contact> {
        self.with(|world| world.contacts().to_vec())
    }

    /// [`World::requests`], copied.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.with(|world| world.requests().to_vec())
    }

    /// [`World::payload_violations`], copied.
    pub fn payload_violations(&self) -> Vec<PayloadViolation> {
        self.with(|world| world.payload_violations().to_vec())
    }

    /// Wakes who fetches [`World::due`], whenever there is more to come.
    pub async fn told(&self) {
        self.shared.told.notified().await;
    }

    /// [`World::stats`].
    pub fn stats(&self) -> Stats {
        self.with(|world| world.stats())
    }
}

impl Clock for Simulator {
    fn now(&self) -> WorldTime {
        Self::now(self)
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator").finish_non_exhaustive()
    }
}
