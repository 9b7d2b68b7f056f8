//! The forecast before the start: campaigns of days, with hours, zones, schedules, times of rows and limits drawn by a
//! seed, end when they were said to end before they began, and leave as many rows without a turn, give or take one.

#![expect(clippy::print_stderr, reason = "how far off the forecasts were is for whoever looks")]

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use campaign::app::send::Bounds;
use campaign::domain::delivery::ending::Ending;
use campaign::domain::delivery::state::State;
use campaign::domain::forecast::{ActiveBound, Agenda, AgendaRow, Conditions, Forecast, ForeseenSender};
use campaign::domain::hours::schedule::{Schedule, Window};
use campaign::domain::hours::week::{Week, days};
use campaign::domain::hours::zones::Zones;
use campaign::domain::hours::{Hours, Jurisdiction, Lane, Rule};
use campaign::domain::limits::{Budget, ContactLimits, LimitReached, RecipientLimit};
use campaign::domain::prices::Prices;
use campaign::domain::senders::{DailyCap, InstancePace, PartRate, Sender, SenderAccount};
use campaign::domain::unix_millis::UnixMillis;
use campaign::engine::ActiveContacts;
use campaign::journal::{Admission, ClaimLimits, Content, FileLine};
use campaign::pace::RateLimit;
use campaign::simulator::WorldConfig;
use jiff::tz::TimeZone;

use crate::virtual_time::senders;
use crate::virtual_time::stage::{self, CAMPAIGN, EPOCH, FLOW, Options, OtherWorld, Stage};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// Campaigns without `CAMPAIGN_FORETOLD`; of senders and of accounts half as many.
const CAMPAIGNS: u64 = 20;

const ZONES: &[&str] = &[
    "America/New_York",
    "America/Denver Pacific/Honolulu",
    "Europe/Paris",
    "America/Chicago America/New_York",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Asia/Kolkata",
    "America/Los_Angeles",
];

/// A campaign that was drawn.
struct Drawn {
    lines: Vec<FileLine>,
    hours: Option<Hours>,
    schedule: Schedule,
    limits: ContactLimits,
    rate: f64,
    burst: u32,
    active: Option<(usize, Duration)>,
    one_open: bool,
    senders: Vec<Sender>,
    /// What their accounts answer, where the definition states no pace of theirs.
    answered: Vec<InstancePace>,
    /// Contacts that an earlier run started, of a file that had half of the rows.
    earlier: Option<u64>,
    /// Contacts that the run starts, at most.
    most: Option<u64>,
}

impl Drawn {
    /// How far contacts may be from what was said. Of several senders, the one that is first at one instant may be another,
    /// where the journal took a moment; then it is another row that is too late, or over a limit.
    fn apart(&self, contacts: u64) -> u64 {
        if self.senders.is_empty() { 0 } else { (contacts / 50).max(2) }
    }
}

fn after(millis: i64) -> UnixMillis {
    UnixMillis::from_millis(EPOCH + millis)
}

fn pick<T: Copy>(chance: &mut fastrand::Rng, from: &[T]) -> T {
    from[chance.usize(..from.len())]
}

/// Hours that are open for some hours of most days, in one span or two, or over midnight.
fn hours(chance: &mut fastrand::Rng) -> Hours {
    let mut week = Week::default();
    for day in days("mon-sun").expect("days") {
        if chance.u8(..8) == 0 {
            continue;
        }
        let (from, length) = (chance.u16(..24 * 12), chance.u16(12..14 * 12));
        let clock = |at: u16| format!("{:02}:{:02}", at * 5 / 60 % 24, at * 5 % 60);
        week.add(day, &format!("{}-{}", clock(from), clock(from + length))).expect("a span");
        if chance.u8(..3) == 0 {
            let again = from + length + chance.u16(1..40);
            week.add(day, &format!("{}-{}", clock(again), clock(again + 12))).expect("a span");
        }
    }
    let rule = Rule { name: "hours.open".to_owned(), week: Some(week), ..Rule::default() };
    let margin = jiff::SignedDuration::from_mins(pick(chance, &[0, 0, 5]));
    Hours { rules: vec![Arc::new(rule)], margin, ..Hours::default() }
}

