//! Addresses of PostgreSQL, `postgres://user@host:port/database?parameter=value`, as libpq reads them:
//! <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS>. Two parameters are this program's
//! own: `schema` and `patience`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::journal::postgres::error::PostgresError;
use crate::journal::postgres::passfile::{self, PasswordFor};
use crate::journal::postgres::tls::{SslMode, TlsSettings, TrustedRoots};
use crate::journal::postgres::variables::{ConnectionParameters, Variables, home};

/// The port where none is named.
const PORT: u16 = 5432;
/// The schema where none is named.
const SCHEMA: &str = "campaign";
/// Longest name that PostgreSQL keeps, in bytes.
const LONGEST_NAME: usize = 63;
/// Hosts that are tried, at most.
const HOSTS: usize = 16;
/// How long a run waits for a server that is gone where nothing says so: longer than a failover takes.
const PATIENCE: u64 = 60;
/// Folders where distributions have the server's socket: Debian's, and PostgreSQL's own.
const SOCKETS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// Where a journal in PostgreSQL is, and how to connect to it.
#[derive(Clone)]
pub struct PostgresAddress {
    pub(super) hosts: Vec<ServerHost>,
    pub(super) user: String,
    pub(super) database: String,
    pub(super) schema: String,
    pub(super) tls: TlsSettings,
    pub(super) connect_timeout: Option<Duration>,
    /// Whether only a server counts that takes writing.
    pub(super) only_writable: bool,
    /// How long a run waits for a server that is gone.
    pub(super) patience: Duration,
    /// ConnectionParameters of the session besides user and database.
    pub(super) session: Vec<(&'static str, String)>,
}

/// One server that may answer.
#[derive(Clone)]
pub(super) struct ServerHost {
    /// Its name, or the folder of its socket.
    pub(super) name: String,
    /// The address to connect to, where the name is not to be looked up.
    pub(super) address: Option<String>,
    pub(super) port: u16,
    /// The password, or why there is none.
    pub(super) password: Result<String, String>,
}

impl ServerHost {
    /// The socket, where it is one.
    pub(super) fn socket(&self) -> Option<PathBuf> {
        self.name.starts_with('/').then(|| Path::new(&self.name).join(format!(".s.PGSQL.{}", self.port)))
    }
}

/// As people read it.
impl fmt::Display for ServerHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.socket() {
            Some(socket) => f.write_str(&crate::domain::foreign::path(socket)),
            None => write!(f, "{}:{}", crate::domain::foreign::shown(&self.name), self.port),
        }
    }
}

/// Without a password.
impl fmt::Display for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "postgres://{}@", encoded(&self.user))?;
        for (at, host) in self.hosts.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let brackets = if host.name.contains(':') { ["[", "]"] } else { ["", ""] };
            write!(f, "{comma}{}{}{}", brackets[0], encoded(&host.name).replace("%3A", ":"), brackets[1])?;
            if host.port != PORT {
                write!(f, ":{}", host.port)?;
            }
        }
        write!(f, "/{}", encoded(&self.database))?;
        if self.schema == SCHEMA { Ok(()) } else { write!(f, "?schema={}", encoded(&self.schema)) }
    }
}

/// Without a password, too.
impl fmt::Debug for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What of a text has another meaning in an address, percent-encoded.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
        encoded
    })
}

impl PostgresAddress {
    /// Whether a path that was typed is an address of PostgreSQL.
    #[must_use]
    pub fn is_one(path: &Path) -> bool {
        rest_of(&path.to_string_lossy()).is_some()
    }

