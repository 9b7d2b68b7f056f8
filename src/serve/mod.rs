//! The page and the metrics: all campaigns of a journal, live, in a browser on this machine.
//!
//! It reads the journal like any reader, and steers as `campaign pause` does: a run neither needs nor notices it. It
//! listens on loopback, and elsewhere only behind TLS. `access` says who may look and steer.

mod access;
mod download;
mod history;
mod inert;
mod look;
mod metrics;
mod routes;
mod steer;
mod stream;
mod tls;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

pub use access::TokenFileError;
pub use tls::TlsError;

use access::{Access, Front};
use look::Watcher;
use routes::Pages;

use crate::clock::Clock;
use crate::report::Names;

/// Connections at once; one more is closed at once.
const MOST_CONNECTIONS: usize = 1_024;
/// A request's head comes within this, or the connection ends.
const HEAD_PATIENCE: Duration = Duration::from_secs(30);
/// The longest head of a request.
const HEAD_MAX_BYTES: usize = 16 << 10;
/// The pause after a connection that could not be accepted (no file descriptor left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);
/// How often the charts get a point while nobody watches.
const SAMPLE_EVERY: Duration = Duration::from_secs(5);

/// What is served, and to whom.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// The journal.
    pub journal: PathBuf,
    /// The address to listen on; port 0 picks a free one.
    pub listen: SocketAddr,
    /// True where nobody may steer.
    pub read_only: bool,
    /// Whether reports name recipients.
    pub names: Names,
    /// How requests from elsewhere are kept safe.
    pub transport: Transport,
    /// Where the token is kept; `None` for one that is new with each start.
    pub token_file: Option<PathBuf>,
    /// Who steers, as the journal writes it down.
    pub who: String,
}

/// How requests come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    /// As plain HTTP from this machine.
    Loopback,
    /// Through TLS of the server's own.
    Tls {
        /// The certificate with its chain, PEM.
        certificate: PathBuf,
        /// Its key, PEM.
        key: PathBuf,
    },
    /// Through a proxy that speaks TLS, under this host.
    Proxy(String),
}

/// Why the server does not run, or no longer.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is not the machine's own, and nothing protects the token on its way.
    #[error("{0} is not a loopback address: without TLS, everybody on the way could read the token")]
    NotLoopback(SocketAddr),
    /// The address is taken, or not ours to take.
    #[error("failed to listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// There is no TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// There is no token.
    #[error(transparent)]
    Token(#[from] TokenFileError),
}

/// A server that listens.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    transport: Transport,
    pages: Arc<Pages>,
}

impl Server {
    /// Listens.
    ///
    /// # Errors
    /// Where the address cannot be listened on, or is not loopback and nothing protects the token.
    pub async fn bind(options: ServeOptions, clock: Clock) -> Result<Self, ServeError> {
        let ServeOptions { journal, listen, read_only, names, transport, token_file, who } = options;
        if transport == Transport::Loopback && !listen.ip().is_loopback() {
            return Err(ServeError::NotLoopback(listen));
        }
        let tls = match &transport {
            Transport::Tls { certificate, key } => Some(tls::acceptor(certificate, key)?),
            _ => None,
        };
        let failed = |source| ServeError::Listen { address: listen, source };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let front = match &transport {
            Transport::Loopback => Front::Loopback(own_hosts(address)),
            Transport::Tls { .. } => Front::Tls,
            Transport::Proxy(host) => Front::Proxy(host.clone()),
        };
        let token = match &token_file {
            Some(path) => access::kept_token(path)?,
            None => access::new_token().map_err(TokenFileError::from)?,
        };
        let access = Access::new(front, address.port(), !read_only, token);
        let watcher = Watcher::new(journal, clock, !read_only);
        let pages = Arc::new(Pages::new(access, watcher, names, who));
        Ok(Self { listener, address, tls, transport, pages })
    }

    /// The address with the token, for a browser.
    #[must_use]
    pub fn url(&self) -> String {
        let (scheme, host) = match &self.transport {
            Transport::Loopback => ("http", self.address.to_string()),
            Transport::Tls { .. } => ("https", self.address.to_string()),
            Transport::Proxy(host) => ("https", host.clone()),
        };
        format!("{scheme}://{host}/?token={}", self.pages.token())
    }

