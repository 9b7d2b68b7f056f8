//! A server on loopback that has files to give out, as Amazon S3 and as any web server: it checks signatures, gives
//! parts, names the Region of a bucket, and breaks off where a test says so.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// The only secret that counts.
const SECRET: &str = "test";
/// The sum of no bytes, as S3 wants it of a request without a body.
const NO_BODY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// How an answer is spoiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection ends after so many bytes of the body.
    Cut(usize),
    /// So many bytes of the body come, and then nothing, until the client goes.
    Stall(usize),
    /// This status, with nothing of the object.
    Status(u16),
    /// This status and this body.
    Says(u16, String),
    /// A redirect to this address.
    Redirect(String),
    /// The head of the answer does not say how long it is.
    Endless,
}

/// What a server has, and what it was asked.
#[derive(Debug, Default)]
pub(crate) struct Store {
    /// By path, such as `/lists/may.csv`: bytes and ETag.
    pub(crate) objects: HashMap<String, (Vec<u8>, String)>,
    /// For the next answers, one each.
    pub(crate) faults: Vec<Fault>,
    /// For all answers after those.
    pub(crate) always: Option<Fault>,
    /// Whether requests must be signed for S3 in this Region.
    pub(crate) region: Option<String>,
    /// Whether the versions of objects are told.
    pub(crate) versioned: bool,
    /// Whether a part is never given, only the whole.
    pub(crate) no_parts: bool,
    /// The heads of the requests, in lower case but for the path.
    pub(crate) asked: Vec<String>,
}

/// The server. It goes with the process.
#[derive(Debug, Clone)]
pub(crate) struct ObjectServer {
    store: Arc<Mutex<Store>>,
    pub(crate) url: String,
}

impl ObjectServer {
    /// Gives out whatever is put into it, to anybody.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Self { store: Arc::default(), url };
        let store = Arc::clone(&server.store);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let store = Arc::clone(&store);
                std::thread::spawn(move || answer(stream, &store));
            }
        });
        server
    }

    /// The same as S3 is: only to who signs, in this Region.
    pub(crate) fn signed(region: &str) -> Self {
        let server = Self::start();
        server.store().region = Some(region.to_owned());
        server
    }

    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap()
    }

    /// Puts an object there, in the place of the one before.
    pub(crate) fn put(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref().to_vec();
        let etag = format!("\"{}\"", &hex::encode(Sha256::digest(&bytes))[..32]);
        self.store().objects.insert(path.to_owned(), (bytes, etag));
    }

    /// The URL of a path.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// A header of each request so far; empty where it had none.
    pub(crate) fn headers(&self, name: &str) -> Vec<String> {
        let store = self.store();
        store.asked.iter().map(|head| header(head, name).unwrap_or_default().to_owned()).collect()
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().skip(1).find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// One connection, one request.
fn answer(mut stream: TcpStream, store: &Mutex<Store>) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).replace("\r\n", "\n");
    let Some((line, headers)) = head.split_once('\n') else { return };
    // Names of headers have no case; their values do.
    let headers: String = headers
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| format!("{}: {value}\n", name.to_lowercase()))
        .collect();
    let head = format!("{line}\n{headers}");
    let (reply, body, fault) = {
        let mut store = store.lock().unwrap();
        store.asked.push(head.clone());
        let fault = if store.faults.is_empty() { store.always.clone() } else { Some(store.faults.remove(0)) };
        let (reply, body) = reply(&store, &head, fault.as_ref());
        (reply, body, fault)
    };
    let _ = stream.write_all(reply.as_bytes());
    if line.starts_with("HEAD ") {
        return;
    }
    match fault {
        Some(Fault::Cut(after)) => {
            let _ = stream.write_all(&body[..after.min(body.len())]);
        }
        Some(Fault::Stall(after)) => {
            let _ = stream.write_all(&body[..after.min(body.len())]);
            // Until the client goes.
            let _ = stream.read(&mut byte);
        }
        _ => drop(stream.write_all(&body)),
    }
    let _ = stream.shutdown(Shutdown::Write);
}

