//! Through a proxy and TLS: a proxy on this machine takes the connection to a host that there is not, speaks TLS as that host,
//! and passes on to the simulator what it gets. Each set-up says what comes of it.

use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned, crypto::aws_lc_rs};

use std::io::{Read, Write};

use crate::process::server::Server;
use crate::process::site::Site;

const HOST: &str = "https://connect.invalid";
/// That of the host, made for this test and good for nothing else.
const CERTIFICATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/process/way_out_certificate.pem");
const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/process/way_out_key.pem");
/// Another one.
const OTHER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/process/ca.pem");

/// A proxy that is the host as well.
struct Tunnel {
    address: String,
    /// What it was asked, up to the empty line.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Tunnel {
    /// One that passes on to this server, and wants `password`, where there is one.
    fn to(server: &Server, password: Option<&'static str>) -> Self {
        let provider = aws_lc_rs::default_provider().into();
        let config =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let certificate = CertificateDer::from_pem_file(CERTIFICATE).unwrap();
        let key = PrivateKeyDer::from_pem_file(KEY).unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let behind = server.endpoint().trim_start_matches("http://").to_owned();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&asked);
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let head = head(&mut stream).to_lowercase();
                heard.lock().unwrap().push(head.clone());
                if password
                    .is_some_and(|password| !head.contains(&format!("basic {}", password.to_lowercase())))
                {
                    let _ = stream.write_all(
                        b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n",
                    );
                    continue;
                }
                let _ = stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n");
                let (config, behind) = (Arc::clone(&config), behind.clone());
                thread::spawn(move || pass_on(stream, config, &behind));
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// A request up to its body.
fn head(stream: &mut impl Read) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// One request after the other to the server, and its answers back.
fn pass_on(stream: TcpStream, config: Arc<ServerConfig>, behind: &str) {
    let mut tls = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
    loop {
        let head = head(&mut tls);
        if head.is_empty() {
            return;
        }
        let mut body = vec![0; length(&head)];
        if tls.read_exact(&mut body).is_err() {
            return;
        }
        let mut server = TcpStream::connect(behind).unwrap();
        server.write_all(&[head.as_bytes(), &body].concat()).unwrap();
        let answer = self::head(&mut server);
        let mut body = vec![0; length(&answer)];
        server.read_exact(&mut body).unwrap();
        if tls.write_all(&[answer.as_bytes(), &body].concat()).and_then(|()| tls.flush()).is_err() {
            return;
        }
    }
}

fn length(head: &str) -> usize {
    let head = head.to_lowercase();
    head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok()).unwrap_or(0)
}

/// One set-up: variables, `{proxy}` in them being the proxy's address; lines of `[connect]`; lines of the profile; and what
/// is told where nothing is sent.
struct SetUp {
    name: &'static str,
    variables: &'static [(&'static str, &'static str)],
    connect: &'static str,
    profile: &'static str,
    refused: Option<&'static [&'static str]>,
}

const SENDS: Option<&[&str]> = None;
const BUNDLE: (&str, &str) = ("AWS_CA_BUNDLE", CERTIFICATE);
const UPPER: (&str, &str) = ("HTTPS_PROXY", "http://{proxy}");
const UNTRUSTED: Option<&[&str]> =
    Some(&["the certificate of connect.invalid is not trusted", "ca_bundle in [connect]", "AWS_CA_BUNDLE"]);