fn window(chance: &mut fastrand::Rng, length: i64) -> Window {
    let grain = pick(chance, &[1, 1_000, MINUTE, HOUR]);
    let mut moment = |from: i64, to: i64| after(chance.i64(from..to.max(from + 1)) / grain * grain);
    let (begin, end) = (moment(-HOUR, length), moment(0, length * 3 / 2));
    match chance.u8(..4) {
        0 => Window::default(),
        1 => Window { not_before: Some(begin), not_after: None },
        2 => Window { not_before: None, not_after: Some(end) },
        _ => Window { not_before: Some(begin), not_after: Some(end) },
    }
}

fn limits(chance: &mut fastrand::Rng, rows: u64) -> ContactLimits {
    let mut limits = ContactLimits::default();
    match chance.u8(..6) {
        0 => limits.contacts = Some(chance.u64(1..rows * 5 / 4)),
        1 | 2 => {
            limits.per_day = Some(chance.u64(rows / 6..rows));
            limits.zone = TimeZone::get("America/New_York").ok();
        }
        3 => {
            let most = chance.f64() * rows as f64 * 0.02;
            limits.cost = Some(Budget { most, prices: Prices::Flat(0.01), takes_real_prices: false });
        }
        _ => {}
    }
    if chance.bool() {
        let most = NonZeroU32::new(chance.u32(1..3)).expect("some");
        let within = Duration::from_secs(chance.u64(1..40) * 3_600);
        limits.per_recipient.push(RecipientLimit { most, within });
    }
    limits
}

fn drawn(seed: u64) -> Drawn {
    let mut chance = fastrand::Rng::with_seed(seed);
    let rows = chance.u64(80..500);
    // From some hours to some days of sending.
    let rate = rows as f64 / (chance.f64() * 30.0 + 3.0) / 3_600.0 * pick(&mut chance, &[1.0, 1.0, 40.0]);
    let length = (rows as f64 / rate * 1_000.0) as i64 * pick(&mut chance, &[1, 3]);
    let mut zones = ZONES.to_vec();
    chance.shuffle(&mut zones);
    zones.truncate(chance.usize(1..ZONES.len()));
    let by_hours = chance.u8(..8) > 0;
    let windows = chance.u8(..3) > 0;
    let shared = pick(&mut chance, &[1, 1, 2, 3]);
    let lines = (0..rows).map(|n| {
        let mut line = stage::line(n + 2, n);
        if let Content::Recipient { lane, window: own, destination, .. } = &mut line.content {
            *lane = by_hours.then(|| Lane {
                zones: Zones::parse(pick(&mut chance, &zones)).expect("zones"),
                jurisdiction: Jurisdiction::default(),
            });
            if windows {
                *own = window(&mut chance, length);
            }
            if shared > 1 {
                *destination = format!("+1202555{:04}", n * 7 % rows / shared);
            }
        }
        line
    });
    let lines = lines.collect();
    let schedule = Schedule {
        start: (chance.u8(..3) == 0).then(|| after(chance.i64(0..24 * HOUR) / MINUTE * MINUTE)),
        end: (chance.u8(..3) == 0).then(|| after(24 * HOUR + chance.i64(0..72 * HOUR) / MINUTE * MINUTE)),
    };
    let active =
        (chance.u8(..4) == 0).then(|| (chance.usize(2..12), Duration::from_secs(chance.u64(60..2_000))));
    Drawn {
        lines,
        hours: by_hours.then(|| hours(&mut chance)),
        schedule,
        limits: limits(&mut chance, rows),
        rate,
        burst: chance.u32(1..6),
        active,
        one_open: chance.bool(),
        senders: Vec::new(),
        answered: Vec::new(),
        earlier: None,
        most: None,
    }
}

