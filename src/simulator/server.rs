//! The loopback door: an HTTP/1.1 server that any client can talk to, and that cuts connections when the world says so.
//!
//! It refuses to listen on anything but loopback, for it is no service to offer to a network. Besides the service's
//! own paths it answers `GET /_simulator/contacts`, `/_simulator/requests`, `/_simulator/events` (JSON lines) and
//! `/_simulator/stats`.

use std::error::Error;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write};
use std::net::SocketAddr;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::body::AnswerBody;
use super::clock::WorldTime;
use super::handle::Simulator;
use super::records::RequestRecord;
use super::refusal::Refusal;
use super::wire::{Answer, Delivery, Reaction, WireRequest};

/// More than any request may have; what is longer is no request for this service.
const BODY_MAX_BYTES: usize = 1 << 20;
/// The pause after a connection that could not be accepted (no file descriptor left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// Why the server does not run, or no longer.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address is not the machine's own.
    #[error("failed to listen on {0}: the simulator listens on loopback addresses only, such as 127.0.0.1")]
    NotLoopback(SocketAddr),
    /// The address is taken, or not ours to take.
    #[error("failed to listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The log cannot be opened or written.
    #[error("failed to write the log {}", path.to_string_lossy().escape_debug())]
    Log {
        /// The log.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    simulator: Simulator,
    log: Option<LogFile>,
}

/// The log of requests: JSON lines, readable by its owner only, for it has phone numbers.
#[derive(Debug)]
struct LogFile {
    path: PathBuf,
    file: File,
}

/// What every connection needs.
struct Door {
    simulator: Simulator,
    log: Option<Mutex<File>>,
    log_failed: mpsc::Sender<io::Error>,
}

/// The reason for which a service function ends a connection without an answer.
#[derive(Debug)]
struct ConnectionCut;

impl fmt::Display for ConnectionCut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is cut")
    }
}

impl Error for ConnectionCut {}

impl LogFile {
    fn open(path: &Path) -> Result<Self, ServerError> {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let path = path.to_owned();
        // Opening a pipe that nothing reads never ends.
        let is_no_file = std::fs::metadata(&path).is_ok_and(|there| {
            let kind = there.file_type();
            kind.is_fifo() || kind.is_socket() || kind.is_block_device()
        });
        if is_no_file {
            let source =
                io::Error::new(io::ErrorKind::Unsupported, "it is a pipe, a socket or a disk, not a file");
            return Err(ServerError::Log { path, source });
        }
        if let Some(source) = other_file(&path) {
            return Err(ServerError::Log { path, source });
        }
        match options.open(&path) {
            Ok(file) => Ok(Self { path, file }),
            Err(source) => Err(ServerError::Log { path, source }),
        }
    }
}

/// Why the log is not added to a file: it is there, and is something else.
fn other_file(path: &Path) -> Option<io::Error> {
    let mut first = [0];
    let mut file = File::open(path).ok().filter(|file| file.metadata().is_ok_and(|file| file.is_file()))?;
    let is_other = file.read(&mut first).is_ok_and(|read| read == 1) && first != *b"{";
    is_other.then(|| {
        io::Error::new(io::ErrorKind::AlreadyExists, "it is there already, and is no log of requests")
    })
}

