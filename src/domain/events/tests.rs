//! Records in every form that the services and what stands between write them in.

use proptest::prelude::*;

use super::*;
use crate::domain::unix_millis::UnixMillis;

const DETAIL: &str = r#"{"eventType":"TEXT_SUCCESSFUL","eventVersion":"1.0","eventTimestamp":1759342841377,"isFinal":true,
"originationPhoneNumber":"+12025550100","destinationPhoneNumber":"+12025550123","isoCountryCode":"US","mcc":"310","mnc":"260",
"carrierName":"A Carrier","messageId":"ed23","messageRequestTimestamp":1759342840978,"messageEncoding":"GSM",
"messageType":"TRANSACTIONAL","messageStatus":"SUCCESSFUL","messageStatusDescription":"Message has been accepted by phone carrier",
"totalMessageParts":1,"totalMessagePrice":0.00581,"totalCarrierFee":0.003,
"protectConfiguration":{"protectConfigurationId":"protect-1","protectStatus":"ALLOW"}}"#;

fn envelope(source: &str, detail_type: &str, detail: &str) -> String {
    format!(
        r#"{{"version":"0","id":"1","detail-type":"{detail_type}","source":"{source}","account":"111122223333",
"time":"2026-03-01T18:20:41Z","region":"us-east-1","resources":[],"detail":{detail}}}"#
    )
}

fn delivery(detail: &str) -> String {
    envelope("aws.sms-voice", "Text Message Delivery Status Updated", detail)
}

fn only(record: &str) -> AccountEvent {
    let parsed = parse(record.as_bytes());
    assert_eq!((parsed.other, &parsed.bad[..], parsed.events.len()), (0, &[][..], 1), "{record}");
    parsed.events.into_iter().next().unwrap()
}

