//! A journal with a row in every state, as this version writes it: by what the program itself calls, at fixed times.

use std::path::Path;

use campaign::domain::delivery::state::{Decision, Doubt, Event};
use campaign::domain::delivery::verdict::TOKEN_SAFE;
use campaign::domain::message::request::{Leaf, Message, Request, SegmentValue};
use campaign::domain::row::token::TokenSpace;
use campaign::domain::unix_millis::UnixMillis;
use campaign::journal::{
    ClaimRequest, Content, Counters, FileLine, Identity, Journal, NewRun, Pass, PauseKind, PauseSpan,
    Planned, RowId, RunActivity, RunEnd, Service, Settlement, Writer,
};
use rusqlite::Connection;

pub(crate) const NAME: &str = "spring";
const INSTANCE: &str = "11111111-2222-3333-4444-555555555555";
const FLOW: &str = "66666666-7777-8888-9999-000000000000";
const SOURCE: &str =
    "arn:aws:connect:us-west-2:123456789012:phone-number/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
const NOW: UnixMillis = UnixMillis::from_millis(1_772_357_400_000);

/// The campaign that the journal is of.
pub(crate) const DEFINITION: &str = r#"name = "spring"
[connect]
instance_id = "11111111-2222-3333-4444-555555555555"
contact_flow_id = "66666666-7777-8888-9999-000000000000"
source = "arn:aws:connect:us-west-2:123456789012:phone-number/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
[recipients]
key = "customer_id"
[contact]
message = "Hi {{ first_name }}"
[pace]
rate = 100.0
"#;

/// Writes the journal.
pub(crate) fn write(path: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(campaign(path));
    normalize(path);
}

async fn campaign(path: &Path) {
    let mut journal = Journal::open(path).unwrap();
    let identity = Identity {
        name: NAME.to_owned(),
        instance_id: INSTANCE.to_owned(),
        key_column: Some("customerid".to_owned()),
        service: Service::Simulated,
    };
    let id = journal.campaign(&identity, NOW).unwrap();
    let numbers = ["+12025550190"].map(|number| campaign::domain::phone::E164::parse(number).unwrap());
    journal.suppress(&numbers, Some("asked, on the phone"), NOW).unwrap();
    let columns = ["customer_id", "first_name", "phone"].map(str::to_owned);
    // What a first file had: one of its rows is in no later one.
    for lines in [vec![recipient(2, 99)], lines()] {
        let mut plan = journal.begin_plan(id, &shape(), &columns).unwrap();
        journal.plan(&mut plan, &lines).unwrap();
        journal.finish_plan(plan).unwrap();
    }
    journal.set_planned(id, Planned::Agreed).unwrap();
    let new = NewRun {
        file: Some("people.csv".to_owned()),
        rate: Some(2.0),
        settings: vec![("burst".to_owned(), "5".to_owned())],
        ..NewRun::default()
    };
    let (run, _) = journal.begin_run(id, &new, NOW).unwrap();
    let (writer, task) = Writer::spawn(journal, id);
    attempts(&writer).await;
    let activity = RunActivity {
        throttled: vec![(NOW, 3)],
        pauses: vec![PauseSpan { began_at: NOW, ends_at: later(60_000), kind: PauseKind::ActiveChats }],
        ..RunActivity::default()
    };
    drop(writer.activity(run, activity).await);
    let counters = Counters { started: 2, requests: 9, throttled: 3, retried: 2 };
    writer.counters(run, counters, later(2_000)).await;
    drop(writer);
    let mut journal = task.await.unwrap().unwrap();
    // Two rows without an answer have been so for too long; a person decides on one of them.
    journal.expire(id, later(10_000).plus(TOKEN_SAFE)).unwrap();
    let uncertain = journal.uncertain(id).unwrap();
    let contact = Some("contact-found-by-a-person");
    journal
        .decide(id, &[uncertain[0].id], Decision::Started, contact, later(20_000).plus(TOKEN_SAFE))
        .unwrap();
    let end = RunEnd { exit: 5, reason: Some("halted: the service does not answer".to_owned()) };
    journal.end_run(run, counters, &end, later(30_000)).unwrap();
    journal.close().unwrap();
}

