//! What may keep the next request from leaving: the pace, the answers that are still out, the contacts that are alive.

use std::time::Duration;

use tokio::time::Instant;

use super::Bounds;
use super::active::Active;
use super::limits::Limits;
use super::pause::Pause;
use super::room::Room;
use super::slots::Slots;
use crate::clock::Clock;
use crate::domain::summary::Limit;
use crate::journal::{Writer, WriterError};
use crate::pace::Pace;

/// All of it.
#[derive(Debug)]
pub(super) struct Brakes {
    pub(super) pause: Pause,
    room: Room,
    active: Active,
    slots: Slots,
    /// A permit of this run's own pace, while one of the shared pace is waited for.
    in_hand: bool,
    limits: Limits,
}

/// What the engine sends from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Supply {
    /// Whether requests are to leave at all.
    pub(super) open: bool,
    /// Whether a row is claimed and waits.
    pub(super) ready: bool,
    /// Whether more can come only from the file.
    pub(super) waits_for_file: bool,
    /// Whether more are being claimed.
    pub(super) claiming: bool,
    /// Requests without an answer.
    pub(super) in_flight: usize,
}

impl Brakes {
    pub(super) fn new(bounds: Bounds, now: Instant) -> Self {
        Self {
            pause: Pause::default(),
            room: Room::new(bounds.max_in_flight.map(Into::into)),
            active: Active::new(bounds.active, now),
            slots: Slots::new(bounds.shared),
            in_hand: false,
            limits: Limits::new(now),
        }
    }

    /// Whether the next request may leave as soon as the pace allows it; takes note of what it waits for.
    pub(super) fn may_send(&mut self, supply: Supply, rate: f64) -> bool {
        self.active.pass(Instant::now());
        let room = self.pause.limit(self.room.at(rate));
        let alive = self.active.has_room(supply.in_flight);
        let limit = match supply {
            Supply { open: false, .. } => None,
            _ if self.pause != Pause::Off || (supply.ready && !alive) => Some(Limit::ActiveChats),
            Supply { ready: false, waits_for_file: true, .. } => Some(Limit::File),
            Supply { ready: false, claiming: true, .. } => Some(Limit::Journal),
            Supply { ready: false, .. } => None,
            _ if supply.in_flight >= room => Some(Limit::Latency),
            _ => Some(Limit::Pace),
        };
        self.limits.are(limit);
        supply.open && supply.ready && alive && supply.in_flight < room
    }

    /// Waits until the pace allows a request, this run's own and the one that it shares. Cancel-safe.
    ///
    /// # Errors
    /// Where the journal, which keeps the shared one, cannot be written.
    pub(super) async fn permit(
        &mut self,
        pace: &mut Pace,
        writer: &Writer,
        clock: &Clock,
    ) -> Result<(), WriterError> {
        if !self.in_hand {
            pace.permit().await;
        }
        if self.slots.are_shared() {
            self.in_hand = true;
            self.slots.permit(writer, clock).await?;
        }
        Ok(())
    }

    /// A request leaves.
    pub(super) fn left(&mut self) {
        self.in_hand = false;
        self.slots.take();
    }

    /// An answer came, after so long.
    pub(super) fn answered(&mut self, took: Duration) {
        self.room.answered(took);
    }

    /// A contact was started, or may have been.
    pub(super) fn started(&mut self) {
        self.active.started(Instant::now());
    }

    /// When something ends by itself that keeps requests from leaving.
    pub(super) fn wake(&self, in_flight: usize) -> Option<Instant> {
        self.pause.ends_at().into_iter().chain(self.active.wake(in_flight)).min()
    }

    /// What kept the run from being faster for the longest time.
    pub(super) fn limited_by(&mut self) -> Option<Limit> {
        self.limits.longest()
    }
}