    /// Serves until `stop` comes; connections that are open then are dropped.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let free = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        let mut connections = JoinSet::new();
        let pages = Arc::clone(&self.pages);
        connections.spawn(async move {
            loop {
                pages.sample().await;
                tokio::time::sleep(SAMPLE_EVERY).await;
            }
        });
        let mut stop = pin!(stop);
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        // One too many is closed at once: it costs its client an error, and us nothing.
                        let Ok(permit) = Arc::clone(&free).try_acquire_owned() else { continue };
                        let (pages, tls) = (Arc::clone(&self.pages), self.tls.clone());
                        connections.spawn(async move {
                            connection(stream, tls, pages).await;
                            drop(permit);
                        });
                    }
                    Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
                },
                () = &mut stop => return,
            }
            while connections.try_join_next().is_some() {}
        }
    }
}

/// The names under which a browser of this machine reaches a loopback address.
fn own_hosts(address: SocketAddr) -> Vec<String> {
    let port = address.port();
    let mut hosts = vec![address.to_string(), format!("localhost:{port}")];
    if port == 80 {
        // Browsers leave the port out where it is the scheme's own.
        let bare: Vec<_> =
            hosts.iter().filter_map(|host| host.strip_suffix(":80")).map(str::to_owned).collect();
        hosts.extend(bare);
    }
    hosts
}

async fn connection(stream: TcpStream, tls: Option<TlsAcceptor>, pages: Arc<Pages>) {
    // Where it fails, small answers take a little longer.
    _ = stream.set_nodelay(true);
    let Some(tls) = tls else { return http(stream, pages).await };
    if let Ok(Ok(stream)) = tokio::time::timeout(HEAD_PATIENCE, tls.accept(stream)).await {
        http(stream, pages).await;
    }
}

async fn http(stream: impl AsyncRead + AsyncWrite + Unpin, pages: Arc<Pages>) {
    let service = service_fn(move |request| {
        let pages = Arc::clone(&pages);
        async move { Ok::<_, std::convert::Infallible>(pages.answer(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .max_buf_size(HEAD_MAX_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    // A connection that breaks is its client's business.
    _ = connection.await;
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;
    use crate::domain::unix_millis::UnixMillis;

    #[tokio::test(start_paused = true)]
    async fn an_order_that_does_not_come_is_given_up() {
        let token = access::new_token().expect("chance");
        let access = Access::new(Front::Loopback(vec!["localhost:1".to_owned()]), 1, true, token.clone());
        let clock = Clock::from_tokio(UnixMillis::from_millis(0));
        let watcher = Watcher::new(PathBuf::from("nothing.db"), clock, true);
        let pages = Arc::new(Pages::new(access, watcher, Names::Withheld, "somebody".to_owned()));
        let (mut client, server) = tokio::io::duplex(4_096);
        let serving = tokio::spawn(http(server, pages));
        let head = format!(
            "POST /api/campaigns/spring/pause HTTP/1.1\r\nhost: localhost:1\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: 2\r\n\r\n{{"
        );
        client.write_all(head.as_bytes()).await.expect("it is taken");
        let mut answer = String::new();
        let read = client.read_to_string(&mut answer);
        let read = tokio::time::timeout(Duration::from_secs(120), read).await;
        assert!(read.is_ok() && answer.starts_with("HTTP/1.1 408 "), "{answer}");
        serving.await.expect("the connection is over");
    }

    #[test]
    fn a_browser_finds_it_by_the_address_that_is_printed() {
        for (address, hosts) in [
            ("127.0.0.1:8080", &["127.0.0.1:8080", "localhost:8080"][..]),
            ("[::1]:8080", &["[::1]:8080", "localhost:8080"]),
            ("127.0.0.1:80", &["127.0.0.1:80", "localhost:80", "127.0.0.1", "localhost"]),
            ("[::1]:80", &["[::1]:80", "localhost:80", "[::1]", "localhost"]),
        ] {
            let address: SocketAddr = address.parse().expect("an address");
            assert_eq!(own_hosts(address), hosts, "{address}");
        }
    }
}