fn later(millis: i64) -> UnixMillis {
    UnixMillis::from_millis(NOW.millis() + millis)
}

fn lines() -> Vec<FileLine> {
    let mut lines: Vec<FileLine> = (1..=9).map(|n| recipient(n + 1, n)).collect();
    lines.push(recipient(11, 3));
    let reason = "the phone number is too short".to_owned();
    let content =
        Content::Rejected { code: "phone-too-short".to_owned(), reason, key: Some("C-77".to_owned()) };
    lines.push(FileLine {
        number: 12,
        rejected: None,
        cells: ["C-77", "Zoë", "+1202"].map(str::to_owned).into(),
        content,
    });
    let mut listed = recipient(13, 90);
    if let Content::Recipient { suppressed, .. } = &mut listed.content {
        *suppressed = Some(("suppressed".to_owned(), "the number is on a suppression list".to_owned()));
    }
    lines.push(listed);
    lines
}

fn recipient(line: u64, n: u64) -> FileLine {
    let (key, name, destination) = (format!("C-{n}"), format!("Ada {n}"), format!("+120255501{n:02}"));
    let client_token = TokenSpace::new(INSTANCE, NAME).token(&key);
    let cells = vec![key.clone(), name.clone(), destination.clone()];
    let slots = vec![format!("Hi {name}")];
    FileLine {
        number: line,
        rejected: None,
        cells,
        content: Content::Recipient {
            key,
            destination,
            client_token,
            slots,
            lane: None,
            sender: None,
            window: Default::default(),
            suppressed: None,
        },
    }
}

fn shape() -> Request<Leaf> {
    let fixed = |text: &str| Leaf::Fixed(text.to_owned());
    Request {
        instance_id: INSTANCE.to_owned(),
        sender_instance_id: None,
        contact_flow_id: fixed(FLOW),
        source: fixed(SOURCE),
        segment_attributes: [("connect:Subtype".to_owned(), SegmentValue::String(fixed("connect:SMS")))]
            .into(),
        attributes: [].into(),
        chat_duration_minutes: None,
        display_name: None,
        message: Some(Message::Text { content_type: "text/plain".to_owned(), content: Leaf::Slot(0) }),
        related_contact_id: None,
        supported_content_types: Vec::new(),
    }
}

/// Two rows are started, one with an id that is no UUID; one failed; one was refused for now; two are in doubt since
/// long ago and one since a moment; two wait.
async fn attempts(writer: &Writer) {
    let claimed =
        writer.claim_next(ClaimRequest::new(Pass::Queued, RowId::START, 6), NOW).await.unwrap().rows;
    let settle = async |row: usize, event, contact: Option<&str>, refusal: Option<(&str, &str)>| {
        let settlement = Settlement {
            id: claimed[row].id,
            event,
            contact_id: contact.map(str::to_owned),
            refusal: refusal.map(|(code, words)| (code.to_owned(), words.to_owned())),
            requested_at: None,
            at: later(500),
        };
        writer.settle(settlement).await.unwrap();
    };
    settle(0, Event::Answered, Some("1b4f0e98-51a3-4f2c-9d2c-0a1b2c3d4e5f"), None).await;
    settle(1, Event::Answered, Some("contact-2"), None).await;
    settle(2, Event::Refused(Doubt::None), None, Some(("InvalidRequestException", "the number is blocked")))
        .await;
    settle(3, Event::NotNow(Doubt::None), None, Some(("ThrottlingException", "Rate exceeded"))).await;
    settle(4, Event::Unanswered, None, Some(("timeout", "no answer within 30 s"))).await;
    let since = later(0).plus(TOKEN_SAFE);
    writer.claim_next(ClaimRequest::new(Pass::Queued, claimed[5].id, 1), since).await.unwrap();
}

/// What differs from one writing to the next: the process, and when the schema was made.
fn normalize(path: &Path) {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch(
            "UPDATE run SET pid = 4242, version = '0.1.0';
             UPDATE refinery_schema_history SET applied_on = '2026-03-01T09:30:00Z';",
        )
        .unwrap();
}
