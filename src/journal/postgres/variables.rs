//! Where connection parameters come from, as libpq has it: the address, then a service file, then the environment, then
//! defaults. <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS>,
//! <https://www.postgresql.org/docs/current/libpq-envars.html>.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::journal::postgres::error::PostgresError;
use crate::journal::postgres::service_file;

/// A variable of the environment, by its name.
pub(in crate::journal) type Variables<'v> = &'v dyn Fn(&str) -> Option<String>;

/// ConnectionParameters that count here, and the variables that have their defaults.
const KEYWORDS: &[(&str, &str)] = &[
    ("host", "PGHOST"),
    ("hostaddr", "PGHOSTADDR"),
    ("port", "PGPORT"),
    ("dbname", "PGDATABASE"),
    ("user", "PGUSER"),
    ("password", "PGPASSWORD"),
    ("passfile", "PGPASSFILE"),
    ("service", "PGSERVICE"),
    ("servicefile", "PGSERVICEFILE"),
    ("connect_timeout", "PGCONNECT_TIMEOUT"),
    ("options", "PGOPTIONS"),
    ("application_name", "PGAPPNAME"),
    ("sslmode", "PGSSLMODE"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("sslcert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
    ("target_session_attrs", "PGTARGETSESSIONATTRS"),
    ("channel_binding", "PGCHANNELBINDING"),
    ("gssencmode", "PGGSSENCMODE"),
    ("client_encoding", "PGCLIENTENCODING"),
    // This program's own.
    ("schema", ""),
    ("patience", ""),
];

/// ConnectionParameters of libpq that change nothing of a copy: they are taken, and do nothing.
const WITHOUT_EFFECT: [&str; 9] = [
    "fallback_application_name",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
    "sslcompression",
    "sslsni",
    "krbsrvname",
];

/// The parameters of a connection, by their names.
#[derive(Clone, Default)]
pub(super) struct ConnectionParameters(BTreeMap<&'static str, String>);

impl ConnectionParameters {
    /// Sets what the address says.
    ///
    /// # Errors
    /// Where there is no such parameter.
    pub(super) fn set(&mut self, name: &str, value: String) -> Result<(), PostgresError> {
        if WITHOUT_EFFECT.contains(&name) {
            return Ok(());
        }
        // libpq takes JDBC's word too.
        let (name, value) =
            if name == "ssl" && value == "true" { ("sslmode", "require".to_owned()) } else { (name, value) };
        match KEYWORDS.iter().find(|(keyword, _)| *keyword == name) {
            Some((keyword, _)) => {
                self.0.insert(keyword, value);
                Ok(())
            }
            None => Err(PostgresError::Address(format!(
                "has a parameter that this program does not know: {}",
                crate::domain::foreign::shown(name)
            ))),
        }
    }

    /// Sets what nothing before has set.
    pub(super) fn set_default(&mut self, name: &str, value: String) -> Result<(), PostgresError> {
        if self.get(name).is_none() { self.set(name, value) } else { Ok(()) }
    }

    /// The value; none where it is empty, as libpq has it.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Adds what service file and environment say.
    ///
    /// # Errors
    /// Where a service is named and cannot be found.
    pub(super) fn complete(&mut self, variables: Variables<'_>) -> Result<(), PostgresError> {
        let set = |name: &str| variables(name).filter(|value| !value.is_empty());
        if let Some(service) = self.get("service").map(str::to_owned).or_else(|| set("PGSERVICE")) {
            let named = self
                .get("servicefile")
                .map(PathBuf::from)
                .or_else(|| set("PGSERVICEFILE").map(PathBuf::from));
            let own = home(variables).map(|home| home.join(".pg_service.conf"));
            let of_system = set("PGSYSCONFDIR").map(|folder| PathBuf::from(folder).join("pg_service.conf"));
            let found = service_file::find(&service, named.or(own).as_deref(), of_system.as_deref())?;
            for (name, value) in found {
                self.set_default(&name, value)?;
            }
        }
        for (keyword, variable) in KEYWORDS.iter().filter(|(_, variable)| !variable.is_empty()) {
            if let Some(value) = set(variable) {
                self.set_default(keyword, value)?;
            }
        }
        Ok(())
    }
}

/// The user's home.
pub(super) fn home(variables: Variables<'_>) -> Option<PathBuf> {
    variables("HOME").filter(|home| !home.is_empty()).map(PathBuf::from)
}