/// The same campaign from several senders, of which some are slow, some have days that are soon full, and some both.
fn from_several(mut drawn: Drawn, seed: u64) -> Drawn {
    let mut chance = fastrand::Rng::with_seed(!seed);
    let rows = drawn.lines.len() as u64;
    let several = chance.usize(2..6);
    for n in 0..several {
        // Messages have three parts in the mean.
        let rate = drawn.rate * 3.0 / several as f64 * pick(&mut chance, &[0.4, 0.8, 1.5, 10.0]);
        let zone = TimeZone::get("America/Los_Angeles").expect("a zone");
        let most = chance.u64(rows / 20..rows / 2).max(2);
        let per_day = (chance.u8(..3) == 0).then_some(DailyCap { most, zone });
        let burst = NonZeroU32::new(chance.u32(1..9));
        let rate = (chance.u8(..8) > 0).then(|| PartRate::of(rate, burst));
        drawn.senders.push(Sender { rate, per_day, ..senders::sender(n, 1.0) });
    }
    for line in &mut drawn.lines {
        if let Content::Recipient { slots, sender, .. } = &mut line.content {
            let (of, parts) = (chance.usize(..several), chance.usize(1..6));
            slots[1] = if parts == 1 { "x".repeat(100) } else { "x".repeat(153 * (parts - 1) + 50) };
            slots.push(drawn.senders[of].source.clone());
            *sender = Some(of);
        }
    }
    drawn.earlier = (chance.u8(..3) == 0).then(|| chance.u64(1..rows / 3));
    drawn.most = (chance.u8(..3) == 0).then(|| chance.u64(1..rows));
    drawn
}

/// The same campaign of one to four accounts, some of which have two instances, and a pace of their own or that of the
/// campaign.
fn of_accounts(mut drawn: Drawn, seed: u64) -> Drawn {
    let mut chance = fastrand::Rng::with_seed(seed ^ 0xACC0);
    let paces: Vec<(Option<f64>, Option<NonZeroU32>)> = (0..chance.usize(1..5))
        .map(|_| {
            let rate = drawn.rate * pick(&mut chance, &[0.3, 0.7, 1.5, 4.0]);
            let rate = (chance.u8(..4) > 0).then_some(rate);
            (rate, NonZeroU32::new(chance.u32(..6)))
        })
        .collect();
    for sender in &mut drawn.senders {
        let (of, instance) = (chance.usize(..paces.len()), pick(&mut chance, &[0, 0, 1]));
        sender.account = Some(SenderAccount {
            instance_id: format!("{of}{instance}111111-2222-4333-8444-555555555555"),
            contact_flow_id: FLOW.to_owned(),
            region: Some("us-west-2".to_owned()),
            account: Some(format!("12345678901{of}")),
            profile: None,
            rate: paces[of].0,
            burst: paces[of].1,
        });
    }
    for line in &mut drawn.lines {
        if let Content::Recipient { slots, sender: Some(of), client_token, key, .. } = &mut line.content {
            let sender = &drawn.senders[*of];
            // The source alone was the last of them.
            slots.pop();
            slots.extend(sender.texts().map(str::to_owned));
            *client_token = sender.tokens(CAMPAIGN).expect("an account").token(key);
        }
    }
    drawn
}

/// The same where the definition states the pace of no account: each answers its own, and each instance its own bound on
/// contacts that are alive.
fn that_answer(mut drawn: Drawn, seed: u64) -> Drawn {
    let mut chance = fastrand::Rng::with_seed(seed ^ 0xA5C);
    for account in drawn.senders.iter_mut().filter_map(|sender| sender.account.as_mut()) {
        let stated = account.rate.take().unwrap_or(drawn.rate * 0.6);
        let answered = &mut drawn.answered;
        if answered.iter().any(|known| known.account.is_same_instance(account)) {
            continue;
        }
        let most = drawn.active.map_or(500, |(most, _)| u32::try_from(most).expect("few") + chance.u32(..10));
        let pace = InstancePace { account: account.clone(), rate: Some(stated), active_contacts: most };
        answered.push(pace);
    }
    drawn
}

