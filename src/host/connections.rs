//! Connections: how many there are, and how long a silent or a slow one may stay.
//!
//! Knows TCP, TLS and HTTP/1; must not know a route.
//!
//! ```text
//!   place ─▶ accept ─▶ [TLS] ─▶ [head in time] ─▶ router ─▶ [answer taken in time] ─┐
//!              ▲ └── an address that has its own places taken is closed              │ the next request
//!              └── the system's queue holds who finds no place                       └─▶ or the end
//! ```

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1::{Builder, Connection};
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_rustls::TlsAcceptor;

use super::address::{Address, Connections};
use super::limits::Limits;

mod patience;

use patience::Patient;

/// The longest head of a request that is read at all, and so what a connection holds of one: room for
/// one that `admission` refuses in words.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// What the system may hold of an answer that a client does not take; it doubles the number for its
/// own needs. By itself it would hold megabytes of each slow reader's.
const SEND_BUFFER_BYTES: usize = 128 << 10;

/// The pause after a connection could not be accepted: mostly there are too many open files, and
/// trying at once would only burn.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// How connections are taken.
pub struct Door {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    limits: Limits,
    connections: Connections,
}

impl Door {
    /// Takes connections from a listener, within limits.
    ///
    /// # Errors
    ///
    /// When the system does not bound what it holds of answers.
    pub fn new(listener: TcpListener, tls: Option<TlsAcceptor>, limits: Limits) -> io::Result<Door> {
        // What is accepted has it from the listener.
        socket2::SockRef::from(&listener).set_send_buffer_size(SEND_BUFFER_BYTES)?;
        let connections = Connections::new(limits.connections_of_address_max);
        Ok(Door { listener, tls, limits, connections })
    }

    /// Serves until the host stops, and then until what is under way has its answer.
    pub async fn serve(self, app: Router, mut stopping: watch::Receiver<bool>) {
        let places = Arc::new(Semaphore::new(self.limits.connections_max));
        let open = GracefulShutdown::new();
        loop {
            let (stream, address, place) = tokio::select! {
                accepted = self.accept(&places) => accepted,
                _ = stopping.wait_for(|stopping| *stopping) => break,
            };
            let Some(connected) = self.connections.take(address) else {
                tracing::debug!("an address has as many connections as it may");
                continue;
            };
            let visit =
                Visit { app: app.clone(), address, limits: self.limits.clone(), watcher: open.watcher() };
            let tls = self.tls.clone();
            tokio::spawn(async move {
                let _held = (place, connected);
                match tls {
                    None => visit.serve(stream).await,
                    Some(tls) => visit.serve_tls(tls, stream).await,
                }
            });
        }
        drop(self.listener);
        open.shutdown().await;
    }

    /// The next connection, once there is a place for it.
    async fn accept(&self, places: &Arc<Semaphore>) -> (TcpStream, Address, Option<OwnedSemaphorePermit>) {
        // The semaphore is never closed, so that there always is a permit.
        let place = Arc::clone(places).acquire_owned().await.ok();
        loop {
            match self.listener.accept().await {
                Ok((stream, peer)) => return (stream, Address::of(peer.ip()), place),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// One connection.
struct Visit {
    app: Router,
    address: Address,
    limits: Limits,
    watcher: Watcher,
}

impl Visit {
    async fn serve<S: AsyncRead + AsyncWrite + Unpin + 'static>(self, stream: S) {
        let connection = connection(stream, self.app, self.address, &self.limits);
        if let Err(error) = self.watcher.watch(connection).await {
            tracing::debug!(%error, "a connection ended");
        }
    }

    /// The same inside of TLS, which has to be agreed on in the time of a head.
    async fn serve_tls(self, tls: TlsAcceptor, stream: TcpStream) {
        match tokio::time::timeout(self.limits.head(), tls.accept(stream)).await {
            Ok(Ok(stream)) => self.serve(stream).await,
            Ok(Err(error)) => tracing::debug!(%error, "TLS was not agreed on"),
            Err(_) => tracing::debug!("TLS was not agreed on in time"),
        }
    }
}

type Served<S> = Connection<TokioIo<Patient<S>>, Routed>;

fn connection<S>(stream: S, app: Router, address: Address, limits: &Limits) -> Served<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut http = Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head()).max_buf_size(HEAD_BYTES_MAX);
    let stream = Patient::new(stream, limits.stall());
    http.serve_connection(TokioIo::new(stream), Routed { app: TowerToHyperService::new(app), address })
}

/// The router, told where each request comes from.
struct Routed {
    app: TowerToHyperService<Router>,
    address: Address,
}

impl Service<Request<Incoming>> for Routed {
    type Response = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Response;
    type Error = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Error;
    type Future = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Future;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.address);
        self.app.call(request)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
    use tokio::time::Instant;

    fn served(stream: DuplexStream, app: Router) -> Served<DuplexStream> {
        connection(stream, app, Address::of(IpAddr::V4(Ipv4Addr::LOCALHOST)), &Limits::default())
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_does_not_come_ends_the_connection() {
        let (mut client, server) = tokio::io::duplex(1_024);
        let served = tokio::spawn(served(server, Router::new()));
        let began = Instant::now();
        client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n").await.expect("half a head is sent");
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.expect("the connection is closed");
        assert!(began.elapsed() >= Limits::default().head(), "{:?}", began.elapsed());
        assert!(served.await.expect("no panic").is_err(), "it ended by the bound");
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_drips_ends_the_connection_as_one_that_does_not_come() {
        let (mut client, server) = tokio::io::duplex(1_024);
        let served = tokio::spawn(served(server, Router::new()));
        let began = Instant::now();
        client.write_all(b"GET / HTTP/1.1\r\nHost: ").await.expect("a head begins");
        while client.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let patience = Limits::default().head().as_secs();
        assert!((patience..patience + 2).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
        assert!(served.await.expect("no panic").is_err(), "it ended by the bound");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_ends_the_connection() {
        let (mut client, server) = tokio::io::duplex(1_024);
        let long = Router::new().route("/", axum::routing::get(async || "x".repeat(1 << 20)));
        client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("a request is sent");
        let (began, ended) = (Instant::now(), served(server, long).await);
        assert!(ended.is_err(), "it ended by the bound");
        assert_eq!(began.elapsed(), Limits::default().stall());
    }
}