impl Server {
    /// Listens on `address`; port 0 picks a free one. Each request is appended to `log`.
    pub async fn bind(
        address: SocketAddr,
        simulator: Simulator,
        log: Option<&Path>,
    ) -> Result<Self, ServerError> {
        if !address.ip().is_loopback() {
            return Err(ServerError::NotLoopback(address));
        }
        let log = log.map(LogFile::open).transpose()?;
        let failed = |source| ServerError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address, simulator, log })
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` comes; connections that are open then are dropped.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), ServerError> {
        let (log_failed, mut log_failure) = mpsc::channel(1);
        let (path, file) = self.log.map(|log| (log.path, Mutex::new(log.file))).unzip();
        let door = Arc::new(Door { simulator: self.simulator, log: file, log_failed });
        let mut connections = JoinSet::new();
        let mut stop = pin!(stop);
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => drop(connections.spawn(serve(stream, Arc::clone(&door)))),
                    Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
                },
                Some(source) = log_failure.recv() => {
                    return Err(ServerError::Log { path: path.unwrap_or_default(), source });
                }
                () = &mut stop => return Ok(()),
            }
            while connections.try_join_next().is_some() {}
        }
    }
}

/// Serves one connection to its end.
async fn serve(stream: TcpStream, door: Arc<Door>) {
    // Without it answers would wait for the client's acknowledgements; where it fails they do.
    _ = stream.set_nodelay(true);
    let service = service_fn(|request| answer(Arc::clone(&door), request));
    let mut http = http1::Builder::new();
    let mut connection = http.auto_date_header(false).serve_connection(TokioIo::new(stream), service);
    let Err(error) = (&mut connection).await else { return };
    if let Some(source) = error.source()
        && source.is::<ConnectionCut>()
    {
        // Closing with a linger of zero sends a reset instead of an orderly end.
        _ = connection.into_parts().io.into_inner().set_zero_linger();
    }
}

async fn answer(door: Arc<Door>, request: Request<Incoming>) -> Result<Response<AnswerBody>, ConnectionCut> {
    let (head, body) = request.into_parts();
    let target = head.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    if head.method == http::Method::GET
        && let Some(page) = target.strip_prefix("/_simulator/")
    {
        return response(inspect(&door.simulator, page), None);
    }
    let body = match Limited::new(body, BODY_MAX_BYTES).collect().await {
        Ok(body) => body,
        Err(error) if error.is::<LengthLimitError>() => return response(Refusal::too_large().answer(), None),
        Err(_) => return Err(ConnectionCut),
    };
    let headers = head.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let reaction = door.simulator.handle(&WireRequest {
        method: head.method.as_str(),
        target,
        headers: headers.collect(),
        body: body.to_bytes(),
    });
    door.log(&reaction.record);
    if !reaction.delay.is_zero() {
        tokio::time::sleep(reaction.delay).await;
    }
    match reaction.delivery.clone() {
        Delivery::Answer(answer) => response(answer, Some(&reaction)),
        Delivery::Truncate(answer) => {
            let body = AnswerBody::truncated(&answer.body);
            response(answer, Some(&reaction)).map(|response| response.map(|_| body))
        }
        Delivery::Reset | Delivery::Refuse => Err(ConnectionCut),
        Delivery::Hang => std::future::pending().await,
    }
}

fn response(answer: Answer, reaction: Option<&Reaction>) -> Result<Response<AnswerBody>, ConnectionCut> {
    let mut response = Response::builder().status(answer.status).header("content-type", answer.content_type);
    if let Some(reaction) = reaction {
        response = response
            .header("date", reaction.date.http_date())
            .header("x-amzn-requestid", &reaction.request_id);
    }
    if let Some(code) = answer.error_type {
        response = response.header("x-amzn-errortype", code);
    }
    response.body(AnswerBody::whole(answer.body)).map_err(|_| ConnectionCut)
}

impl Door {
    fn log(&self, record: &RequestRecord) {
        let Some(file) = &self.log else { return };
        let line = json_line(record);
        if let Err(error) = file.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line) {
            // Of several failures the first is enough.
            _ = self.log_failed.try_send(error);
        }
    }
}

/// What the world has seen, for tests and users to compare.
fn inspect(simulator: &Simulator, page: &str) -> Answer {
    match page {
        "contacts" => Answer::json(200, json_lines(&simulator.contacts())),
        "requests" => Answer::json(200, json_lines(&simulator.requests())),
        "events" => Answer::json(200, events(simulator, simulator.now())),
        "events?all" => Answer::json(200, events(simulator, WorldTime(u64::MAX))),
        "stats" => Answer::ok(&simulator.stats()),
        _ => {
            let known = b"{\"message\":\"known are contacts, requests, events, stats\"}\n";
            Answer::json(404, Bytes::from_static(known))
        }
    }
}

/// What the account has told of the contacts until then.
fn events(simulator: &Simulator, until: WorldTime) -> Vec<u8> {
    let told = simulator.with(|world| world.events(WorldTime(0), until));
    told.iter().flat_map(|told| json_line(&told.record)).collect()
}

fn json_lines(items: &[impl Serialize]) -> Vec<u8> {
    items.iter().flat_map(json_line).collect()
}

fn json_line(item: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(item).unwrap_or_default();
    line.push(b'\n');
    line
}