fn said(drawn: &Drawn, stage: &Stage) -> Forecast {
    let from = stage.clock.now();
    let active = drawn.active.map(|(most, life)| ActiveBound { most: most as u64, life, alive: 0 });
    let Drawn { schedule, rate, burst, .. } = *drawn;
    let conditions = Conditions { from, schedule, rate, burst: burst.into(), active };
    let mut journal = stage.journal();
    journal.admit(stage.admission.clone());
    let numbers = journal.numbers_in_common(stage.campaign, from).expect("the journal can be read");
    let known = journal.senders(stage.campaign, &drawn.senders).expect("the senders are known");
    let foreseen = known.iter().map(|(_, sender)| {
        let today = |cap: &DailyCap| journal.sent_since(stage.campaign, &sender.source, cap.day(from).0);
        ForeseenSender {
            sender: sender.clone(),
            sent_today: sender.per_day.as_ref().map_or(0, |cap| today(cap).expect("the journal can be read")),
            past: journal
                .sender_history(stage.campaign, &sender.source, from)
                .expect("the journal can be read"),
            active_contacts: None,
        }
    });
    let foreseen = foreseen.collect();
    let agenda = Agenda::new(drawn.hours.clone(), true, drawn.limits.clone(), conditions).sharing(numbers);
    let mut agenda = agenda.sent_by(foreseen).at_most(drawn.most);
    agenda.know_paces(&drawn.senders, &drawn.answered);
    agenda.after(journal.used_of_limits(stage.campaign, from).expect("the journal can be read"));
    journal
        .each_waiting(stage.campaign, u64::MAX, |row| {
            agenda.add(AgendaRow {
                line: row.line,
                lane: row.lane,
                window: row.window,
                cost: drawn
                    .limits
                    .cost
                    .as_ref()
                    .map_or(0.0, |budget| budget.prices.contact(None, row.message)),
                sender: row.sender.and_then(|id| known.iter().position(|(known, _)| *known == id)),
                message: row.message,
                region: None,
            });
        })
        .expect("the journal can be read");
    agenda.forecast()
}

/// How a campaign went.
struct Course {
    /// Its first and last contact.
    between: Option<(i64, i64)>,
    started: u64,
    /// Rows without a turn.
    without: u64,
    /// Those of them whose time, or the campaign's, is over.
    expired: u64,
    by_sender: Vec<u64>,
}

/// Plans the campaign, and what went before it: a file with half of its rows of which so many were started an hour ago.
async fn planned(drawn: &Drawn, stage: &mut Stage) {
    if drawn.senders.is_empty() {
        stage.plan(&drawn.lines);
        return;
    }
    if let Some(most) = drawn.earlier {
        let half: Vec<FileLine> = drawn.lines.iter().step_by(2).cloned().collect();
        senders::plan(stage, &drawn.senders, &half);
        let before = Options { most: Some(most), ..options(drawn) };
        let _ = stage.run(&Options { no_wait: true, ..before }).await.expect("a run");
        stage.pass(Duration::from_secs(3_600)).await;
    }
    senders::plan(stage, &drawn.senders, &drawn.lines);
}

/// Runs until nothing is left to do, day after day where a limit of a day ends a run.
async fn played(drawn: &Drawn, stage: &mut Stage) -> Course {
    let before = stage.simulator.requests().len();
    let (tally, options) = (stage.tally(), options(drawn));
    loop {
        let outcome = stage.run(&options).await.expect("a run");
        match outcome.ending {
            Ending::LimitReached(LimitReached::PerDay(_, until)) if drawn.most.is_none() => {
                tokio::time::sleep(until.since(stage.clock.now())).await;
            }
            Ending::LastDayFull { ends_at, .. } if drawn.most.is_none() => {
                tokio::time::sleep(ends_at.since(stage.clock.now())).await;
            }
            _ => break,
        }
    }
    let requests = stage.simulator.requests();
    let at = requests[before..].iter().map(|request| i64::try_from(request.at.0).expect("a time"));
    let between = at.clone().min().zip(at.max());
    let now = stage.tally();
    let mut by_sender = vec![0; drawn.senders.len()];
    for contact in &stage.simulator.contacts()[before..] {
        let body: serde_json::Value = serde_json::from_slice(&contact.body).expect("JSON");
        let source = body["SourceEndpoint"]["Address"].as_str().expect("a source");
        let of = drawn.senders.iter().position(|sender| sender.source == source);
        of.into_iter().for_each(|of| by_sender[of] += 1);
    }
    Course {
        between,
        started: now[State::Started] - tally[State::Started],
        without: tally.unsettled() + tally[State::Started] - now[State::Started],
        expired: now[State::Expired] - tally[State::Expired],
        by_sender,
    }
}

fn options(drawn: &Drawn) -> Options {
    let active = drawn.active.map(|(most, life)| ActiveContacts { most, life, ages: Vec::new() });
    Options {
        rate: drawn.rate,
        burst: drawn.burst,
        hours: drawn.hours.clone(),
        schedule: drawn.schedule,
        steady_clock: true,
        bounds: Bounds { active, ..stage::in_flight(64) },
        senders: drawn.senders.clone(),
        most: drawn.most,
        ..Options::default()
    }
}

