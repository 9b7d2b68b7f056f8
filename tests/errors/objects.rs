//! Recipients that lie elsewhere, and cannot be had.

use crate::errors::area::{Area, Case, PEOPLE};
use crate::object_store::{Fault, ObjectServer};

/// S3 with one list.
fn s3() -> ObjectServer {
    let store = ObjectServer::signed("us-west-2");
    store.put("/lists/people.csv", PEOPLE);
    store
}

/// What S3 says in this place of an answer.
fn refusal(status: u16, code: &str, message: &str) -> Fault {
    Fault::Says(status, format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>"))
}

fn at<'a>(case: Case<'a>, store: &ObjectServer) -> Case<'a> {
    case.env("AWS_ENDPOINT_URL_S3", &store.url)
}

#[test]
fn that_are_no_addresses() {
    let mut area = Area::new("addresses");
    for (title, address) in [
        ("a bucket without an object", "s3://lists"),
        ("a folder of a bucket", "s3://lists/2026/"),
        ("no bucket", "s3:///people.csv"),
        ("an access point", "s3://arn:aws:s3:us-west-2:123456789012:accesspoint/lists/people.csv"),
        ("plain http to another machine", "http://host.example/people.csv?secret"),
        ("a password in a URL", "https://me:secret@host.example/people.csv"),
        ("a URL with blanks", "'https://host.example/people of may.csv'"),
        ("a store that is not read", "gs://lists/people.csv"),
        ("a file as a URL", "file:///tmp/people.csv"),
    ] {
        area.case(title).says(2, &format!("run {address} --yes"));
    }
    area.end();
}

#[test]
fn that_s3_does_not_give() {
    let mut area = Area::new("objects");
    let run = "run s3://lists/people.csv --yes";
    let store = s3();
    at(area.case("no such object"), &store).says(2, "run s3://lists/peple.csv --yes");
    for (title, code, fault) in [
        ("no such bucket", 2, refusal(404, "NoSuchBucket", "The specified bucket does not exist")),
        ("access denied", 2, refusal(403, "AccessDenied", "Access Denied")),
        ("access denied without a word", 2, Fault::Status(403)),
        ("credentials that expired", 5, refusal(400, "ExpiredToken", "The provided token has expired.")),
        (
            "credentials that nobody knows",
            5,
            refusal(
                403,
                "InvalidAccessKeyId",
                "The AWS Access Key Id you provided does not exist in our records.",
            ),
        ),
        ("a clock that is wrong", 5, refusal(403, "RequestTimeTooSkewed", "The difference is too large.")),
        ("an archived object", 2, refusal(403, "InvalidObjectState", "The operation is not valid for it")),
        ("a Region that is not told", 2, refusal(301, "PermanentRedirect", "Use the specified endpoint.")),
        ("an answer of another kind", 2, refusal(400, "InvalidRequest", "The object was stored with a key.")),
    ] {
        let store = s3();
        store.store().always = Some(fault);
        at(area.case(title), &store).says(code, run);
    }
    let store = s3();
    at(area.case("a secret that is wrong"), &store).env("AWS_SECRET_ACCESS_KEY", "mistyped").says(5, run);
    at(area.case("no credentials"), &store).without_env("AWS_ACCESS_KEY_ID").says(5, run);
    area.case("an endpoint that is not encrypted")
        .env("AWS_ENDPOINT_URL_S3", "http://store.example")
        .says(2, run);
    area.case("an endpoint where nothing is").env("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9").says(1, run);
    area.case("a proxy that is none").env("HTTPS_PROXY", "socks5://127.0.0.1:9").says(2, run);
    area.end();
}

#[test]
fn that_a_server_does_not_give() {
    let mut area = Area::new("urls");
    for (title, code, faults) in [
        ("nothing there", 2, vec![Fault::Status(404)]),
        ("a URL that does not count", 2, vec![Fault::Status(403)]),
        ("a presigned URL that expired", 2, vec![refusal(403, "AccessDenied", "Request has expired")]),
        ("another answer", 2, vec![Fault::Status(418)]),
        ("a redirect without https", 2, vec![Fault::Redirect("http://host.example/x?secret".to_owned())]),
        ("redirects without an end", 2, vec![Fault::Redirect("/x".to_owned()); 6]),
        ("an end that cannot be told", 2, vec![Fault::Endless]),
        ("a server without time", 1, vec![Fault::Status(503); 4]),
        ("a connection that breaks", 1, [vec![Fault::Cut(50)], vec![Fault::Cut(0); 4]].concat()),
        (
            "a server that says nothing any more",
            1,
            [vec![Fault::Stall(50)], vec![Fault::Stall(0); 4]].concat(),
        ),
        ("a list that is changed meanwhile", 1, vec![Fault::Cut(50), Fault::Status(412)]),
    ] {
        let store = ObjectServer::start();
        store.put("/people.csv", PEOPLE);
        store.store().faults = faults;
        let stalls = matches!(store.store().faults.first(), Some(Fault::Stall(_)));
        let line = format!("run {}?secret --yes", store.at("/people.csv"));
        let case = at(area.case(title), &store);
        // Shorter than by default, and longer than a machine that is busy takes for an answer.
        let patience = "read_timeout = \"5s\"\n\n[recipients]";
        let case = if stalls { case.with("[recipients]", patience) } else { case };
        case.says(code, &line);
    }
    let store = ObjectServer::start();
    store.put("/people.csv", PEOPLE);
    store.store().objects.insert("/people.csv".to_owned(), (PEOPLE.into(), String::new()));
    store.store().faults = vec![Fault::Cut(50)];
    let line = format!("run {} --yes", store.at("/people.csv"));
    at(area.case("a connection that breaks, without an ETag"), &store).says(1, &line);
    let full = vec![b'x'; 1 << 20];
    store.put("/people.csv", full);
    at(area.case("a disk without room"), &store).on_a_full_disk(64).says(1, &line);
    area.end();
}