    /// Reads an address; files and `variables` of the environment have what it does not say.
    ///
    /// # Errors
    /// [`PostgresError::Address`] and [`PostgresError::File`]; a password is in neither.
    pub fn parse(text: &str, variables: Variables<'_>) -> Result<Self, PostgresError> {
        let mut parameters = parse(text)?;
        parameters.complete(variables)?;
        let user = match parameters.get("user") {
            Some(user) => user.to_owned(),
            None => ["USER", "LOGNAME"]
                .iter()
                .find_map(|name| variables(name).filter(|user| !user.is_empty()))
                .ok_or_else(|| mistake("names no user, and PGUSER is not set"))?,
        };
        let database = parameters.get("dbname").unwrap_or(&user).to_owned();
        let (schema, options) = schema_of(&parameters)?;
        let application = parameters.get("application_name").unwrap_or("campaign").to_owned();
        let mut session = vec![("application_name", application)];
        session.extend(options.map(|options| ("options", options)));
        for (name, values) in [
            ("client_encoding", &["utf8", "utf-8", "auto"][..]),
            ("channel_binding", &["prefer", "disable"]),
            ("gssencmode", &["prefer", "disable"]),
        ] {
            let value = parameters.get(name).map(str::to_ascii_lowercase);
            if value.is_some_and(|value| !values.contains(&value.as_str())) {
                return Err(mistake(&format!(
                    "has a {name} that this program does not have: it takes {}",
                    values.join(", ")
                )));
            }
        }
        let only_writable = match parameters.get("target_session_attrs") {
            None | Some("any") => false,
            Some("read-write" | "primary") => true,
            Some(_) => {
                return Err(mistake("has a target_session_attrs other than any, read-write and primary"));
            }
        };
        let connect_timeout = parameters.get("connect_timeout").map(|text| {
            text.trim()
                .parse::<i64>()
                .map_err(|_| mistake("has a connect_timeout that is no number of seconds"))
        });
        // Zero and less: without an end. One second is taken for two.
        let connect_timeout =
            connect_timeout.transpose()?.filter(|seconds| *seconds > 0).map(|seconds| seconds.max(2));
        let mut hosts = hosts_of(&parameters)?;
        let file = parameters
            .get("passfile")
            .map(PathBuf::from)
            .or_else(|| home(variables).map(|home| home.join(".pgpass")));
        for host in &mut hosts {
            host.password = match (parameters.get("password"), &file) {
                (Some(password), _) => Ok(password.to_owned()),
                (None, Some(file)) => {
                    let name = if SOCKETS.contains(&host.name.as_str()) { "localhost" } else { &host.name };
                    let of = PasswordFor { host: name, port: host.port, database: &database, user: &user };
                    passfile::find(file, &of).and_then(|found| found.ok_or_else(String::new))
                }
                (None, None) => Err(String::new()),
            };
        }
        Ok(Self {
            hosts,
            user,
            database,
            schema,
            tls: tls_of(&parameters, variables)?,
            connect_timeout: connect_timeout.map(|seconds| Duration::from_secs(seconds.unsigned_abs())),
            only_writable,
            patience: patience_of(&parameters)?,
            session,
        })
    }

    /// Schema and server, as people read them.
    pub(super) fn place(&self) -> String {
        format!("the schema {} of {self}", crate::domain::foreign::shown(&self.schema))
    }
}

fn mistake(what: &str) -> PostgresError {
    PostgresError::Address(what.to_owned())
}

/// What follows the scheme.
fn rest_of(text: &str) -> Option<&str> {
    ["postgres://", "postgresql://"].iter().find_map(|scheme| {
        let head = text.get(..scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then(|| &text[scheme.len()..])
    })
}

/// The parameters that the address itself has.
fn parse(text: &str) -> Result<ConnectionParameters, PostgresError> {
    let rest = rest_of(text).ok_or_else(|| mistake("does not begin with postgres://"))?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let mut parameters = ConnectionParameters::default();
    let mut set = |name: &str, value: &str| -> Result<(), PostgresError> {
        if value.is_empty() { Ok(()) } else { parameters.set(name, decoded(value)?) }
    };
    set("dbname", database)?;
    let (user, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    set("user", user)?;
    set("password", password)?;
    let (mut names, mut ports) = (Vec::new(), Vec::new());
    for host in hosts.split(',') {
        let (name, port) = match host.strip_prefix('[') {
            Some(literal) => {
                let (name, port) = literal.split_once(']').ok_or_else(|| mistake("has a [ without a ]"))?;
                match port.strip_prefix(':') {
                    Some(port) => (name, port),
                    None if port.is_empty() => (name, ""),
                    None => return Err(mistake("has something else than a port after ]")),
                }
            }
            None => host.split_once(':').unwrap_or((host, "")),
        };
        names.push(name);
        ports.push(port);
    }
    if names.iter().any(|name| !name.is_empty()) {
        set("host", &names.join(","))?;
    }
    if ports.iter().any(|port| !port.is_empty()) {
        set("port", &ports.join(","))?;
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or_else(|| mistake("has a parameter without ="))?;
        parameters.set(&decoded(name)?, decoded(value)?)?;
    }
    Ok(parameters)
}

/// A part of the address without its percent-encoding.
fn decoded(text: &str) -> Result<String, PostgresError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            let code = after.get(..2).and_then(|code| std::str::from_utf8(code).ok());
            let byte = code.and_then(|code| u8::from_str_radix(code, 16).ok()).filter(|byte| *byte != 0);
            bytes
                .push(byte.ok_or_else(|| mistake("has a % that is not followed by two hexadecimal digits"))?);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).map_err(|_| mistake("has percent-encoded text that is not UTF-8"))
}