/// The instances of the senders, each in the one world, at the pace of its account.
fn worlds(drawn: &Drawn, stage: &Stage) -> Vec<OtherWorld> {
    let mut worlds: Vec<OtherWorld> = Vec::new();
    for account in drawn.senders.iter().filter_map(|sender| sender.account.clone()) {
        if worlds.iter().any(|world| world.account.is_same_instance(&account)) {
            continue;
        }
        let burst = account.burst.or(NonZeroU32::new(drawn.burst)).expect("a burst");
        let answered = drawn.answered.iter().find(|known| known.account.is_same_instance(&account));
        let rate = account.rate.or(answered.and_then(|answered| answered.rate)).unwrap_or(drawn.rate);
        let most = answered.map(|answered| answered.active_contacts as usize);
        let active = |(stated, life)| ActiveContacts { most: most.unwrap_or(stated), life, ages: Vec::new() };
        worlds.push(OtherWorld {
            limit: RateLimit { rate, burst },
            account,
            simulator: stage.simulator.clone(),
            active: drawn.active.map(active),
        });
    }
    worlds
}

fn told(at: i64) -> String {
    UnixMillis::from_millis(at).to_string()
}

/// What is wrong with what was said of a campaign; else how far off its end was, and its rows without a turn.
async fn compare(seed: u64, drawn: Drawn) -> Result<(f64, u64), String> {
    let mut stage = Stage::new(WorldConfig::default());
    stage.admission = Admission {
        limits: ClaimLimits { limits: drawn.limits.clone(), one_open: drawn.one_open },
        ..Admission::default()
    };
    stage.others = worlds(&drawn, &stage);
    planned(&drawn, &mut stage).await;
    let forecast = said(&drawn, &stage);
    let from = stage.clock.now().millis();
    let Course { between, started, without, expired, by_sender } = played(&drawn, &mut stage).await;
    let what = format!(
        "seed {seed}: {} rows at {:.4}/s, {:?}, limits {:?}, one open {}, hours {}, senders {:?}, earlier {:?}, most {:?}",
        drawn.lines.len(),
        drawn.rate,
        drawn.schedule,
        drawn.limits,
        drawn.one_open,
        drawn.hours.is_some(),
        drawn
            .senders
            .iter()
            .map(|sender| {
                let account = sender.account.as_ref().map(|own| (&own.instance_id[..2], own.rate, own.burst));
                (sender.rate, sender.per_day.as_ref().map(|cap| cap.most), account)
            })
            .collect::<Vec<_>>(),
        drawn.earlier,
        drawn.most,
    );
    let Forecast { expired: over, never, left, left_out, .. } = &forecast;
    let foretold = over.rows + never.rows + left.rows + left_out.rows;
    // A run of so many contacts leaves the others to the next; what has no turn then is not known.
    let without_differs = (foretold, over.rows) != (without, expired) && drawn.most.is_none();
    if (drawn.senders.is_empty() && without_differs)
        || forecast.contacts().abs_diff(started) > drawn.apart(started)
    {
        return Err(format!(
            "{what}\n  said {} contacts, {} expired, {} never, {} left by limits; {started} started, {without} did not, of which {expired} expired",
            forecast.contacts(),
            over.rows,
            never.rows,
            left.rows,
        ));
    }
    let foreseen: Vec<u64> = forecast.by_sender.iter().map(|sender| sender.contacts).collect();
    let apart = foreseen.iter().zip(&by_sender).any(|(said, had)| said.abs_diff(*had) > drawn.apart(*had));
    if foreseen.len() != by_sender.len() || apart {
        return Err(format!("{what}\n  said {foreseen:?} by sender, they started {by_sender:?}"));
    }
    let (Some((_, ends)), Some((_, ended))) = (forecast.between, between) else {
        return if forecast.between.is_none() && between.is_none() { Ok((0.0, without)) } else { Err(what) };
    };
    let off = (ends.millis() - ended).abs() as f64 / (ended - from).max(1) as f64;
    if off > 0.02 {
        return Err(format!(
            "{what}\n  said to end at {ends}, ended at {}: {:.2} % off",
            told(ended),
            off * 100.0
        ));
    }
    Ok((off, without))
}