fn message(record: &str) -> MessageEvent {
    match only(record) {
        AccountEvent::Message(event) => event,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_delivery_event_is_read_in_its_envelope_and_at_the_top_level() {
    let event = message(&delivery(DETAIL));
    assert_eq!(event.message_id, "ed23");
    assert_eq!(event.at, UnixMillis::from_millis(1_759_342_841_377));
    assert_eq!(event.requested_at, Some(UnixMillis::from_millis(1_759_342_840_978)));
    assert_eq!(event.destination.as_ref().map(crate::domain::phone::E164::as_str), Some("+12025550123"));
    assert_eq!(event.origination.as_deref(), Some("+12025550100"));
    assert_eq!((event.parts, event.price, event.carrier_fee), (Some(1), Some(0.00581), Some(0.003)));
    assert_eq!((event.is_final, event.delivery()), (true, Delivery::Delivered));
    assert_eq!(
        (event.account.as_deref(), event.region.as_deref()),
        (Some("111122223333"), Some("us-east-1"))
    );
    assert_eq!((event.carrier.as_deref(), event.country.as_deref()), (Some("A Carrier"), Some("US")));
    let top = DETAIL.replacen('{', r#"{"context":{"contact":"c-1"},"#, 1);
    let top = message(&top);
    assert_eq!((top.account.clone(), top.context.clone()), (None, vec!["c-1".to_owned()]));
    let bare = MessageEvent { account: None, region: None, ..event };
    assert_eq!(MessageEvent { context: Vec::new(), ..top }, bare);
    let without = DETAIL.replace("\"destinationPhoneNumber\":\"+12025550123\",", "");
    assert_eq!(message(&delivery(&without)).destination, None, "AWS's own samples lack it");
}

#[test]
fn what_wraps_an_event_is_taken_off() {
    let event = delivery(DETAIL);
    let text = serde_json::to_string(&event).unwrap();
    for wrapped in [
        format!(r#"{{"Type":"Notification","MessageId":"1","TopicArn":"arn","Message":{text}}}"#),
        format!(r#"{{"MessageId":"1","ReceiptHandle":"r","MD5OfBody":"0","Body":{text}}}"#),
        format!(
            r#"{{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logStream":"s","subscriptionFilters":["f"],
               "logEvents":[{{"id":"3","timestamp":1759342841377,"message":{text}}}]}}"#
        ),
        format!(
            r#"{{"logStreamName":"s","timestamp":1759342841377,"message":{text},"ingestionTime":1,"eventId":"1"}}"#
        ),
    ] {
        assert_eq!(message(&wrapped), message(&event), "{wrapped}");
    }
    let mut deep = event;
    for _ in 0..5 {
        deep = format!(r#"{{"Message":{}}}"#, serde_json::to_string(&deep).unwrap());
    }
    assert_eq!(parse(deep.as_bytes()).bad, [Unreadable::TooDeep]);
}

#[test]
fn cloudtrail_says_who_a_message_was_for() {
    let record = r#"{"eventVersion":"1.09","eventTime":"2026-03-01T18:20:40Z","eventSource":"sms-voice.amazonaws.com",
        "eventName":"SendTextMessage","awsRegion":"us-east-1","requestParameters":{"destinationPhoneNumber":"+12025550123",
        "originationIdentity":"phone-1","messageBody":"HIDDEN_DUE_TO_SECURITY_REASONS"},"responseElements":{"messageId":"ed23"},
        "recipientAccountId":"111122223333","eventCategory":"Data"}"#;
    let AccountEvent::Sent(sent) = only(record) else { panic!("{:?}", only(record)) };
    assert_eq!((sent.message_id.as_str(), sent.destination.as_str()), ("ed23", "+12025550123"));
    assert_eq!(sent.at.to_string(), "2026-03-01T18:20:40.000Z");
    let wrapped = envelope("aws.sms-voice", "AWS API Call via CloudTrail", record);
    assert_eq!(only(&wrapped), AccountEvent::Sent(sent));
    for other in [
        record.replace("\"eventName\":\"SendTextMessage\"", "\"eventName\":\"DescribePools\""),
        record.replace("\"eventCategory\"", "\"errorCode\":\"ThrottlingException\",\"eventCategory\""),
        record.replace("+12025550123", "HIDDEN_DUE_TO_SECURITY_REASONS"),
        record.replace("sms-voice.amazonaws.com", "ec2.amazonaws.com"),
    ] {
        let parsed = parse(other.as_bytes());
        assert_eq!((parsed.other, parsed.events.len(), parsed.bad.len()), (1, 0, 0), "{other}");
    }
}

#[test]
fn contact_events_are_read_under_both_names() {
    let detail = r#"{"eventType":"DISCONNECTED","contactId":"c-1","channel":"CHAT","disconnectReason":"CONTACT_FLOW_DISCONNECT",
        "instanceArn":"arn:aws:connect:us-east-1:111122223333:instance/i","initiationMethod":"API",
        "initiationTimestamp":"2026-03-01T18:20:40.123Z","disconnectTimestamp":"2026-03-01T18:20:44Z",
        "chatMetrics":{"customerMetrics":{"messagesSent":2}}}"#;
    let mut seen = Vec::new();
    for name in ["Amazon Connect Contact Event", "Connect Customer Contact Event"] {
        let AccountEvent::Contact(event) = only(&envelope("aws.connect", name, detail)) else {
            panic!("{name}")
        };
        assert_eq!((event.contact_id.as_str(), event.what.as_str()), ("c-1", "DISCONNECTED"));
        assert_eq!(event.end_reason.as_deref(), Some("CONTACT_FLOW_DISCONNECT"));
        assert_eq!(event.replied, Some(true));
        assert_eq!(event.ended_at.unwrap().since(event.initiated_at.unwrap()).as_millis(), 3_877);
        seen.push(event);
    }
    assert_eq!(seen[0], seen[1]);
    let call = detail.replace("CHAT", "VOICE");
    assert_eq!(parse(envelope("aws.connect", "Amazon Connect Contact Event", &call).as_bytes()).other, 1);
}

#[test]
fn what_is_no_event_of_ours_is_told_apart_from_what_is_broken() {
    for other in [
        envelope(
            "aws.ec2",
            "EC2 Instance State-change Notification",
            r#"{"state":"running","message":{"a":1}}"#,
        ),
        envelope("aws.sms-voice", "Voice", &DETAIL.replace("TEXT_SUCCESSFUL", "VOICE_COMPLETED")),
        r#"{"level":"info","message":"a line of a program"}"#.to_owned(),
        "{}".to_owned(),
    ] {
        let parsed = parse(other.as_bytes());
        assert_eq!((parsed.other, parsed.events.len(), parsed.bad.len()), (1, 0, 0), "{other}: {parsed:?}");
    }
    for (bad, why) in [
        (delivery(&DETAIL.replace("\"messageId\":\"ed23\",", "")), "an event without messageId"),
        (
            delivery(&DETAIL.replace("1759342841377", "1759342841")),
            "eventTimestamp is no time in milliseconds",
        ),
        (delivery(&DETAIL.replace("\"ed23\"", "17")), "invalid type: integer `17`"),
        (delivery(&DETAIL.replace("\"ed23\"", &format!("\"{}\"", "x".repeat(257)))), "longer than an id is"),
        ("{".to_owned(), "EOF while parsing an object"),
    ] {
        let parsed = parse(bad.as_bytes());
        assert_eq!(parsed.bad.len(), 1, "{bad}: {parsed:?}");
        assert!(parsed.bad[0].to_string().contains(why), "{}", parsed.bad[0]);
    }
}

#[expect(clippy::type_complexity, reason = "what was read, and what was not")]
fn pieces(text: &[u8], chunk: usize) -> (Vec<(u64, String)>, Vec<(u64, &'static str)>) {
    let (mut records, mut bad) = (Vec::new(), Vec::new());
    let mut splitter = Splitter::default();
    let mut each = |piece: StreamPiece<'_>| match piece {
        StreamPiece::Record(at, bytes) => records.push((at, String::from_utf8_lossy(bytes).into_owned())),
        StreamPiece::Bad(at, why) => bad.push((at, why)),
    };
    for chunk in text.chunks(chunk) {
        splitter.push(chunk, &mut each);
    }
    splitter.end(&mut each);
    (records, bad)
}

#[test]
fn records_are_found_in_every_arrangement() {
    let (a, b) = (r#"{"a":{"x":["{",1]},"s":"}\"{"}"#, r#"{"b":2}"#);
    for text in [
        format!("{a}{b}"),
        format!("{a}\n{b}\n"),
        format!("\u{feff}{a}\r\n\r\n{b}"),
        format!("[{a},{b}]"),
        format!("[\n  {a},\n  {b}\n]\n"),
        format!("[{a}]\n[{b}]"),
        format!("{{\"Records\":[{a},{b}]}}"),
        format!("{{ \"Records\" : [{a}]}}{{\"Records\":[{b}]}}"),
        format!("2026-03-01T18:20:41.123Z {a}\n2026-03-01T18:20:42Z {b}\n"),
        // What the AWS CLI prints: a list with more behind it, before it, and around it.
        format!("{{\"events\": [{a}, {b}], \"searchedLogStreams\": []}}"),
        format!("{{\n  \"searchedLogStreams\": [],\n  \"events\": [\n{a},\n{b}\n  ]\n}}\n"),
        format!(
            "{{\"searchedLogStreams\":[{{\"logStreamName\":\"s ]}}\",\"events\":[1]}}],\"events\" : [{a}],\"nextToken\":\"]}}\"}}\n{b}"
        ),
        format!(
            "{{\"events\": [{a}], \"nextForwardToken\": \"f/1\", \"nextBackwardToken\": \"b/1\"}}{{\"Messages\":[{b}],\"n\":{{\"m\":[1]}}}}"
        ),
        format!("{{\"Events\": [], \"x\": 1, \"Events\": [{a}], \"events\": [{b}]}}"),
        // `aws logs tail`: the time, the stream, the event.
        format!(
            "2026-03-01T18:20:41.123000+00:00 a stream/of [1] events {a}\n2026-03-01T18:20:42+00:00 s {b}\n"
        ),
        format!("2026-03-01T18:20:41 {a}\n2026-03-01T18:20:42 {b}\n"),
    ] {
        for chunk in [1, 2, 7, 4096] {
            let (records, bad) = pieces(text.as_bytes(), chunk);
            let texts: Vec<&str> = records.iter().map(|(_, text)| text.as_str()).collect();
            assert_eq!(texts, [a, b], "{text}");
            assert_eq!(bad, [], "{text}");
            for (at, record) in &records {
                assert_eq!(&text[usize::try_from(*at).unwrap()..][..record.len()], record, "{text}");
            }
        }
    }
}

/// A list in a record that is one itself, not a document of records.
#[test]
fn a_list_deeper_in_a_record_stays_in_it() {
    let text = r#"{"detail":{"events":[{"a":1}],"Records":[{"b":2}]},"s":"\"events\":["}"#;
    assert_eq!(pieces(text.as_bytes(), 3), (vec![(0, text.to_owned())], Vec::new()));
    // A line of a log with a time in front that is no record is told, and so is a document without its end.
    let (records, bad) = pieces(b"2026-03-01T18:20:41Z s a line\n{\"events\":[{\"a\":1}", 64);
    let cut = "it ends in the middle of a list: there may have been more";
    assert_eq!((records.len(), bad), (1, vec![(0, "not JSON"), (48, cut)]));
    for text in [
        "[{\"a\":1}",
        "[{\"a\":1},\n",
        "[{\"a\":1}]\n[{\"a\":1},",
        "[",
        "{\"Records\":[{\"a\":1},",
        "{\"Records\":[",
    ] {
        assert_eq!(pieces(text.as_bytes(), 3).1, [(text.len() as u64, cut)], "{text}");
    }
    let (records, bad) = pieces(b"{\"events\":[{\"a\":1}],\"next\":\"f/", 64);
    assert_eq!((records.len(), bad), (1, vec![(18, "it ends in the middle of a record")]));
    // One that is broken off behind its list costs the next nothing.
    let (records, bad) = pieces(b"{\"events\":[{\"a\":1}]\n{\"b\":2}\n", 64);
    assert_eq!((records.len(), bad), (2, vec![(18, "the record is not closed")]));
}

#[test]
fn what_is_no_price_is_none() {
    for (price, read) in [("1e308", None), ("-1e300", None), ("1e6", Some(1e6)), ("0.00581", Some(0.00581))] {
        let detail = DETAIL
            .replace("0.00581", price)
            .replace("\"totalCarrierFee\":0.003", "\"totalCarrierFee\":1e300");
        let event = message(&delivery(&detail));
        assert_eq!((event.price, event.carrier_fee), (read, None), "{price}");
    }
}

#[test]
fn a_broken_record_costs_itself_and_no_other() {
    let (a, b) = (r#"{"a":"x"}"#, r#"{"b":"y"}"#);
    for (broken, why) in [
        (r#"{"c":"#, "the record is not closed"),
        (r#"{"c":1"#, "the record is not closed"),
        (r#"{"c":1,"#, "the record is not closed"),
        (r#"{"c":"cut"#, "a text is not closed"),
        (r#"{"c":[1}"#, "its brackets do not match"),
        ("garbage", "not JSON"),
        ("17", "not JSON"),
    ] {
        let text = format!("{a}\n{broken}\n{b}\n");
        let (records, bad) = pieces(text.as_bytes(), 5);
        let texts: Vec<&str> = records.iter().map(|(_, text)| text.as_str()).collect();
        let value_expected = broken == r#"{"c":"#;
        if value_expected {
            // The next record is taken for the value; then nothing closes it.
            assert_eq!((texts, bad.len()), (vec![a], 1), "{text}");
            continue;
        }
        assert_eq!(texts, [a, b], "{text}");
        assert_eq!(bad, [(10, why)], "{text}");
    }
    let (records, bad) = pieces(br#"{"a":"x"}{"b":"#, 3);
    assert_eq!((records.len(), bad), (1, vec![(9, "it ends in the middle of a record")]));
    let (records, bad) = pieces(format!("{}\n{b}", "[{\"a\":".repeat(1000)).as_bytes(), 100);
    assert_eq!((records.len(), bad.len()), (1, 1), "{bad:?}");
    let long = format!("{{\"a\":\"{}\"}}\n{b}", "x".repeat(split::MOST));
    let (records, bad) = pieces(long.as_bytes(), 1 << 16);
    assert_eq!((records.len(), bad), (1, vec![(0, "a record longer than 16 MiB")]));
}

proptest! {
    #[test]
    fn no_bytes_stop_it(bytes in proptest::collection::vec(any::<u8>(), 0..400), chunk in 1_usize..64) {
        let (records, _) = pieces(&bytes, chunk);
        for (_, record) in records {
            let _ = parse(record.as_bytes());
        }
        let _ = parse(&bytes);
    }

    #[test]
    fn structure_never_stops_it(text in "[{}\\[\\]\",:a1\\\\ \n]{0,200}", chunk in 1_usize..64) {
        let (records, bad) = pieces(text.as_bytes(), chunk);
        let (again, bad_again) = pieces(text.as_bytes(), 1);
        prop_assert_eq!(records, again);
        prop_assert_eq!(bad, bad_again);
    }
}
