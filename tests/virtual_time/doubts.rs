//! Rows in doubt, searched for in the account: what is found settles its row, and no row is said to have no contact before the
//! account can have said so.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::pin::Pin;
use std::time::Duration;

use campaign::app::doubts::{DoubtSearch, DoubtSearcher, SearchOutcome};
use campaign::connect::Account;
use campaign::domain::delivery::doubt::INDEX_DELAY;
use campaign::domain::delivery::state::{Decision, State};
use campaign::domain::events::{AccountEvent, ContactEvent};
use campaign::domain::message::request::{Leaf, RequestTemplate};
use campaign::simulator::{Fault, Outcome, WorldConfig};

use crate::virtual_time::stage::{INSTANCE, Options, Stage, line, shape};

const MINUTE: Duration = Duration::from_secs(60);
const TRACE: &str = "campaign_token";

/// Recipients of whom the first is uncertain at once: its first request was not answered, its second refused for good.
async fn uncertain(world: WorldConfig, first: Fault, shape: &RequestTemplate, recipients: u64) -> Stage {
    let mut stage = Stage::new(world);
    let mut journal = stage.journal();
    let columns = ["customer_id", "first_name", "phone"].map(str::to_owned);
    let mut plan = journal.begin_plan(stage.campaign, shape, &columns).unwrap();
    let lines: Vec<_> = (0..recipients).map(|recipient| line(recipient + 2, recipient)).collect();
    journal.plan(&mut plan, &lines).unwrap();
    journal.finish_plan(plan).unwrap();
    drop(journal);
    stage.simulator.with(|world| _ = world.faults_mut().sequence([Some(first), Some(Fault::InvalidRequest)]));
    stage.run(&Options { most: Some(1), ..Options::default() }).await.unwrap();
    stage.run(&Options::default()).await.unwrap();
    assert_eq!(stage.tally()[State::Uncertain], 1);
    stage
}

fn traced() -> RequestTemplate {
    let mut shape = shape();
    shape.attributes.insert(TRACE.to_owned(), Leaf::Token);
    shape
}

/// In a box: asking is a large future.
fn search(stage: &Stage) -> Pin<Box<dyn Future<Output = DoubtSearch> + '_>> {
    Box::pin(async {
        let http = stage.simulator.http_client();
        let account = Account::simulated(http, ("test", "test"), "us-west-2", &stage.clock).unwrap();
        let searcher = DoubtSearcher {
            account: &account,
            instance_id: INSTANCE,
            clock: &stage.clock,
            index_delay: INDEX_DELAY,
        };
        let mut journal = stage.journal();
        let rows = journal.in_doubt(stage.campaign, stage.clock.now()).unwrap();
        searcher.search(&mut journal, stage.campaign, rows, &mut |_| {}).await.unwrap()
    })
}

/// The id of the contact that a lost answer had.
fn lost(stage: &Stage) -> String {
    let requests = stage.simulator.requests();
    let lost = requests.iter().find(|request| request.outcome == Outcome::Faulted(Fault::LostAnswer));
    lost.unwrap().effect.contact_id().unwrap().to_string()
}

fn found(contact_id: &str) -> SearchOutcome {
    SearchOutcome::Found { contact_id: contact_id.to_owned(), others: Vec::new() }
}

