//! Whose keys count: in each set-up of variables and files `campaign` signs with those that the AWS CLI signs with.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use crate::simulator_clients::PROGRAMS;

const DEFINITION: &str = r#"[connect]
instance_id = "11111111-2222-3333-4444-555555555555"
contact_flow_id = "66666666-7777-8888-9999-000000000000"
source = "arn:aws:connect:us-west-2:123456789012:phone-number/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
"#;

/// A server that refuses everything, and notes whose keys requests are signed with.
#[derive(Clone)]
struct Notes {
    url: String,
    keys: Arc<Mutex<BTreeSet<String>>>,
}

impl Notes {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let notes = Self { url, keys: Arc::default() };
        let keys = Arc::clone(&notes.keys);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let request = request(&mut stream);
                let signed = request.split_once("Credential=").and_then(|(_, rest)| rest.split('/').next());
                keys.lock().unwrap().extend(signed.map(str::to_owned));
                let _ = stream
                    .write_all(b"HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
            }
        });
        notes
    }

    fn taken(&self) -> BTreeSet<String> {
        std::mem::take(&mut *self.keys.lock().unwrap())
    }
}

/// A request with its body.
fn request(stream: &mut TcpStream) -> String {
    let (mut request, mut byte) = (Vec::new(), [0]);
    while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
        request.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&request).into_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    let _ = stream.read_exact(&mut body);
    head
}

/// Its name, variables, the files `config` and `credentials`, and the profile that is named.
type SetUp =
    (&'static str, &'static [(&'static str, &'static str)], &'static str, &'static str, Option<&'static str>);

const ENV: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "ENV"), ("AWS_SECRET_ACCESS_KEY", "secret")];
const P: (&str, &str) = ("AWS_PROFILE", "p");
const D: (&str, &str) = ("AWS_DEFAULT_PROFILE", "d");
const FILE: &str = "[default]\naws_access_key_id = DEFAULT\naws_secret_access_key = s\n\
                    [p]\naws_access_key_id = P\naws_secret_access_key = s\n\
                    [d]\naws_access_key_id = D\naws_secret_access_key = s\n";
const CONFIG: &str = "[default]\naws_access_key_id = CONFIG\naws_secret_access_key = s\n\
                      [profile p]\naws_access_key_id = CONFIGP\naws_secret_access_key = s\n";
const PROCESS: &str = "[default]\ncredential_process = echo '{\"Version\": 1, \"AccessKeyId\": \"PROCESS\", \"SecretAccessKey\": \"s\"}'\n";
const PROCESS_AND_KEYS: &str = "[default]\naws_access_key_id = CONFIG\naws_secret_access_key = s\n\
    credential_process = echo '{\"Version\": 1, \"AccessKeyId\": \"PROCESS\", \"SecretAccessKey\": \"s\"}'\n";

const SET_UPS: &[SetUp] = &[
    ("keys of the environment", &ENV, "", "", None),
    ("keys of the environment, and files", &ENV, CONFIG, FILE, None),
    ("keys of the environment, and a profile of a variable", &[ENV[0], ENV[1], P], CONFIG, FILE, None),
    ("keys of the environment, and a profile that is named", &ENV, CONFIG, FILE, Some("p")),
    ("the default profile", &[], "", FILE, None),
    ("the default profile of the other file", &[], CONFIG, "", None),
    ("the default profile of both files", &[], CONFIG, FILE, None),
    ("a profile of a variable", &[P], CONFIG, FILE, None),
    ("a profile of the other variable", &[D], CONFIG, FILE, None),
    ("profiles of both variables", &[P, D], CONFIG, FILE, None),
    ("a profile that is named, and those of both variables", &[P, D], CONFIG, FILE, Some("default")),
    (
        "empty keys of the environment",
        &[("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")],
        "",
        FILE,
        None,
    ),
    ("a process", &[], PROCESS, "", None),
    ("a process, and keys of the environment", &ENV, PROCESS, "", None),
    ("a process, and keys beside it", &[], PROCESS_AND_KEYS, "", None),
    ("a process, and keys in the other file", &[], PROCESS, FILE, None),
    ("a profile that there is not", &[], CONFIG, FILE, Some("nobody")),
    (
        "a profile of a variable that there is not",
        &[ENV[0], ENV[1], ("AWS_PROFILE", "nobody")],
        CONFIG,
        FILE,
        None,
    ),
];

fn run(mut command: Command, folder: &Path, variables: &[(&str, &str)], notes: &Notes) -> BTreeSet<String> {
    command
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("PATH", std::env::var_os("PATH").unwrap());
    command.env("AWS_CONFIG_FILE", folder.join("config"));
    command.env("AWS_SHARED_CREDENTIALS_FILE", folder.join("credentials"));
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_DEFAULT_REGION", "us-west-2");
    command.env("AWS_MAX_ATTEMPTS", "1").envs(variables.iter().copied());
    command.output().unwrap();
    notes.taken()
}

#[test]
#[ignore = "needs python3 and, the first time, PyPI"]
fn whose_keys_count_is_as_the_aws_cli_has_it() {
    let notes = Notes::start();
    let mut differ = Vec::new();
    for (name, variables, config, credentials, profile) in SET_UPS {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in [("config", config), ("credentials", credentials), ("campaign.toml", &DEFINITION)]
        {
            fs::write(folder.path().join(file), text).unwrap();
        }
        let mut theirs = Command::new(PROGRAMS.join("aws"));
        theirs.args(["sts", "get-caller-identity", "--endpoint-url", &notes.url]);
        let mut ours = Command::new(env!("CARGO_BIN_EXE_campaign"));
        ours.args(["doctor", "-c", "campaign.toml", "--endpoint-url", &notes.url]);
        for command in [&mut theirs, &mut ours] {
            command.args(profile.iter().flat_map(|profile| ["--profile", profile]));
        }
        let theirs = run(theirs, folder.path(), variables, &notes);
        let ours = run(ours, folder.path(), variables, &notes);
        let whose = usize::from(!name.ends_with("that there is not"));
        assert_eq!(theirs.len(), whose, "{name}: the AWS CLI signs with {theirs:?}");
        if theirs != ours {
            differ.push(format!("{name}: the AWS CLI signs with {theirs:?}, and campaign with {ours:?}"));
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}
