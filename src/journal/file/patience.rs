//! How long a process waits for a lock of the operating system that another one has.

use std::time::Duration;

/// How often it looks whether the other one is done, and how many times: for half a minute.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
pub(super) const PATIENCE: u32 = 1_500;
/// How many times a process that ends looks, for two seconds, before it leaves a file where it is.
pub(super) const AT_THE_END: u32 = 100;
/// How many times a process looks, for a tenth of a second, whether one that was started has become another program. Until
/// then it has a copy of each lock.
pub(super) const AT_A_START: u32 = 5;
/// After so many looks, for two seconds, the user is told what is waited for.
pub(super) const SILENT: u32 = 100;

/// Waits for a moment before the next look. A lock is held for milliseconds, or for as long as a migration takes.
#[expect(
    clippy::disallowed_methods,
    reason = "a lock of the operating system has no timer of tokio's to wait on"
)]
pub(super) fn pause() {
    std::thread::sleep(LOOK_AGAIN);
}
