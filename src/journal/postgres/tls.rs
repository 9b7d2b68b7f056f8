//! Encryption as `sslmode` asks for it. <https://www.postgresql.org/docs/current/libpq-ssl.html>.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use tokio_rustls::rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::journal::postgres::error::PostgresError;

/// How much the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SslMode {
    /// Never encrypted.
    Disable,
    /// Encrypted where the server can, whoever it is.
    Prefer,
    /// Encrypted, whoever it is.
    Require,
    /// Encrypted, with a certificate of the authority.
    VerifyCa,
    /// The same, and for this host.
    VerifyFull,
}

/// By whom a server's certificate must be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TrustedRoots {
    None,
    File(PathBuf),
    /// Those of the machine.
    System,
}

/// What a connection is encrypted by.
#[derive(Debug, Clone)]
pub(super) struct TlsSettings {
    pub(super) mode: SslMode,
    pub(super) roots: TrustedRoots,
    /// Certificate and key of the client.
    pub(super) client: Option<(PathBuf, PathBuf)>,
}

impl TlsSettings {
    /// The configuration of connections.
    ///
    /// # Errors
    /// Where a certificate or key cannot be read.
    pub(super) fn config(&self) -> Result<ClientConfig, PostgresError> {
        // With the one provider that the program is built with.
        let builder = ClientConfig::builder();
        let provider = Arc::clone(builder.crypto_provider());
        let verifier = Verifier { mode: self.mode, roots: self.trusted()?, provider };
        let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
        let Some((certificate, key)) = &self.client else { return Ok(builder.with_no_client_auth()) };
        let chain = certificates(certificate)?;
        let of_key =
            |error: &dyn std::fmt::Display| PostgresError::File { path: key.clone(), why: error.to_string() };
        let private = PrivateKeyDer::from_pem_file(key).map_err(|error| of_key(&error))?;
        builder.with_client_auth_cert(chain, private).map_err(|error| of_key(&error))
    }

    fn trusted(&self) -> Result<Trusted, PostgresError> {
        let certificates = match (&self.mode, &self.roots) {
            (SslMode::VerifyCa | SslMode::VerifyFull, TrustedRoots::File(path)) => certificates(path)?,
            (SslMode::VerifyCa | SslMode::VerifyFull, TrustedRoots::System) => {
                rustls_native_certs::load_native_certs().certs
            }
            _ => Vec::new(),
        };
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(certificates.iter().cloned());
        Ok(Trusted { store, certificates })
    }
}

/// The certificates of a PEM file, at least one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, PostgresError> {
    let failed = |why: String| PostgresError::File { path: path.to_owned(), why };
    let found: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(path).map_err(|error| failed(error.to_string()))?.collect();
    let found = found.map_err(|error| failed(error.to_string()))?;
    if found.is_empty() {
        return Err(failed("it holds no PEM certificate".to_owned()));
    }
    Ok(found)
}

#[derive(Debug)]
struct Trusted {
    store: RootCertStore,
    certificates: Vec<CertificateDer<'static>>,
}

/// Verifies as much of a server's certificate as the mode asks for, and always that the server has its key.
#[derive(Debug)]
struct Verifier {
    mode: SslMode,
    roots: Trusted,
    provider: Arc<CryptoProvider>,
}

/// Whether all that is wrong is that the server's certificate is an authority's: a self-signed one often says so of itself, and
/// OpenSSL takes it where it is the root that is trusted. The library looks at that after the time of validity.
fn is_authority(error: &Error) -> bool {
    format!("{error:?}").contains("CaUsedAsEndEntity")
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if !matches!(self.mode, SslMode::VerifyCa | SslMode::VerifyFull) {
            return Ok(ServerCertVerified::assertion());
        }
        let certificate = ParsedCertificate::try_from(end_entity)?;
        let algorithms = self.provider.signature_verification_algorithms.all;
        match verify_server_cert_signed_by_trust_anchor(
            &certificate,
            &self.roots.store,
            intermediates,
            now,
            algorithms,
        ) {
            Err(error)
                if !(is_authority(&error) && self.roots.certificates.iter().any(|own| own == end_entity)) =>
            {
                return Err(error);
            }
            _ => {}
        }
        if self.mode == SslMode::VerifyFull {
            verify_server_name(&certificate, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
