//! TLS to the server: whom to trust, and who the load itself is.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::Endpoint;
use crate::error::Error;
use crate::failure::Failure;

/// Files in PEM, as etcdctl takes them.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "TLS")]
pub struct TlsOptions {
    /// Whose certificates are trusted; needed for an https endpoint
    #[arg(long, value_name = "FILE")]
    cacert: Option<PathBuf>,
    /// The load's own certificate
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// The key of the load's certificate
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
}

/// What all connections of a load have in common.
#[derive(Clone, Debug)]
pub struct Tls(Arc<ClientConfig>);

impl TlsOptions {
    /// The endpoint with what its scheme needs.
    pub fn complete(&self, endpoint: &Endpoint) -> Result<Endpoint, Error> {
        let tls = match (&self.cacert, endpoint.secure) {
            (Some(authority), true) => Some(self.read(authority)?),
            (None, true) => {
                return Err(Error::Options("an https endpoint needs --cacert".into()));
            }
            (_, false) => None,
        };
        Ok(Endpoint { tls, ..endpoint.clone() })
    }

    fn read(&self, authority: &Path) -> Result<Tls, Error> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(authority)? {
            roots.add(certificate).map_err(|error| unusable(authority, &error))?;
        }
        let config = ClientConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::Options(error.to_string()))?
            .with_root_certificates(roots);
        let mut config = match (&self.cert, &self.key) {
            (Some(cert), Some(key)) => {
                let secret = PrivateKeyDer::from_pem_file(key);
                let secret = secret.map_err(|error| unusable(key, &error))?;
                let config = config.with_client_auth_cert(certificates(cert)?, secret);
                config.map_err(|error| unusable(cert, &error))?
            }
            _ => config.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Tls(Arc::new(config)))
    }
}

/// The certificates of a file, one at least.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let certificates = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let certificates: Vec<_> = certificates.map_err(|error| unusable(path, &error))?;
    match certificates.is_empty() {
        true => Err(unusable(path, &"it holds no certificate")),
        false => Ok(certificates),
    }
}

fn unusable(path: &Path, error: &dyn Display) -> Error {
    Error::Options(format!("{}: {error}", path.display()))
}

impl Tls {
    /// Shakes hands over a connection.
    pub async fn connect(
        &self,
        endpoint: &Endpoint,
        socket: TcpStream,
    ) -> Result<TlsStream<TcpStream>, Failure> {
        let name = ServerName::try_from(endpoint.host().to_owned());
        let name = name.map_err(|error| endpoint.unreachable(&error))?;
        let stream = TlsConnector::from(self.0.clone()).connect(name, socket).await;
        stream.map_err(|error| endpoint.unreachable(&error))
    }
}