fn set_ups() -> Vec<SetUp> {
    let set_up =
        |name, variables, connect, profile, refused| SetUp { name, variables, connect, profile, refused };
    vec![
        set_up("a bundle of a variable", &[UPPER, BUNDLE], "", "", SENDS),
        set_up("a bundle of the definition", &[UPPER], "ca_bundle = \"{certificate}\"", "", SENDS),
        set_up("a bundle of the profile", &[UPPER], "", "ca_bundle = {certificate}", SENDS),
        set_up(
            "the definition's bundle before the variable's",
            &[UPPER, ("AWS_CA_BUNDLE", OTHER)],
            "ca_bundle = \"{certificate}\"",
            "",
            SENDS,
        ),
        set_up(
            "the variable's bundle before the profile's",
            &[UPPER, BUNDLE],
            "",
            "ca_bundle = {other}",
            SENDS,
        ),
        set_up(
            "an empty variable names none",
            &[UPPER, ("AWS_CA_BUNDLE", "")],
            "",
            "ca_bundle = {certificate}",
            SENDS,
        ),
        set_up("the lower-case variable", &[("https_proxy", "http://{proxy}"), BUNDLE], "", "", SENDS),
        set_up(
            "the lower-case variable before the other",
            &[("https_proxy", "http://{proxy}"), ("HTTPS_PROXY", "http://127.0.0.1:1"), BUNDLE],
            "",
            "",
            SENDS,
        ),
        set_up("an address without a scheme", &[("HTTPS_PROXY", "{proxy}"), BUNDLE], "", "", SENDS),
        set_up(
            "NO_PROXY for another host",
            &[UPPER, BUNDLE, ("NO_PROXY", "invalid.example,127.0.0.1")],
            "",
            "",
            SENDS,
        ),
        set_up("a password", &[("HTTPS_PROXY", "http://user:secret@{proxy}"), BUNDLE], "", "", SENDS),
        set_up("no bundle", &[UPPER], "", "", UNTRUSTED),
        set_up(
            "another's bundle",
            &[UPPER, ("AWS_CA_BUNDLE", OTHER)],
            "",
            "",
            Some(&["the certificate of connect.invalid is not trusted", "nor by the CA bundle"]),
        ),
        set_up(
            "no password",
            &[UPPER, BUNDLE],
            "",
            "",
            Some(&["gives no connection to connect.invalid", "check HTTPS_PROXY"]),
        ),
    ]
}

/// All at once: some try for a while.
#[test]
fn fourteen_ways_through_a_proxy_and_tls() {
    thread::scope(|scope| {
        for set_up in set_ups() {
            scope.spawn(move || go(&set_up));
        }
    });
}

fn go(SetUp { name, variables, connect, profile, refused }: &SetUp) {
    let (server, site) = (Server::start(&[]), Site::with_people(3));
    // `user:secret`
    let password = if name.ends_with("password") { Some("dXNlcjpzZWNyZXQ=") } else { None };
    let proxy = Tunnel::to(&server, password);
    let fill = |text: &str| {
        text.replace("{proxy}", &proxy.address)
            .replace("{certificate}", CERTIFICATE)
            .replace("{other}", OTHER)
    };
    let definition =
        site.read("campaign.toml").replace("[connect]", &format!("[connect]\n{}", fill(connect)));
    site.write("campaign.toml", &definition);
    site.write("config", &format!("[profile way]\nregion = us-west-2\n{}\n", fill(profile)));
    let args = ["run", "people.csv", "--yes", "--json", "--max-in-flight", "1", "--endpoint-url", HOST];
    let mut command = site.command(&args);
    command.env("AWS_CONFIG_FILE", site.path("config")).env("AWS_PROFILE", "way");
    command.envs(variables.iter().map(|(variable, value)| (variable, fill(value))));
    let ran = site.finish(command);
    match refused {
        None => {
            assert_eq!((ran.code, server.requests()), (0, 3), "{name}: {}", ran.stderr);
            let asked = proxy.asked();
            assert!(
                asked.iter().all(|head| head.starts_with("connect connect.invalid:443 ")),
                "{name}: {asked:?}"
            );
            server.has_each_once(&site.report());
        }
        Some(words) => {
            assert_eq!((ran.code, server.requests()), (5, 0), "{name}: {}", ran.stderr);
            assert!(words.iter().all(|word| ran.stderr.contains(word)), "{name}: {}", ran.stderr);
            assert!(!proxy.asked().is_empty(), "{name}");
        }
    }
    assert!(!ran.stderr.contains("secret"), "{name}: {}", ran.stderr);
}
