//! boto3 in the virtual environment that `tests/clients/install.sh` makes; it needs python3, and PyPI the first time.

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

use crate::process::site::Site;

static PYTHON: LazyLock<PathBuf> = LazyLock::new(|| {
    let venv = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("aws-clients");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/install.sh");
    let output = Command::new(script).arg(&venv).output().expect("install.sh runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    venv.join("bin/python")
});

/// Calls an operation with these parameters: its answer, or its error.
pub(crate) fn call(site: &Site, endpoint: &str, operation: &str, parameters: &Value) -> Value {
    let mut command = Command::new(PYTHON.as_path());
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/call.py"));
    command.args([endpoint, "connect", operation, &parameters.to_string()]);
    command.env_clear().envs(site.environment()).env("AWS_DEFAULT_REGION", "us-west-2");
    let output = command.output().unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}
