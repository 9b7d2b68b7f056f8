//! One connection to PostgreSQL, and what a copy asks of it: statements without parameters, and COPY both ways. It blocks, as
//! SQLite does on the other side of a copy. Messages are `postgres-protocol`'s, which tokio-postgres is made of:
//! <https://www.postgresql.org/docs/current/protocol.html>.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use fallible_iterator::FallibleIterator as _;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::backend::{ErrorFields, Message};
use postgres_protocol::message::frontend;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, StreamOwned};

use crate::domain::foreign::ForeignText;
use crate::journal::postgres::address::{PostgresAddress, ServerHost};
use crate::journal::postgres::error::PostgresError;
use crate::journal::postgres::tls::SslMode;

/// How long a server may be silent: longer than PostgreSQL takes to sort a table of ten million rows, or to commit one.
const SILENCE: Duration = Duration::from_secs(15 * 60);
/// Bytes that are read and written at once.
const CHUNK: usize = 64 * 1024;

/// The stream below the messages.
enum ServerStream {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl ServerStream {
    /// How long reading and writing wait, at most.
    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        let tcp = match self {
            Self::Tcp(stream) => stream,
            Self::Tls(stream) => stream.get_ref(),
            Self::Unix(stream) => {
                stream.set_read_timeout(timeout)?;
                return stream.set_write_timeout(timeout);
            }
        };
        tcp.set_read_timeout(timeout)?;
        tcp.set_write_timeout(timeout)
    }

    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(bytes),
            Self::Unix(stream) => stream.read(bytes),
            Self::Tls(stream) => stream.read(bytes),
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.write_all(bytes),
            Self::Unix(stream) => stream.write_all(bytes),
            Self::Tls(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
        }
    }
}

/// A session of PostgreSQL. After an error it is not used again.
pub(super) struct ServerSession {
    transport: ServerStream,
    input: BytesMut,
    output: BytesMut,
    /// What is read into; made once.
    chunk: Box<[u8]>,
}

/// What a statement returned: rows of texts.
pub(super) type TextRows = Vec<Vec<Option<String>>>;

