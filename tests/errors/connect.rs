//! The way to the service, and what the service refuses. Only servers on this machine are asked.

use std::fs;

use crate::errors::area::{Area, Case};
use crate::simulator_process::Process;

fn without_keys(case: Case<'_>) -> Case<'_> {
    case.without_env("AWS_ACCESS_KEY_ID").without_env("AWS_SECRET_ACCESS_KEY")
}

#[test]
fn before_the_first_request() {
    let mut area = Area::new("aws");
    without_keys(area.case("no credentials")).says(5, "run people.csv --yes");
    without_keys(area.case("no credentials, and a campaign of its own name and journal"))
        .says(5, "run people.csv --yes -c campaign.toml -j spring.db");
    area.case("a profile that there is not")
        .file("config", "[profile other]\nregion = us-west-2\n")
        .env("AWS_CONFIG_FILE", "config")
        .without_env("AWS_ACCESS_KEY_ID")
        .without_env("AWS_SECRET_ACCESS_KEY")
        .says(5, "run people.csv --yes --profile marketing");
    without_keys(area.case("a profile, and no configuration files at all"))
        .says(5, "run people.csv --yes --profile marketing");
    without_keys(area.case("a role that needs a code"))
        .file(
            "config",
            "[profile admin]\nrole_arn = arn:aws:iam::123456789012:role/admin\nsource_profile = admin\n\
             mfa_serial = GAHT00000000\n",
        )
        .env("AWS_CONFIG_FILE", "config")
        .says(5, "run people.csv --yes --profile admin");
    area.case("a proxy that does not speak HTTP")
        .env("HTTPS_PROXY", "socks5://127.0.0.1:1080")
        .says(2, "run people.csv --yes");
    without_keys(area.case("a credential process that fails"))
        .file("config", "[default]\ncredential_process = false\n")
        .env("AWS_CONFIG_FILE", "config")
        .says(5, "run people.csv --yes");
    without_keys(area.case("a configuration file that is none"))
        .file("config", "this is = [ not\n")
        .env("AWS_CONFIG_FILE", "config")
        .says(5, "run people.csv --yes");
    area.case("no Region, where the numbers are in the file")
        .with(
            "source = \"arn:aws:connect:us-west-2:123456789012:phone-number/",
            "source = \"{{ source }}\" # ",
        )
        .file(
            "people.csv",
            "customer_id,first_name,phone,source\nC-1,Ada,+12025550101,\
             arn:aws:connect:us-west-2:123456789012:phone-number/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee\n",
        )
        .says(2, "run people.csv --yes");
    area.case("plain http to another machine, from the environment")
        .env("AWS_ENDPOINT_URL_CONNECT", "http://192.0.2.1:80")
        .says(2, "run people.csv --yes");
    area.case("a queue that is no URL")
        .without_env("AWS_ENDPOINT_URL")
        .says(2, "deliveries follow --queue events");
    area.case("a queue in plain http on another machine")
        .without_env("AWS_ENDPOINT_URL")
        .says(2, "deliveries follow --queue http://sqs.example.com/events");
    for (title, variable) in [("FIPS", "AWS_USE_FIPS_ENDPOINT"), ("dual-stack", "AWS_USE_DUALSTACK_ENDPOINT")]
    {
        area.case(&format!("an endpoint of one's own, and {title} endpoints"))
            .env(variable, "true")
            .says(2, "run people.csv --yes --endpoint-url http://127.0.0.1:1");
    }
    without_keys(area.case("a retry mode that only the AWS CLI has, and attempts that are no number"))
        .env("AWS_RETRY_MODE", "legacy")
        .env("AWS_MAX_ATTEMPTS", "many")
        .says(5, "run people.csv --yes");
    area.case("no certificates at the path")
        .with("[recipients]", "ca_bundle = \"ca.pem\"\n[recipients]")
        .says(2, "run people.csv --yes");
    area.case("a file of something else in their place")
        .with("[recipients]", "ca_bundle = \"people.csv\"\n[recipients]")
        .says(2, "run people.csv --yes");
    area.end();
}

#[test]
fn what_halts() {
    let mut area = Area::new("halts");
    let run = |endpoint: &str| format!("run people.csv -q --yes --max-in-flight 1 --endpoint-url {endpoint}");
    for (title, args) in [
        ("access denied", &["--access-denied", "1"][..]),
        ("an instance that there is not", &["--instance-id", "99999999-0000-4000-8000-000000000000"]),
        ("a flow that there is not", &["--contact-flow-id", "99999999-0000-4000-8000-000000000000"]),
        (
            "a number that there is not",
            &[
                "--source",
                "arn:aws:connect:us-west-2:123456789012:phone-number/99999999-0000-4000-8000-000000000000",
            ],
        ),
        ("credentials that have expired", &["--credential-life", "0s"]),
        ("keys that nobody knows", &["--credentials", "OTHER:secret"]),
        ("a wrong secret", &["--credentials", "test:other"]),
    ] {
        let server = Process::start(args);
        area.case(title).says(5, &run(&server.endpoint));
    }
    let server = Process::start(&["--access-denied", "1"]);
    area.case("access denied, for a campaign with a name and a journal")
        .made(|case| {
            fs::create_dir(case.path("campaigns")).unwrap();
            fs::rename(case.path("campaign.toml"), case.path("campaigns/spring.toml")).unwrap();
        })
        .says(5, &format!("{} -c spring -j 'my journal.db'", run(&server.endpoint)));
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    area.case("nobody who answers").says(5, &run(&format!("http://127.0.0.1:{port}")));
    area.end();
}

/// A server that answers everything with this.
fn server_that_answers(answer: &'static str) -> String {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let answer = answer.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // The whole request, whatever it asks: a connection that is closed before that is reset. A client that has gone
            // does not matter.
            let (mut request, mut bytes) = (Vec::new(), [0; 16_384]);
            while !is_whole(&request) {
                match stream.read(&mut bytes) {
                    Ok(length @ 1..) => request.extend_from_slice(&bytes[..length]),
                    Ok(0) | Err(_) => break,
                }
            }
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    endpoint
}

/// Whether the request has as many bytes behind its headers as they say.
fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((headers, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = headers.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

#[test]
fn answers_of_something_else() {
    let mut area = Area::new("answers");
    for (title, answer) in [
        (
            "a proxy that wants a password",
            "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n",
        ),
        (
            "a page that has moved",
            "HTTP/1.1 301 Moved\r\nlocation: https://x.example\r\ncontent-length: 0\r\n\r\n",
        ),
        ("a page that is not there", "HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\n\r\nnot found"),
        (
            "a contact id for everybody",
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n{\"ContactId\":\"same\"}",
        ),
        (
            "a clock that is off",
            "HTTP/1.1 403 Forbidden\r\nx-amzn-errortype: RequestTimeTooSkewed\r\ncontent-length: 2\r\n\r\n{}",
        ),
    ] {
        let endpoint = server_that_answers(answer);
        area.case(title)
            .says(5, &format!("run people.csv -q --yes --max-in-flight 1 --endpoint-url {endpoint}"));
    }
    area.end();
}

#[test]
fn rows_that_are_left() {
    let mut area = Area::new("left_over");
    let refused = "HTTP/1.1 400 Bad Request\r\nx-amzn-errortype: InvalidRequestException\r\ncontent-type: application/json\
                   \r\ncontent-length: 38\r\n\r\n{\"Message\":\"The number is not valid.\"}";
    let endpoint = server_that_answers(refused);
    area.case("rows that were refused, and one that was rejected")
        .file("people.csv", format!("{}C-4,Eve,12\n", crate::errors::area::PEOPLE))
        .says(3, &format!("run people.csv --yes --max-in-flight 1 --endpoint-url {endpoint}"));
    area.case("the same with -c and -j")
        .file("people.csv", format!("{}C-4,Eve,12\n", crate::errors::area::PEOPLE))
        .says(
            3,
            &format!("run people.csv -c campaign.toml -j spring.db --yes --max-in-flight 1 --endpoint-url {endpoint}"),
        );
    let mut people = "customer_id,first_name,phone\n".to_owned();
    for n in 10..90 {
        people.push_str(&format!("C-{n},Ada,+120255501{n}\n"));
    }
    area.case("too many rows that were refused").file("people.csv", people).says(
        5,
        &format!("run people.csv -q -j spring.db --yes --rate 20 --burst 1 --max-in-flight 1 --endpoint-url {endpoint}"),
    );
    area.end();
}
