//! HTTPS with a certificate authority of the user's own, besides the machine's: for proxies that open connections.

use std::path::Path;

use aws_smithy_http_client::tls::{TlsContext, TrustStore};

use super::error::ConnectError;
use crate::files;

/// Trust in the certificates of a PEM file as well as in the machine's.
///
/// # Errors
/// [`ConnectError::CaBundle`] where the file cannot be read or holds no certificate.
pub(super) fn context_trusting(path: &Path) -> Result<TlsContext, ConnectError> {
    let failed = |reason: String| ConnectError::CaBundle { path: path.to_owned(), reason };
    let pem = files::read(path).map_err(|error| failed(error.to_string()))?;
    // The library panics on a store without a certificate; a file of something else is the user's mistake.
    if !String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
        return Err(failed("it holds no PEM certificate".to_owned()));
    }
    TlsContext::builder()
        .with_trust_store(TrustStore::empty().with_native_roots(true).with_pem_certificate(pem))
        .build()
        .map_err(|error| failed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_something_else_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        assert!(context_trusting(&path).unwrap_err().to_string().contains("No such file"));
        std::fs::write(&path, "hello").unwrap();
        assert!(context_trusting(&path).unwrap_err().to_string().ends_with("it holds no PEM certificate"));
    }
}
