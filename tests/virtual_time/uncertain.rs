//! Uncertain rows: only a person decides, and the decision stays.

use campaign::domain::delivery::state::{Decision, State};
use campaign::journal::{Identity, JournalError};
use campaign::simulator::{Fault, WorldConfig};

use crate::virtual_time::stage::{self, Options, Stage, past_the_token};

/// Twenty recipients, of whom one was contacted and nobody knows.
async fn stage_with_one_uncertain() -> Stage {
    let mut config = WorldConfig::default();
    config.faults.destination("+12025550103", Fault::LostAnswer);
    let mut stage = Stage::with_recipients(config, 20);
    stage.run(&Options::default()).await.expect("a run");
    stage.simulator.with(|world| {
        world.faults_mut().clear();
    });
    stage.pass(past_the_token()).await;
    stage.run(&Options::default()).await.expect("a run");
    assert_eq!(stage.tally()[State::Uncertain], 1);
    stage
}

fn decide(stage: &Stage, decision: Decision, contact_id: Option<&str>) {
    let mut journal = stage.journal();
    let uncertain = journal.uncertain(stage.campaign).expect("a list");
    assert_eq!((uncertain.len(), uncertain[0].key.as_str()), (1, "C-3"));
    journal
        .decide(stage.campaign, &[uncertain[0].id], decision, contact_id, stage.clock.now())
        .expect("a decision");
    journal
        .decide(stage.campaign, &[uncertain[0].id], decision, contact_id, stage.clock.now())
        .expect_err("decided already");
}

#[tokio::test(start_paused = true)]
async fn marked_rows_keep_the_decision_and_are_not_sent_to() {
    for (decision, contact_id, state) in [
        (Decision::Started, Some("found-in-connect"), State::Started),
        (Decision::Started, None, State::Started),
        (Decision::Failed, None, State::Failed),
    ] {
        let mut stage = Box::pin(stage_with_one_uncertain()).await;
        decide(&stage, decision, contact_id);
        let row = stage.rows().into_iter().find(|row| row.line == Some(5)).expect("its row");
        assert_eq!((row.state, row.contact_id.as_deref()), (state, contact_id));
        assert_eq!(row.code.as_deref(), Some(decision.code()));
        let before = stage.simulator.requests().len();
        stage.run(&Options::default()).await.expect("a run");
        assert_eq!(stage.simulator.requests().len(), before);
        assert_eq!(stage.tally().rows(), 20);
    }
}

/// What `--resend` warns of: the person decided, and the recipient has two.
#[tokio::test(start_paused = true)]
async fn resend_sends_again_with_the_same_token_and_payload() {
    let mut stage = Box::pin(stage_with_one_uncertain()).await;
    stage.pass(past_the_token()).await;
    decide(&stage, Decision::Resend, None);
    stage.run(&Options::default()).await.expect("a run");
    assert_eq!(stage.tally()[State::Started], 20);
    let row = stage.rows().into_iter().find(|row| row.line == Some(5)).expect("its row");
    let token = row.client_token.expect("its token");
    let contacts: Vec<String> = stage
        .simulator
        .with(|world| world.contacts_by_token(&token).iter().map(|contact| contact.id.to_string()).collect());
    assert_eq!(contacts.len(), 2);
    assert_eq!(row.contact_id.as_ref(), contacts.last());
    assert_eq!(row.code.as_deref(), Some("resend"), "the decision stays in the report");
    let others = stage.rows().into_iter().filter(|row| row.code.is_some()).count();
    assert_eq!(others, 1, "and is nobody else's");
    assert_eq!(stage.simulator.payload_violations(), []);
}

/// A campaign of nobody but a row that is to be sent again: with another instance it would get another token, and the
/// decision does not cover that.
#[tokio::test(start_paused = true)]
async fn a_row_to_be_sent_again_keeps_its_campaigns_identity() {
    let mut config = WorldConfig::default();
    config.faults.destination("+12025550100", Fault::LostAnswer);
    let mut stage = Stage::with_recipients(config, 1);
    stage.run(&Options::default()).await.expect("a run");
    stage.pass(past_the_token()).await;
    let (mut journal, now) = (stage.journal(), stage.clock.now());
    journal.expire(stage.campaign, now).expect("the row expires");
    let uncertain = journal.uncertain(stage.campaign).expect("a list");
    journal.decide(stage.campaign, &[uncertain[0].id], Decision::Resend, None, now).expect("a decision");
    assert_eq!(stage.tally()[State::Queued], 1);
    let other = Identity { instance_id: "another".to_owned(), ..stage::identity() };
    let refused = journal.campaign(&other, now).expect_err("another instance");
    assert!(matches!(refused, JournalError::Changed { .. }), "{refused}");
}
