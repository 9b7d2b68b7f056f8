//! TLS of the server's own, with the certificate and key that its user has.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::files;

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("failed to read {}: {source}", crate::domain::foreign::path(path))]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file cannot be read as PEM.
    #[error("failed to read {} as PEM", crate::domain::foreign::path(path))]
    Pem {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// A file has no certificate.
    #[error("there is no certificate in {}", crate::domain::foreign::path(.0))]
    NoCertificate(PathBuf),
    /// Certificate and key are no pair, or of a kind that is not known.
    #[error(
        "the certificate {} and its key cannot be used together",
        crate::domain::foreign::path(certificate)
    )]
    Pair {
        /// The certificate.
        certificate: PathBuf,
        /// What the library says.
        source: tokio_rustls::rustls::Error,
    },
}

/// Reads certificate (with its chain) and key, both PEM.
pub(super) fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    let of = |path: &Path| {
        let path = path.to_owned();
        move |source| TlsError::Pem { path, source }
    };
    let read =
        |path: &Path| files::read(path).map_err(|source| TlsError::File { path: path.to_owned(), source });
    let text = read(certificate)?;
    let chain = CertificateDer::pem_slice_iter(&text);
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(of(certificate))?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate(certificate.to_owned()));
    }
    let key = PrivateKeyDer::from_pem_slice(&read(key)?).map_err(of(key))?;
    let pair = |source| TlsError::Pair { certificate: certificate.to_owned(), source };
    // The one provider that is compiled in, which is the requests' too.
    let mut config =
        ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).map_err(pair)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