impl ServerSession {
    /// Connects to the first of the servers that answers and takes the session.
    ///
    /// # Errors
    /// What the last of them failed with.
    pub(super) fn open(address: &PostgresAddress) -> Result<Self, PostgresError> {
        let mut failed = PostgresError::Address("names no host".to_owned());
        for host in &address.hosts {
            match Self::open_at(address, host) {
                Ok(session) => return Ok(session),
                // Another host would say the same.
                Err(error @ (PostgresError::NoPassword { .. } | PostgresError::File { .. })) => {
                    return Err(error);
                }
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    fn open_at(address: &PostgresAddress, host: &ServerHost) -> Result<Self, PostgresError> {
        let encrypted = match address.tls.mode {
            _ if host.socket().is_some() => false,
            SslMode::Disable => false,
            SslMode::Prefer | SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => true,
        };
        let config = encrypted.then(|| address.tls.config()).transpose()?.map(Arc::new);
        let opened = Self::start(address, host, config);
        // As libpq: what cannot be had encrypted is had without, where that will do.
        let mut session = match opened {
            Err(PostgresError::Tls { .. }) if address.tls.mode == SslMode::Prefer => {
                Self::start(address, host, None)?
            }
            opened => opened?,
        };
        session.transport.set_timeout(Some(SILENCE)).map_err(PostgresError::Lost)?;
        if address.only_writable && session.one("SHOW transaction_read_only")?.as_deref() != Some("off") {
            let why = "it takes no writing, and target_session_attrs asks for one that does".to_owned();
            return Err(PostgresError::Unreachable { server: host.to_string(), why });
        }
        Ok(session)
    }

    fn start(
        address: &PostgresAddress,
        host: &ServerHost,
        config: Option<Arc<ClientConfig>>,
    ) -> Result<Self, PostgresError> {
        let unreachable =
            |error: io::Error| PostgresError::Unreachable { server: host.to_string(), why: words(&error) };
        let mut transport = connect(host, address.connect_timeout).map_err(unreachable)?;
        transport.set_timeout(Some(address.connect_timeout.unwrap_or(SILENCE))).map_err(unreachable)?;
        if let (ServerStream::Tcp(stream), Some(config)) = (&transport, config) {
            let stream = stream.try_clone().map_err(unreachable)?;
            if let Some(encrypted) = encrypt(stream, config, host, address.tls.mode)? {
                transport = ServerStream::Tls(Box::new(encrypted));
            }
        }
        let chunk = vec![0; CHUNK].into_boxed_slice();
        let mut session = Self { transport, input: BytesMut::new(), output: BytesMut::new(), chunk };
        session.log_in(address, host).map_err(|error| match error {
            PostgresError::Server { message, code } => {
                PostgresError::Refused { server: host.to_string(), message, code }
            }
            PostgresError::Lost(error) => unreachable(error),
            other => other,
        })?;
        Ok(session)
    }

    fn log_in(&mut self, address: &PostgresAddress, host: &ServerHost) -> Result<(), PostgresError> {
        let parameters =
            [("user", address.user.as_str()), ("database", &address.database), ("client_encoding", "UTF8")];
        let session = address.session.iter().map(|(name, value)| (*name, value.as_str()));
        frontend::startup_message(parameters.into_iter().chain(session), &mut self.output)
            .map_err(PostgresError::Lost)?;
        self.flush()?;
        let password = || {
            host.password.clone().map_err(|note| PostgresError::NoPassword {
                server: host.to_string(),
                user: address.user.clone(),
                note,
            })
        };
        let unsupported = |what| Err(PostgresError::Unsupported { server: host.to_string(), what });
        loop {
            match self.message()? {
                Message::AuthenticationOk => {}
                Message::AuthenticationCleartextPassword => self.send_password(password()?.as_bytes())?,
                Message::AuthenticationMd5Password(body) => {
                    let hash = md5_hash(address.user.as_bytes(), password()?.as_bytes(), body.salt());
                    self.send_password(hash.as_bytes())?;
                }
                Message::AuthenticationSasl(body) => {
                    let mut mechanisms = body.mechanisms();
                    let mut scram = false;
                    while let Some(mechanism) = mechanisms.next().map_err(PostgresError::Lost)? {
                        scram |= mechanism == SCRAM_SHA_256;
                    }
                    if !scram {
                        return unsupported("a SASL mechanism other than SCRAM-SHA-256");
                    }
                    self.scram(password()?.as_bytes())?;
                }
                Message::AuthenticationGss
                | Message::AuthenticationSspi
                | Message::AuthenticationKerberosV5 => {
                    return unsupported("Kerberos or GSSAPI");
                }
                Message::ReadyForQuery(_) => return Ok(()),
                _ => {}
            }
        }
    }

    fn send_password(&mut self, password: &[u8]) -> Result<(), PostgresError> {
        frontend::password_message(password, &mut self.output).map_err(PostgresError::Lost)?;
        self.flush()
    }

    fn scram(&mut self, password: &[u8]) -> Result<(), PostgresError> {
        let mut scram = ScramSha256::new(password, ChannelBinding::unsupported());
        frontend::sasl_initial_response(SCRAM_SHA_256, scram.message(), &mut self.output)
            .map_err(PostgresError::Lost)?;
        self.flush()?;
        loop {
            match self.message()? {
                Message::AuthenticationSaslContinue(body) => {
                    scram.update(body.data()).map_err(PostgresError::Lost)?;
                    frontend::sasl_response(scram.message(), &mut self.output)
                        .map_err(PostgresError::Lost)?;
                    self.flush()?;
                }
                // The server proves that it knows the password, too.
                Message::AuthenticationSaslFinal(body) => {
                    return scram.finish(body.data()).map_err(PostgresError::Lost);
                }
                _ => return Err(unexpected("in place of its part of SCRAM")),
            }
        }
    }

    fn flush(&mut self) -> Result<(), PostgresError> {
        let written = self.transport.write_all(&self.output);
        self.output.clear();
        written.map_err(|error| self.cause_of(error))
    }

    /// A server that ends a session says why before it closes the connection.
    fn cause_of(&mut self, error: io::Error) -> PostgresError {
        match self.message() {
            Err(said @ PostgresError::Server { .. }) => said,
            _ => PostgresError::Lost(error),
        }
    }

    /// The next message that is not a notice; an error where the server reports one.
    fn message(&mut self) -> Result<Message, PostgresError> {
        loop {
            match Message::parse(&mut self.input).map_err(PostgresError::Lost)? {
                Some(
                    Message::NoticeResponse(_)
                    | Message::ParameterStatus(_)
                    | Message::NotificationResponse(_),
                ) => {}
                Some(Message::ErrorResponse(body)) => return Err(of_server(body.fields())),
                Some(message) => return Ok(message),
                None => {
                    let read = self.transport.read(&mut self.chunk).map_err(PostgresError::Lost)?;
                    if read == 0 {
                        let closed = io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed it");
                        return Err(PostgresError::Lost(closed));
                    }
                    self.input.extend_from_slice(&self.chunk[..read]);
                }
            }
        }
    }

    fn ask(&mut self, sql: &str) -> Result<(), PostgresError> {
        frontend::query(sql, &mut self.output).map_err(PostgresError::Lost)?;
        self.flush()
    }

    /// Runs statements, and returns the rows of all of them.
    pub(super) fn query(&mut self, sql: &str) -> Result<TextRows, PostgresError> {
        self.ask(sql)?;
        let mut rows = Vec::new();
        loop {
            match self.message()? {
                Message::DataRow(body) => {
                    let (buffer, mut ranges, mut row) = (body.buffer(), body.ranges(), Vec::new());
                    while let Some(range) = ranges.next().map_err(PostgresError::Lost)? {
                        row.push(range.map(|range| String::from_utf8_lossy(&buffer[range]).into_owned()));
                    }
                    rows.push(row);
                }
                Message::ReadyForQuery(_) => return Ok(rows),
                _ => {}
            }
        }
    }

    /// Runs statements for what they do.
    pub(super) fn run(&mut self, sql: &str) -> Result<(), PostgresError> {
        self.query(sql).map(drop)
    }

    /// The first column of the first row.
    pub(super) fn one(&mut self, sql: &str) -> Result<Option<String>, PostgresError> {
        Ok(self.query(sql)?.into_iter().next().and_then(|row| row.into_iter().next().flatten()))
    }

    /// Begins `COPY … FROM STDIN`. What follows is [`ServerSession::send`], then [`ServerSession::end_copy`].
    pub(super) fn begin_copy(&mut self, sql: &str) -> Result<(), PostgresError> {
        self.ask(sql)?;
        match self.message()? {
            Message::CopyInResponse(_) => Ok(()),
            _ => Err(unexpected("in place of taking a copy")),
        }
    }

    /// Sends bytes of the copy that was begun.
    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<(), PostgresError> {
        frontend::CopyData::new(bytes).map_err(PostgresError::Lost)?.write(&mut self.output);
        self.flush()
    }

    /// Ends the copy.
    pub(super) fn end_copy(&mut self) -> Result<(), PostgresError> {
        frontend::copy_done(&mut self.output);
        self.flush()?;
        while !matches!(self.message()?, Message::ReadyForQuery(_)) {}
        Ok(())
    }

    /// Sends a statement behind those before it, and waits for nothing: [`ServerSession::answers`] does.
    pub(super) fn queue(&mut self, sql: &str) -> Result<(), PostgresError> {
        frontend::query(sql, &mut self.output).map_err(PostgresError::Lost)?;
        self.flush_if_long()
    }

    /// The same of `COPY … FROM STDIN` with all of its rows.
    pub(super) fn queue_copy<'p>(
        &mut self,
        sql: &str,
        pieces: impl IntoIterator<Item = &'p [u8]>,
    ) -> Result<(), PostgresError> {
        self.queue(sql)?;
        for piece in pieces {
            for chunk in piece.chunks(CHUNK) {
                frontend::CopyData::new(chunk).map_err(PostgresError::Lost)?.write(&mut self.output);
                self.flush_if_long()?;
            }
        }
        frontend::copy_done(&mut self.output);
        Ok(())
    }

    fn flush_if_long(&mut self) -> Result<(), PostgresError> {
        if self.output.len() < CHUNK { Ok(()) } else { self.flush() }
    }

    /// Waits until so many statements that were queued have been done.
    pub(super) fn answers(&mut self, mut statements: usize) -> Result<(), PostgresError> {
        self.flush()?;
        while statements > 0 {
            if matches!(self.message()?, Message::ReadyForQuery(_)) {
                statements -= 1;
            }
        }
        Ok(())
    }

    /// How long the server may be silent from here on.
    pub(super) fn set_silence(&mut self, silence: Duration) -> Result<(), PostgresError> {
        self.transport.set_timeout(Some(silence)).map_err(PostgresError::Lost)
    }

    /// Runs `COPY … TO STDOUT`, and hands every piece of it on.
    pub(super) fn copy_out<E: From<PostgresError>>(
        &mut self,
        sql: &str,
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.ask(sql)?;
        loop {
            match self.message()? {
                Message::CopyData(body) => take(body.data())?,
                Message::ReadyForQuery(_) => return Ok(()),
                _ => {}
            }
        }
    }
}

impl Drop for ServerSession {
    fn drop(&mut self) {
        self.output.clear();
        frontend::terminate(&mut self.output);
        // The server notices either way.
        let _ = self.transport.write_all(&self.output);
    }
}

fn connect(host: &ServerHost, timeout: Option<Duration>) -> io::Result<ServerStream> {
    if let Some(socket) = host.socket() {
        return UnixStream::connect(socket).map(ServerStream::Unix);
    }
    let name = host.address.as_deref().unwrap_or(&host.name);
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "its name has no address");
    for address in (name, host.port).to_socket_addrs()? {
        let connected = match timeout {
            Some(timeout) => TcpStream::connect_timeout(&address, timeout),
            None => TcpStream::connect(address),
        };
        match connected {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(ServerStream::Tcp(stream));
            }
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// Asks for encryption, and begins it. None where the server has none and that will do.
fn encrypt(
    mut stream: TcpStream,
    config: Arc<ClientConfig>,
    host: &ServerHost,
    mode: SslMode,
) -> Result<Option<StreamOwned<ClientConnection, TcpStream>>, PostgresError> {
    let failed = |why: String| PostgresError::Tls { server: host.to_string(), why };
    let mut request = BytesMut::new();
    frontend::ssl_request(&mut request);
    // One byte, and no more: what came in plain text behind it could be anybody's.
    let mut answer = [0; 1];
    let asked = stream.write_all(request.chunk()).and_then(|()| stream.read_exact(&mut answer));
    asked.map_err(|error| PostgresError::Unreachable { server: host.to_string(), why: words(&error) })?;
    match answer {
        [b'S'] => {}
        [b'N'] if mode == SslMode::Prefer => return Ok(None),
        [b'N'] => return Err(failed("the server has none, and sslmode asks for one".to_owned())),
        _ => return Err(failed("what answers is no PostgreSQL".to_owned())),
    }
    let name = ServerName::try_from(host.name.clone())
        .map_err(|_| failed("its name is none of a host".to_owned()))?;
    let connection = ClientConnection::new(config, name).map_err(|error| failed(error.to_string()))?;
    let mut encrypted = StreamOwned::new(connection, stream);
    while encrypted.conn.is_handshaking() {
        encrypted.conn.complete_io(&mut encrypted.sock).map_err(|error| failed(words(&error)))?;
    }
    Ok(Some(encrypted))
}

fn unexpected(what: &str) -> PostgresError {
    PostgresError::Lost(io::Error::other(format!("the server sent something else {what}")))
}

/// The words of an error of a connection.
fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "it gave no answer in time".to_owned(),
        _ => error.to_string(),
    }
}

/// The server's first words and its code. Details, hints and contexts quote rows, and are left out.
fn of_server(mut fields: ErrorFields<'_>) -> PostgresError {
    let (mut message, mut code) = (String::new(), String::new());
    while let Ok(Some(field)) = fields.next() {
        let text = || String::from_utf8_lossy(field.value_bytes()).into_owned();
        match field.type_() {
            b'M' => message = text(),
            b'C' => code = text(),
            _ => {}
        }
    }
    PostgresError::Server { message: ForeignText::new(message), code }
}