/// A day that is full, and a campaign that ends before the next: the run says so, and the rows expire as foretold.
#[tokio::test(start_paused = true)]
async fn the_last_day_of_a_campaign_leaves_what_it_cannot_have() {
    let lines = (0..60).map(|n| stage::line(n + 2, n)).collect();
    let ends_at = after(40 * HOUR);
    let drawn = Drawn {
        lines,
        hours: None,
        schedule: Schedule { start: None, end: Some(ends_at) },
        limits: ContactLimits { per_day: Some(7), ..ContactLimits::default() },
        rate: 1.0,
        burst: 1,
        active: None,
        one_open: false,
        senders: Vec::new(),
        answered: Vec::new(),
        earlier: None,
        most: None,
    };
    let mut stage = Stage::new(WorldConfig::default());
    let limits = ClaimLimits { limits: drawn.limits.clone(), one_open: false };
    stage.admission = Admission { limits, ..Admission::default() };
    planned(&drawn, &mut stage).await;
    let forecast = said(&drawn, &stage);
    let mut endings = Vec::new();
    while stage.tally()[State::Queued] > 0 {
        let ending = stage.run(&options(&drawn)).await.expect("a run").ending;
        let until = match &ending {
            Ending::LimitReached(LimitReached::PerDay(_, until)) => *until,
            Ending::LastDayFull { ends_at, .. } => *ends_at,
            _ => stage.clock.now(),
        };
        endings.push(ending);
        tokio::time::sleep(until.since(stage.clock.now())).await;
    }
    assert!(endings.contains(&Ending::LastDayFull { most: 7, ends_at }), "{endings:?}");
    let tally = stage.tally();
    assert_eq!((forecast.contacts(), forecast.expired.rows), (tally[State::Started], tally[State::Expired]));
    assert_eq!((tally[State::Started] + tally[State::Expired], tally[State::Started] % 7), (60, 0));
}

#[test]
fn campaigns_of_days_end_when_they_were_said_to_and_leave_as_many_rows() {
    all_are_as_foretold(campaigns(), drawn);
}

#[test]
fn campaigns_of_several_senders_end_when_they_were_said_to_and_each_starts_as_many() {
    all_are_as_foretold(campaigns() / 2, |seed| from_several(drawn(seed), seed));
}

#[test]
fn campaigns_of_several_accounts_end_when_they_were_said_to_and_each_sender_starts_as_many() {
    all_are_as_foretold(campaigns() / 2, |seed| of_accounts(from_several(drawn(seed), seed), seed));
}

#[test]
fn campaigns_of_accounts_that_answer_their_quotas_end_when_they_were_said_to() {
    let drawn = |seed| that_answer(of_accounts(from_several(drawn(seed), seed), seed), seed);
    all_are_as_foretold(campaigns() / 2, drawn);
}

/// How many campaigns are played.
fn campaigns() -> u64 {
    std::env::var("CAMPAIGN_FORETOLD").map_or(CAMPAIGNS, |campaigns| campaigns.parse().expect("a number"))
}

fn all_are_as_foretold(campaigns: u64, drawn: impl Fn(u64) -> Drawn) {
    let seeds = match std::env::var("CAMPAIGN_SEED") {
        Ok(seed) => vec![seed.parse().expect("a number")],
        Err(_) => {
            let most =
                std::env::var("CAMPAIGN_SEEDS").map_or(campaigns, |most| most.parse().expect("a number"));
            (0..most).collect()
        }
    };
    let mut wrong = Vec::new();
    let mut figures: BTreeMap<&str, f64> = BTreeMap::new();
    for seed in &seeds {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        match runtime.expect("a runtime").block_on(Box::pin(compare(*seed, drawn(*seed)))) {
            Ok((off, without)) => {
                let worst = figures.entry("furthest off").or_default();
                *worst = worst.max(off);
                *figures.entry("rows without a turn").or_default() += without as f64;
                *figures.entry("campaigns with such rows").or_default() += f64::from(u8::from(without > 0));
            }
            Err(what) => wrong.push(what),
        }
    }
    eprintln!("{} campaigns: {figures:?}", seeds.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), seeds.len(), wrong.join("\n"));
}