/// The servers, each with its port. A port counts for all hosts where it is the only one.
fn hosts_of(parameters: &ConnectionParameters) -> Result<Vec<ServerHost>, PostgresError> {
    let list = |name| {
        parameters
            .get(name)
            .map(|list| list.split(',').map(str::to_owned).collect::<Vec<_>>())
            .unwrap_or_default()
    };
    let (mut names, addresses, ports) = (list("host"), list("hostaddr"), list("port"));
    if names.is_empty() {
        names = if addresses.is_empty() { vec![String::new()] } else { addresses.clone() };
    }
    if names.len() > HOSTS {
        return Err(mistake("names too many hosts"));
    }
    if !addresses.is_empty() && addresses.len() != names.len() {
        return Err(mistake("has another number of hostaddr than of hosts"));
    }
    if ports.len() > 1 && ports.len() != names.len() {
        return Err(mistake("has another number of ports than of hosts"));
    }
    let mut hosts = Vec::new();
    for (at, name) in names.into_iter().enumerate() {
        let port = match ports.get(at).or(ports.first()).filter(|port| !port.is_empty()) {
            Some(port) => port
                .parse()
                .ok()
                .filter(|port| *port != 0)
                .ok_or_else(|| mistake("has a port that is none"))?,
            None => PORT,
        };
        let name = if name.is_empty() { default_host() } else { name };
        let address = addresses.get(at).filter(|address| !address.is_empty()).cloned();
        hosts.push(ServerHost { name, address, port, password: Err(String::new()) });
    }
    Ok(hosts)
}

fn patience_of(parameters: &ConnectionParameters) -> Result<Duration, PostgresError> {
    let seconds = parameters.get("patience").map_or(Ok(PATIENCE), |text| text.trim().parse());
    let seconds = seconds.map_err(|_| mistake("has a patience that is no number of seconds"))?;
    Ok(Duration::from_secs(seconds))
}

/// Where a server of this machine listens.
fn default_host() -> String {
    let there = SOCKETS.iter().find(|folder| Path::new(folder).is_dir());
    there.map_or_else(|| "localhost".to_owned(), |folder| (*folder).to_owned())
}

/// The schema, and what of the session's options is not about it: `-c search_path=NAME` names one too.
fn schema_of(parameters: &ConnectionParameters) -> Result<(String, Option<String>), PostgresError> {
    let options = parameters.get("options");
    let words: Vec<&str> = options.unwrap_or_default().split_whitespace().collect();
    let mut searched = None;
    let mut others = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let setting = match word {
            "-c" => words.next().unwrap_or_default(),
            word => word.strip_prefix("-c").or_else(|| word.strip_prefix("--")).unwrap_or_default(),
        };
        match setting.strip_prefix("search_path=") {
            Some(path) => {
                searched = Some(path.split(',').next().unwrap_or_default().trim_matches('"').to_owned());
            }
            None if word == "-c" => others.push(format!("-c {setting}")),
            None => others.push(word.to_owned()),
        }
    }
    let schema =
        parameters.get("schema").map(str::to_owned).or(searched).unwrap_or_else(|| SCHEMA.to_owned());
    if schema.is_empty() || schema.len() > LONGEST_NAME || schema.chars().any(char::is_control) {
        return Err(mistake("names a schema that is none: it has 1 to 63 bytes, and no control character"));
    }
    if schema.starts_with("pg_") || schema == "information_schema" {
        return Err(mistake("names a schema that is the server's own"));
    }
    Ok((schema, (!others.is_empty()).then(|| others.join(" "))))
}