#[tokio::test(start_paused = true)]
async fn an_index_that_lags_never_makes_a_row_not_there_too_early() {
    for searchable in [false, true] {
        let mut world = WorldConfig::default();
        // As late as is allowed for.
        world.account.index_delay = u32::try_from(INDEX_DELAY.as_secs()).unwrap();
        world.account.searchable.extend(searchable.then(|| TRACE.to_owned()));
        let stage = Box::pin(uncertain(world, Fault::LostAnswer, &traced(), 20)).await;
        let mut minutes = 0;
        loop {
            let search = search(&stage).await;
            assert_eq!(search.is_searchable, Some(searchable));
            match &search.rows[0].outcome {
                SearchOutcome::TooEarly(until) => assert!(*until > stage.clock.now()),
                outcome => {
                    assert_eq!(*outcome, found(&lost(&stage)));
                    break;
                }
            }
            stage.pass(MINUTE).await;
            minutes += 1;
        }
        assert!((14..=16).contains(&minutes), "{minutes}");
        let row = stage.rows().remove(0);
        assert_eq!(
            (row.state, row.contact_id, row.code.as_deref()),
            (State::Started, Some(lost(&stage)), Some("found"))
        );
        stage.check_promises(&Options::default());
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_known_once_the_index_had_its_time_and_is_sent_again_without_a_second_contact() {
    let mut stage = Box::pin(uncertain(WorldConfig::default(), Fault::ResetBefore, &traced(), 20)).await;
    let begun = stage.clock.now();
    let known = loop {
        let search = search(&stage).await;
        match &search.rows[0].outcome {
            SearchOutcome::NotThere => break stage.clock.now().since(begun),
            outcome => assert!(matches!(outcome, SearchOutcome::TooEarly(_)), "{outcome:?}"),
        }
        stage.pass(MINUTE).await;
    };
    // The margin behind the last request, and the delay.
    assert!(known > 15 * MINUTE && known < 27 * MINUTE, "{known:?}");
    let row = stage.rows().remove(0);
    assert_eq!((row.state, row.code.as_deref()), (State::Uncertain, Some("not-there")));
    let (mut journal, now) = (stage.journal(), stage.clock.now());
    let uncertain = journal.uncertain(stage.campaign).unwrap();
    assert!(
        uncertain[0]
            .not_there
            .as_ref()
            .unwrap()
            .starts_with("the account has no contact of it: those begun from ")
    );
    journal.decide(stage.campaign, &[uncertain[0].id], Decision::Resend, None, now).unwrap();
    drop(journal);
    stage.run(&Options::default()).await.unwrap();
    let row = stage.rows().remove(0);
    assert_eq!((row.state, row.code.as_deref()), (State::Started, Some("resend-not-there")));
    stage.check_promises(&Options::default());
}

/// A row that was planned before contacts carried their tokens: known by all that it carries.
#[tokio::test(start_paused = true)]
async fn a_contact_without_a_token_is_found_by_number_time_and_attributes() {
    let mut world = WorldConfig::default();
    world.account.rates = true;
    let stage = Box::pin(uncertain(world, Fault::LostAnswer, &shape(), 300)).await;
    stage.pass(30 * 24 * 60 * MINUTE).await;
    let search = search(&stage).await;
    assert_eq!((search.rows[0].outcome.clone(), search.is_searchable), (found(&lost(&stage)), None));
    assert_eq!(search.looked_at, 1, "the others are the journal's");
    let requests = stage.simulator.requests();
    assert!(requests.iter().all(|request| request.outcome != Outcome::Refused("ThrottlingException")));
    stage.check_promises(&Options::default());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_looked_through_proves_nothing() {
    for (denied, expected) in [
        ("connect:SearchContacts", SearchOutcome::Unfinished),
        ("connect:DescribeContact", SearchOutcome::Unseen),
    ] {
        let mut world = WorldConfig::default();
        world.account.denied.insert(denied.to_owned());
        let stage = Box::pin(uncertain(world, Fault::LostAnswer, &traced(), 3)).await;
        stage.pass(60 * MINUTE).await;
        let search = search(&stage).await;
        assert_eq!(search.rows[0].outcome, expected, "{denied}");
        assert_eq!(search.unfinished.is_some(), expected == SearchOutcome::Unfinished);
        assert_eq!(stage.tally()[State::Uncertain], 1);
    }
}

/// No index delays what the account's events have told.
#[tokio::test(start_paused = true)]
async fn a_contact_that_events_told_of_is_found_before_the_index_has_it() {
    let mut world = WorldConfig::default();
    world.account.index_delay = 3_600;
    let stage = Box::pin(uncertain(world, Fault::LostAnswer, &traced(), 1)).await;
    let mut journal = stage.journal();
    let event = ContactEvent {
        contact_id: lost(&stage),
        instance: Some(INSTANCE.to_owned()),
        initiated_at: Some(stage.clock.now()),
        what: "INITIATED".to_owned(),
        ended_at: None,
        end_reason: None,
        replied: None,
    };
    journal.intake().unwrap().take(&[AccountEvent::Contact(event)]).unwrap();
    drop(journal);
    assert_eq!(search(&stage).await.rows[0].outcome, found(&lost(&stage)));
}
