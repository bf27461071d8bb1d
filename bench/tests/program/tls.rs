//! The load over TLS: who is trusted, and what is said of those who are not.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use tempfile::TempDir;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::peer::{FINE, serve, serve_tls};

/// A certificate that signs itself, and its files.
struct Identity {
    certified: CertifiedKey<KeyPair>,
    folder: TempDir,
}

impl Identity {
    fn of(name: &str) -> Self {
        let certified = generate_simple_self_signed([name.to_owned()]).unwrap();
        let own = Self { certified, folder: tempfile::tempdir().unwrap() };
        std::fs::write(own.file("cert"), own.certified.cert.pem()).unwrap();
        std::fs::write(own.file("key"), own.certified.signing_key.serialize_pem()).unwrap();
        own
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn option(&self, option: &str, name: &str) -> String {
        format!("--{option}={}", self.file(name).display())
    }

    /// A server with this certificate, for `clients` only if there are some.
    fn serve(&self, clients: Option<&Self>) -> SocketAddr {
        let config = ServerConfig::builder_with_provider(ring::default_provider().into());
        let config = config.with_safe_default_protocol_versions().unwrap();
        let config = match clients {
            None => config.with_no_client_auth(),
            Some(clients) => config.with_client_cert_verifier(clients.verifier()),
        };
        let key = PrivatePkcs8KeyDer::from(self.certified.signing_key.serialize_der());
        let certificates = vec![self.certified.cert.der().clone()];
        let mut config = config.with_single_cert(certificates, key.into()).unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        serve_tls(config)
    }

    fn verifier(&self) -> Arc<dyn tokio_rustls::rustls::server::danger::ClientCertVerifier> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certified.cert.der().clone()).unwrap();
        let provider = ring::default_provider().into();
        WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build().unwrap()
    }
}

/// Runs the load against an https endpoint: the exit code, and what it said.
fn run(address: SocketAddr, more: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_braid-bench"))
        .args(["run", "put", "--clients=4", "--connections=2", "--warm-up=0", "--duration=0.3"])
        .arg(format!("--endpoint=https://{address}"))
        .args(more)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

#[track_caller]
fn fails(address: SocketAddr, more: &[&str], code: i32, message: &str) {
    let (found, said) = run(address, more);
    assert_eq!(found, code, "{said}");
    assert!(said.contains(message), "{said}");
}

#[test]
fn a_trusted_server_is_measured() {
    let server = Identity::of("127.0.0.1");
    let address = server.serve(None);
    // Values beyond what TLS puts into one record.
    for size in ["--value-size=256", "--value-size=200000"] {
        let (code, said) = run(address, &[&server.option("cacert", "cert"), size]);
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("/s") && !said.contains("errors"), "{said}");
    }
}

#[test]
fn a_server_that_nobody_vouches_for_is_refused() {
    let (server, other) = (Identity::of("127.0.0.1"), Identity::of("127.0.0.1"));
    let address = server.serve(None);
    fails(address, &[&other.option("cacert", "cert")], 1, "invalid peer certificate");
    fails(address, &[], 2, "needs --cacert");
}

#[test]
fn a_certificate_of_another_name_is_refused() {
    let server = Identity::of("elsewhere.example");
    fails(server.serve(None), &[&server.option("cacert", "cert")], 1, "not valid for name");
}

#[test]
fn a_server_without_tls_is_no_secure_one() {
    let server = Identity::of("127.0.0.1");
    fails(serve(FINE), &[&server.option("cacert", "cert")], 1, "cannot be reached");
}

#[test]
fn files_that_hold_no_certificate_are_named() {
    let server = Identity::of("127.0.0.1");
    let address = server.serve(None);
    fails(address, &["--cacert=/nowhere/ca.pem"], 2, "/nowhere/ca.pem");
    fails(address, &[&server.option("cacert", "key")], 2, "holds no certificate");
}

#[test]
fn a_server_may_ask_who_the_load_is() {
    let (server, client) = (Identity::of("127.0.0.1"), Identity::of("load"));
    let address = server.serve(Some(&client));
    let (authority, cert, key) = (
        server.option("cacert", "cert"),
        client.option("cert", "cert"),
        client.option("key", "key"),
    );
    let (code, said) = run(address, &[&authority, &cert, &key]);
    assert_eq!(code, 0, "{said}");
    fails(address, &[&authority], 1, "CertificateRequired");
    fails(address, &[&authority, &cert], 2, "--key");
}
