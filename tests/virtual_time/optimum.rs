//! How near a campaign of several senders comes to the soonest end that there can be. Who sends to whom follows from the
//! numbers alone, so that is when the slowest sender has sent all its parts, or the account all its requests.

use campaign::domain::delivery::ending::Ending;
use campaign::domain::delivery::state::State;
use campaign::domain::senders::{Sender, assign};
use campaign::journal::{Content, FileLine};
use campaign::simulator::WorldConfig;

use crate::virtual_time::senders::{check_bound, options, plan, reached, requests, row, sender};
use crate::virtual_time::stage::{Stage, line};

/// How long the senders take, about, in seconds.
const LENGTH: f64 = 40.0;
/// Rows: so many that one request is far less than a hundredth of the time, and no more than take long.
const LEAST: f64 = 400.0;
const MOST: f64 = 2_500.0;
const PARTS_A_MESSAGE: f64 = 4.0;

/// Senders of 0.5 to 100 parts a second, with about as many recipients as each can send to.
fn drawn(count: usize, chance: &mut fastrand::Rng) -> Vec<Sender> {
    let one = |n| {
        let rate = (0.5 * 200_f64.powf(chance.f64()) * 10.0).round() / 10.0;
        Sender { weight: rate * (0.8 + 0.4 * chance.f64()), ..sender(n, rate) }
    };
    (0..count).map(one).collect()
}

/// When a sender that is alone has sent messages of these parts, one after the other, in seconds.
fn alone(sender: &Sender, messages: &[u32]) -> f64 {
    let rate = sender.rate.expect("a rate");
    let (mut full_at, mut at) = (0.0_f64, 0.0_f64);
    for parts in messages {
        at = at.max(full_at - f64::from(rate.burst.get().saturating_sub(*parts)) / rate.per_second);
        full_at = full_at.max(at) + f64::from(*parts) / rate.per_second;
    }
    at
}

/// `room`: how much more the account allows than the senders take, in the mean.
async fn ends_as_soon_as_it_can(count: usize, seed: u64, room: f64) {
    let mut chance = fastrand::Rng::with_seed(seed);
    let senders = drawn(count, &mut chance);
    let all_parts: f64 = senders.iter().map(|sender| sender.rate.expect("a rate").per_second).sum();
    let rows = (all_parts * LENGTH / PARTS_A_MESSAGE).clamp(LEAST, MOST) as u64;
    let (mut lines, mut messages): (Vec<FileLine>, Vec<Vec<u32>>) = (Vec::new(), vec![Vec::new(); count]);
    for n in 0..rows {
        let Content::Recipient { destination, .. } = line(n + 2, n).content else { panic!("a recipient") };
        let of = assign(&senders, &destination, None, |_| true).expect("a sender");
        let parts = chance.usize(1..=7);
        lines.push(row(n, &senders, of, parts));
        messages[of].push(u32::try_from(parts).expect("few"));
    }
    let slowest =
        senders.iter().zip(&messages).map(|(sender, messages)| alone(sender, messages)).fold(0.0, f64::max);
    let mut stage = Stage::new(WorldConfig::default());
    plan(&stage, &senders, &lines);
    let burst = 5;
    let rate = rows as f64 / slowest.max(1.0) * room;
    let options = options(rate, burst, &senders);
    let outcome = stage.run(&options).await.expect("a run");
    assert_eq!((outcome.ending, stage.tally()[State::Started]), (Ending::Complete, rows));
    let sent = requests(&stage);
    for sender in &senders {
        let Some(sent) = sent.get(&sender.source) else { continue };
        check_bound(sender, sent);
        // Where the account is scarce, it may be another sender's turn.
        if room > 10.0 && sent[sent.len() - 1].0 > sent[0].0 {
            let reached = reached(sender, sent);
            assert!(reached >= 0.99, "{} of {count}: {reached}", sender.name);
        }
    }
    let at = || sent.values().flatten().map(|request| request.0);
    let took = (at().max().expect("some") - at().min().expect("some")) as f64 / 1_000.0;
    let soonest = slowest.max((rows - u64::from(burst)) as f64 / rate);
    assert!(
        took <= soonest * 1.01,
        "{count} senders, {rows} rows, room {room}: {took} s, and {soonest} s are possible"
    );
    stage.check_promises(&options);
}

#[tokio::test(start_paused = true)]
async fn one_to_fifty_senders_end_as_soon_as_the_slowest_can() {
    for (seed, count) in (0..).zip([1, 2, 3, 5, 8, 13, 21, 34, 50]) {
        ends_as_soon_as_it_can(count, seed, 50.0).await;
    }
}

/// Where neither is far scarcer than the other, messages of different lengths are in each other's way, and nobody knows the
/// soonest end.
#[tokio::test(start_paused = true)]
async fn where_the_account_is_scarce_they_end_as_soon_as_its_requests_allow() {
    for (seed, (count, room)) in (1..).zip([(2, 0.5), (5, 0.7), (13, 0.5), (34, 0.3), (50, 0.5)]) {
        ends_as_soon_as_it_can(count, seed, room).await;
    }
}

#[tokio::test(start_paused = true)]
async fn where_the_account_has_little_room_they_end_as_soon_as_the_slowest_can() {
    for (seed, (count, room)) in (1..).zip([(2, 1.6), (5, 1.6), (13, 2.0), (34, 2.0)]) {
        ends_as_soon_as_it_can(count, seed, room).await;
    }
}
