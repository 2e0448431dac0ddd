//! TLS by option: a client that trusts the certificate is served, and what does not serve is told at
//! the start.

#[path = "support/host.rs"]
mod host;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use host::{Host, program};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// How long a test waits for what has to happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A certificate for `localhost`, in files.
struct Certificate {
    der: CertificateDer<'static>,
    cert: PathBuf,
    key: PathBuf,
}

fn certificate(folder: &Path, name: &str) -> Certificate {
    let made = generate_simple_self_signed(vec!["localhost".to_owned()]);
    let CertifiedKey { cert, signing_key } = made.expect("a certificate is made");
    let (file, key) = (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")));
    fs::write(&file, cert.pem()).expect("a file is written");
    fs::write(&key, signing_key.serialize_pem()).expect("a file is written");
    Certificate { der: cert.der().clone(), cert: file, key }
}

async fn serve(certificate: &Certificate) -> Host {
    let command = |data: &Path| {
        let mut command = program(data, "127.0.0.1:0");
        command.arg("--tls-cert").arg(&certificate.cert).arg("--tls-key").arg(&certificate.key);
        command.args(["--head-seconds-max", "2"]);
        command
    };
    Host::started_by(command).await
}

fn place(host: &Host) -> SocketAddr {
    let place = host.address.strip_prefix("https://").expect("it says that it is HTTPS");
    place.parse().expect("the address is one")
}

async fn connect(host: &Host, trusted: &Certificate) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.der.clone()).expect("it can be trusted");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().expect("there are versions");
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let stream = TcpStream::connect(place(host)).await.expect("the host listens");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

async fn ask(host: &Host, trusted: &Certificate, request: &str) -> String {
    let mut stream = connect(host, trusted).await.expect("TLS is agreed on");
    stream.write_all(request.as_bytes()).await.expect("a request is sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer comes");
    String::from_utf8(answer).expect("an answer is text")
}

#[tokio::test]
async fn a_client_that_trusts_the_certificate_is_served_and_its_cookie_is_for_tls_alone() {
    let folder = tempfile::tempdir().expect("the system has a temporary folder");
    let own = certificate(folder.path(), "own");
    let host = serve(&own).await;
    let token = host.tokens["anna"].clone();
    let health =
        ask(&host, &own, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    assert!(health.starts_with("HTTP/1.1 200 "), "{health}");
    for (method, seconds) in [("POST", "2592000"), ("DELETE", "0")] {
        let signing = format!(
            "{method} /api/sign-in HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
             Connection: close\r\n\r\n"
        );
        let signed = ask(&host, &own, &signing).await;
        let cookie = signed.lines().find_map(|line| line.strip_prefix("set-cookie: ")).expect("a cookie");
        let age = format!("Max-Age={seconds}");
        for part in [age.as_str(), "HttpOnly", "SameSite=Strict", "Secure"] {
            assert!(cookie.split("; ").any(|found| found == part), "{part}: {cookie}");
        }
    }
}

#[tokio::test]
async fn without_tls_the_cookie_is_not_marked_since_no_browser_would_send_it() {
    let host = Host::sample().await;
    assert!(host.address.starts_with("http://"), "{}", host.address);
    let answer = host.by("anna").post("/api/sign-in", serde_json::Value::Null).await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.contains("HttpOnly") && !cookie.contains("Secure"), "{cookie}");
}

#[tokio::test]
async fn a_client_that_trusts_another_certificate_leaves_and_the_host_serves_on() {
    let folder = tempfile::tempdir().expect("the system has a temporary folder");
    let (own, other) = (certificate(folder.path(), "own"), certificate(folder.path(), "other"));
    let host = serve(&own).await;
    assert!(connect(&host, &other).await.is_err(), "it does not trust the host");
    let mut plain = TcpStream::connect(place(&host)).await.expect("the host listens");
    plain.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.expect("it is sent");
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, plain.read_to_end(&mut answer)).await.expect("it is closed");
    assert!(!answer.starts_with(b"HTTP"), "nothing is served without TLS");
    let mut silent = TcpStream::connect(place(&host)).await.expect("the host listens");
    let closed = tokio::time::timeout(PATIENCE, silent.read(&mut [0; 1])).await;
    assert_eq!(closed.expect("who says nothing is closed").expect("in order"), 0);
    ask(&host, &own, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
}

/// Starts the program with two files, to its end.
async fn refused(data: &Path, files: &[(&str, &Path)]) -> String {
    let mut command = program(data, "127.0.0.1:0");
    for (flag, file) in files {
        command.arg(flag).arg(file);
    }
    let ended: Output = command.stderr(Stdio::piped()).output().await.expect("the program runs");
    let told = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(2), "{told}");
    assert!(!data.exists(), "nothing was made");
    told
}

#[tokio::test]
async fn a_wrong_key_or_file_is_told_by_its_name_before_anything_is_opened() {
    let folder = tempfile::tempdir().expect("the system has a temporary folder");
    let (own, other) = (certificate(folder.path(), "own"), certificate(folder.path(), "other"));
    let (data, none) = (folder.path().join("data"), folder.path().join("none.pem"));
    let text = folder.path().join("text.pem");
    fs::write(&text, "no certificate").expect("a file is written");

    let told = refused(&data, &[("--tls-cert", &own.cert), ("--tls-key", &other.key)]).await;
    assert!(told.contains("own.pem cannot be served with the key") && told.contains("other.key"), "{told}");
    let told = refused(&data, &[("--tls-cert", &text), ("--tls-key", &own.key)]).await;
    assert!(told.contains("text.pem has no certificate in the form of PEM"), "{told}");
    let told = refused(&data, &[("--tls-cert", &own.cert), ("--tls-key", &own.cert)]).await;
    assert!(told.contains("own.pem has no private key in the form of PEM"), "{told}");
    let told = refused(&data, &[("--tls-cert", &none), ("--tls-key", &own.key)]).await;
    assert!(told.contains("none.pem: No such file"), "{told}");
    let told = refused(&data, &[("--tls-cert", &own.cert)]).await;
    assert!(told.contains("--tls-key"), "{told}");
}