fn tls_of(parameters: &ConnectionParameters, variables: Variables<'_>) -> Result<TlsSettings, PostgresError> {
    let home = home(variables).map(|home| home.join(".postgresql"));
    let there = |name: &str| home.as_ref().map(|home| home.join(name)).filter(|path| path.is_file());
    let roots = match parameters.get("sslrootcert") {
        Some("system") => TrustedRoots::System,
        Some(path) => TrustedRoots::File(path.into()),
        None => there("root.crt").map_or(TrustedRoots::None, TrustedRoots::File),
    };
    let stated = parameters.get("sslmode").unwrap_or(if roots == TrustedRoots::System {
        "verify-full"
    } else {
        "prefer"
    });
    let mode = match (stated, &roots) {
        ("disable", _) => SslMode::Disable,
        ("verify-full", TrustedRoots::None) | ("verify-ca", TrustedRoots::None) => {
            return Err(mistake(
                "asks to verify the certificate and names none to verify it by: set sslrootcert to a file, or to system",
            ));
        }
        ("verify-full", _) => SslMode::VerifyFull,
        (_, TrustedRoots::System) => {
            return Err(mistake("has sslrootcert=system, which takes sslmode=verify-full"));
        }
        ("prefer", _) => SslMode::Prefer,
        // libpq: a root certificate that is there is used.
        ("require", TrustedRoots::File(_)) | ("verify-ca", _) => SslMode::VerifyCa,
        ("require", _) => SslMode::Require,
        _ => {
            return Err(mistake(
                "has an sslmode other than disable, prefer, require, verify-ca and verify-full",
            ));
        }
    };
    let certificate = parameters.get("sslcert").map(PathBuf::from).or_else(|| there("postgresql.crt"));
    let key = parameters.get("sslkey").map(PathBuf::from).or_else(|| there("postgresql.key"));
    Ok(TlsSettings { mode, roots, client: certificate.zip(key) })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn read(text: &str, variables: &[(&str, &str)]) -> Result<PostgresAddress, String> {
        let variables: HashMap<&str, &str> = variables.iter().copied().collect();
        let get = |name: &str| variables.get(name).map(|value| (*value).to_owned());
        PostgresAddress::parse(text, &get).map_err(|error| error.to_string())
    }

    fn servers(address: &PostgresAddress) -> String {
        address.hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn an_address_is_read_as_libpq_reads_it() {
        let all = read(
            "postgresql://an%20n:s%40c%2Fret@db.example:5433/sms?connect_timeout=1&application_name=x",
            &[],
        );
        let all = all.unwrap();
        assert_eq!(
            (all.user.as_str(), all.database.as_str(), all.schema.as_str()),
            ("an n", "sms", "campaign")
        );
        assert_eq!(all.hosts[0].password.as_deref(), Ok("s@c/ret"));
        assert_eq!(all.connect_timeout, Some(Duration::from_secs(2)));
        assert_eq!(servers(&all), "db.example:5433");
        assert_eq!(all.to_string(), "postgres://an%20n@db.example:5433/sms");
        assert!(!format!("{all:?}").contains("s@c"), "no password is ever shown");

        let several = read("postgres://ann@[::1]:5433,db:1/?schema=x", &[]).unwrap();
        assert_eq!(several.to_string(), "postgres://ann@[::1]:5433,db:1/ann?schema=x");
        let socket = read("postgres://ann@/sms?host=/run/pg&port=5433", &[]).unwrap();
        assert_eq!(servers(&socket), "/run/pg/.s.PGSQL.5433");
        assert_eq!(socket.to_string(), "postgres://ann@%2Frun%2Fpg:5433/sms");
        assert_eq!(
            servers(&read(&socket.to_string(), &[]).unwrap()),
            "/run/pg/.s.PGSQL.5433",
            "it can be typed again"
        );
        let of_options =
            read("postgres://ann@db/sms?options=-c%20search_path%3Dspring%20-c%20work_mem%3D1MB", &[])
                .unwrap();
        assert_eq!(of_options.schema, "spring");
        assert!(of_options.session.contains(&("options", "-c work_mem=1MB".to_owned())));
    }

    #[test]
    fn what_it_does_not_say_the_service_file_says_then_the_environment() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_str().unwrap();
        std::fs::write(folder.path().join(".pg_service.conf"), "[sms]\nhost=of-service\nport=5433\n")
            .unwrap();
        let passwords = folder.path().join(".pgpass");
        std::fs::write(&passwords, "of-service:5433:d:u:of-file\nlocalhost:*:*:*:of-socket\n").unwrap();
        std::fs::set_permissions(&passwords, std::fs::Permissions::from_mode(0o600)).unwrap();
        let variables = [
            ("HOME", home),
            ("PGHOST", "of-variable"),
            ("PGUSER", "u"),
            ("PGDATABASE", "d"),
            ("PGPORT", "7"),
        ];
        let of_variables = read("postgres://", &variables).unwrap();
        assert_eq!((servers(&of_variables).as_str(), of_variables.user.as_str()), ("of-variable:7", "u"));
        assert_eq!(of_variables.hosts[0].password, Err(String::new()));
        let of_service = read("postgres:///?service=sms", &variables).unwrap();
        assert_eq!(servers(&of_service), "of-service:5433");
        assert_eq!(of_service.hosts[0].password.as_deref(), Ok("of-file"));
        let of_address = read("postgres://own:1/?service=sms", &variables).unwrap();
        assert_eq!(servers(&of_address), "own:1");
        let of_socket = read("postgres:///?host=/tmp", &variables).unwrap();
        assert_eq!(of_socket.hosts[0].password.as_deref(), Ok("of-socket"));
        let stated = [("PGPASSWORD", "p"), ("USER", "me")];
        assert_eq!(read("postgres://db", &stated).unwrap().hosts[0].password.as_deref(), Ok("p"));
        assert!(
            read("postgres://u@db?service=none", &variables).unwrap_err().contains("no service file has it")
        );
    }

    #[test]
    fn sslmode_means_what_libpq_means() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_str().unwrap();
        let mode = |query: &str| {
            read(&format!("postgres://u@db?{query}"), &[("HOME", home)]).map(|all| all.tls.mode)
        };
        for (query, expected) in [
            ("", SslMode::Prefer),
            ("sslmode=disable", SslMode::Disable),
            ("sslmode=require", SslMode::Require),
            ("ssl=true", SslMode::Require),
            ("sslmode=require&sslrootcert=/ca", SslMode::VerifyCa),
            ("sslmode=verify-ca&sslrootcert=/ca", SslMode::VerifyCa),
            ("sslmode=verify-full&sslrootcert=/ca", SslMode::VerifyFull),
            ("sslrootcert=system", SslMode::VerifyFull),
        ] {
            assert_eq!(mode(query), Ok(expected), "{query}");
        }
        assert!(mode("sslmode=verify-full").unwrap_err().contains("set sslrootcert"));
        assert!(mode("sslmode=allow").unwrap_err().contains("sslmode other than"));
        assert!(
            mode("sslmode=require&sslrootcert=system").unwrap_err().contains("takes sslmode=verify-full")
        );
        std::fs::create_dir(folder.path().join(".postgresql")).unwrap();
        std::fs::write(folder.path().join(".postgresql/root.crt"), "").unwrap();
        assert_eq!(
            mode("sslmode=require"),
            Ok(SslMode::VerifyCa),
            "a root certificate that is there is used"
        );
    }

    #[test]
    fn a_mistake_is_told_without_the_password() {
        for (text, words) in [
            ("postgres://u:secret@db?nonsense=1", "nonsense"),
            ("postgres://u:secret@db:x", "a port that is none"),
            ("postgres://u:secret@[::1", "a [ without a ]"),
            ("postgres://u:%zz@db", "two hexadecimal digits"),
            ("postgres://u:secret@db?sslmode", "a parameter without ="),
            ("postgres://u:secret@db?schema=pg_x", "the server's own"),
            ("postgres://u:secret@db?connect_timeout=soon", "no number of seconds"),
            ("postgres://u:secret@db?channel_binding=require", "channel_binding"),
            ("postgres://u:secret@a,b?port=1,2,3", "another number of ports"),
            ("postgres://db", "names no user"),
        ] {
            let told = read(text, &[]).unwrap_err();
            assert!(told.contains(words) && !told.contains("secret"), "{text}: {told}");
        }
    }
}