/// The head of an answer, and its body.
fn reply(store: &Store, head: &str, fault: Option<&Fault>) -> (String, Vec<u8>) {
    let path = head.split(' ').nth(1).unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default();
    let with = |status: u16, more: &str, body: &[u8]| {
        let mut reply = format!("HTTP/1.1 {status} So\r\nconnection: close\r\n{more}");
        if fault != Some(&Fault::Endless) {
            let _ = write!(reply, "content-length: {}\r\n", body.len());
        }
        (format!("{reply}\r\n"), body.to_vec())
    };
    let error = |status, code: &str, message: &str, more: &str| {
        let body = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
        with(status, more, body.as_bytes())
    };
    match fault {
        Some(Fault::Status(status)) => return with(*status, "", b""),
        Some(Fault::Says(status, body)) => return with(*status, "", body.as_bytes()),
        Some(Fault::Redirect(to)) => return with(302, &format!("location: {to}\r\n"), b""),
        _ => {}
    }
    if let Some(region) = &store.region {
        let Some(signed) = header(head, "authorization") else {
            return error(403, "AccessDenied", "Access Denied", "");
        };
        if !signed.contains(&format!("/{region}/s3/aws4_request")) {
            let more = format!("x-amz-bucket-region: {region}\r\n");
            return error(400, "AuthorizationHeaderMalformed", "the region is wrong", &more);
        }
        if signed != authorization(head, region) {
            return error(403, "SignatureDoesNotMatch", "The request signature does not match.", "");
        }
    }
    let Some((bytes, etag)) = store.objects.get(path) else {
        return error(404, "NoSuchKey", "The specified key does not exist.", "");
    };
    if header(head, "if-match").is_some_and(|wanted| wanted != etag) {
        return error(412, "PreconditionFailed", "At least one of the pre-conditions did not hold.", "");
    }
    let mut more = format!("etag: {etag}\r\n");
    if store.versioned {
        let _ = write!(more, "x-amz-version-id: v.{}\r\n", etag.trim_matches('"'));
    }
    let from = header(head, "range").filter(|_| !store.no_parts);
    let from = from.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
    match from {
        Some(from) => {
            let last = bytes.len() - 1;
            let _ = write!(more, "content-range: bytes {from}-{last}/{}\r\n", bytes.len());
            with(206, &more, &bytes[from..])
        }
        None => with(200, &more, bytes),
    }
}

/// What the header of a request must be, by
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>.
fn authorization(head: &str, region: &str) -> String {
    let value = |name| header(head, name).unwrap_or_default();
    let names = value("authorization").split("SignedHeaders=").nth(1).unwrap_or_default();
    let names = names.split(',').next().unwrap_or_default();
    let mut line = head.lines().next().unwrap_or_default().split(' ');
    let (method, path) = (line.next().unwrap_or_default(), line.next().unwrap_or_default());
    let headers: String = names.split(';').map(|name| format!("{name}:{}\n", value(name))).collect();
    let canonical = format!("{method}\n{path}\n\n{headers}\n{names}\n{NO_BODY}");
    let date = value("x-amz-date");
    let day = &date[..8];
    let scope = format!("{day}/{region}/s3/aws4_request");
    let sum = hex::encode(Sha256::digest(canonical));
    let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{sum}");
    let time = format!("{}-{}-{}T00:00:00Z", &day[..4], &day[4..6], &day[6..]).parse::<Timestamp>().unwrap();
    let key = generate_signing_key(SECRET, time.into(), region, "s3");
    let signature = calculate_signature(key, to_sign.as_bytes());
    format!("AWS4-HMAC-SHA256 Credential=test/{scope}, SignedHeaders={names}, Signature={signature}")
}
