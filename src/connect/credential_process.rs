//! The `credential_process` of a profile: a command that writes credentials to its stdout. The SDK can run it too, and leaves
//! it behind where it hangs; here it ends at the latest with the process that asked, whatever ends that.

use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::process::{Output, Stdio};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio::process::Command;

/// Runs the command `$1` with the stdin `$2`. The script's own stdin is a pipe that whoever asks holds open: once that is
/// closed, on purpose or because its holder was killed, the script kills the process group `$3`, or the command alone.
const SCRIPT: &str = r#"exec 3<&0
sh -c "$1" <"$2" 3<&- &
command=$!
{ cat; kill -KILL "${3:-$command}"; } <&3 >/dev/null 2>&1 &
watch=$!
wait "$command"
code=$?
kill "$watch" 2>/dev/null
exit "$code""#;

/// A command that gives credentials. It may have secrets in it, and is never shown.
pub(super) struct CredentialProcess {
    command: String,
}

impl fmt::Debug for CredentialProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialProcess").finish_non_exhaustive()
    }
}

impl ProvideCredentials for CredentialProcess {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.ask())
    }
}

impl CredentialProcess {
    pub(super) fn new(command: &str) -> Self {
        Self { command: command.to_owned() }
    }

    async fn ask(&self) -> provider::Result {
        let failed = |words: String| {
            CredentialsError::provider_error(format!(
                "Error retrieving credentials from external process: {words}"
            ))
        };
        let Output { status, stdout, stderr } =
            self.run().await.map_err(|error| failed(error.to_string()))?;
        if !status.success() {
            let stderr = String::from_utf8_lossy(&stderr);
            return Err(CredentialsError::provider_error(format!(
                "Error retrieving credentials: external process exited with code {status}. Stderr: {stderr}"
            )));
        }
        read(&stdout).map_err(failed)
    }

    /// Runs it to its end. It is killed where nobody waits for that any more.
    async fn run(&self) -> io::Result<Output> {
        // On a terminal it may ask a person: only the foreground group may read what is typed.
        let may_ask = File::open("/dev/tty").is_ok();
        let stdin = if may_ask && io::stdin().is_terminal() { "/dev/tty" } else { "/dev/null" };
        let group = if may_ask { "" } else { "0" };
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "sh", &self.command, stdin, group]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if !may_ask {
            command.process_group(0);
        }
        let mut child = command.spawn()?;
        // Closed when this future is dropped, and not before.
        let held = child.stdin.take();
        let output = child.wait_with_output().await;
        drop(held);
        output
    }
}

/// What it wrote. Names of members are taken in any case, as the SDK does.
fn read(stdout: &[u8]) -> Result<Credentials, String> {
    let object: Map<String, Value> =
        serde_json::from_slice(stdout).map_err(|_| "its output is not a JSON object".to_owned())?;
    let member =
        |name: &str| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    let text = |name: &str| member(name).and_then(Value::as_str);
    let needed = |name: &str| text(name).ok_or_else(|| format!("its output has no {name}"));
    if member("Version").and_then(Value::as_i64) != Some(1) {
        return Err("its output does not say Version 1".to_owned());
    }
    let mut credentials = Credentials::builder()
        .access_key_id(needed("AccessKeyId")?)
        .secret_access_key(needed("SecretAccessKey")?)
        .provider_name("CredentialProcess");
    credentials.set_session_token(text("SessionToken").map(str::to_owned));
    if let Some(expiration) = text("Expiration") {
        let end: Timestamp =
            expiration.parse().map_err(|_| "the Expiration of its output is no time".to_owned())?;
        credentials = credentials.expiry(end.into());
    }
    if let Some(account) = text("AccountId") {
        credentials = credentials.account_id(account);
    }
    Ok(credentials.build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_read_in_the_forms_that_there_are() {
        let read = |text: &str| read(text.as_bytes());
        let plain = read(r#"{"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "s"}"#).unwrap();
        assert_eq!((plain.access_key_id(), plain.secret_access_key()), ("a", "s"));
        assert_eq!((plain.session_token(), plain.expiry()), (None, None));
        let all = r#"{"version": 1, "accesskeyid": "a", "SECRETACCESSKEY": "s", "SessionToken": "t",
            "Expiration": "2026-03-01T10:30:00+01:00", "AccountId": "123456789012"}"#;
        let all = read(all).unwrap();
        let end: Timestamp = "2026-03-01T09:30:00Z".parse().unwrap();
        assert_eq!((all.session_token(), all.expiry()), (Some("t"), Some(end.into())));
        for (wrong, why) in [
            ("", "not a JSON object"),
            ("[]", "not a JSON object"),
            (r#"{"AccessKeyId": "a", "SecretAccessKey": "s"}"#, "Version"),
            (r#"{"Version": 2, "AccessKeyId": "a", "SecretAccessKey": "s"}"#, "Version"),
            (r#"{"Version": 1, "SecretAccessKey": "s"}"#, "AccessKeyId"),
            (r#"{"Version": 1, "AccessKeyId": "a"}"#, "SecretAccessKey"),
            (
                r#"{"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "s", "Expiration": "soon"}"#,
                "no time",
            ),
        ] {
            let told = read(wrong).unwrap_err();
            assert!(told.contains(why), "{wrong}: {told}");
        }
    }
}
