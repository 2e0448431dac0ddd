//! TLS, where the host is told to: a certificate and its key, read once at the start.
//!
//! Knows rustls and two files; must not know HTTP.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

/// What a client may speak inside, by its registered name.
const HTTP_1_1: &[u8] = b"http/1.1";

/// The certificate and the key of a host.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "TLS")]
pub struct TlsFiles {
    /// Serves HTTPS with this certificate: PEM, the host's own first, then those that lead to the root.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key: PEM, as PKCS#8, SEC1 or PKCS#1.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
}

/// Why there is no TLS. Nothing was opened.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file could not be read.
    #[error("{}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not PEM, or does not hold what it has to.
    #[error("{} has no {what} in the form of PEM: {reason}", file.display())]
    Missing {
        /// The file.
        file: PathBuf,
        /// What it has to hold.
        what: &'static str,
        /// Why it is not found.
        reason: String,
    },
    /// The certificate and the key do not serve together.
    #[error("the certificate {} cannot be served with the key {}: {reason}", cert.display(), key.display())]
    Unsuitable {
        /// The file of the certificate.
        cert: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// Why.
        reason: String,
    },
}

impl TlsFiles {
    /// What accepts connections by these files; none when there are no files.
    ///
    /// # Errors
    ///
    /// [`TlsError`] when they do not serve.
    pub fn acceptor(&self) -> Result<Option<TlsAcceptor>, TlsError> {
        let (Some(cert), Some(key)) = (&self.tls_cert, &self.tls_key) else { return Ok(None) };
        let chain = certificates(cert)?;
        let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| unread(key, "private key", error))?;
        let mut config = config(chain, secret).map_err(|error| TlsError::Unsuitable {
            cert: cert.clone(),
            key: key.clone(),
            reason: error.to_string(),
        })?;
        config.alpn_protocols = vec![HTTP_1_1.to_vec()];
        Ok(Some(TlsAcceptor::from(Arc::new(config))))
    }
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |error| unread(file, "certificate", error);
    let chain = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match chain.map_err(failed)? {
        chain if chain.is_empty() => Err(failed(pem::Error::NoItemsFound)),
        chain => Ok(chain),
    }
}

fn unread(file: &Path, what: &'static str, error: pem::Error) -> TlsError {
    let file = file.to_owned();
    match error {
        pem::Error::Io(source) => TlsError::Io { file, source },
        other => TlsError::Missing { file, what, reason: other.to_string() },
    }
}

fn config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, rustls::Error> {
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
}
