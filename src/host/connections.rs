//! Connections: how many there are, and how long a silent one may stay.
//!
//! Knows TCP and HTTP/1; must not know a route.
//!
//! ```text
//!   place ─▶ accept ─▶ [head in time] ─▶ router ─▶ [answer taken in time] ─┐
//!              ▲                                                          │ the next request
//!              └── the kernel's queue holds who finds no place             └─▶ or the end, and the place
//! ```

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1::{Builder, Connection};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Sleep;

use super::events::STREAMS_MAX;

/// Connections at once: every stream of events may stand, and as many ask besides.
const CONNECTIONS_MAX: usize = 2 * STREAMS_MAX;

/// How long the head of a request may take, and so how long a connection may rest between two:
/// longer than a slow line needs, short enough that silent clients do not hold every place.
const HEAD_TIME_MAX: Duration = Duration::from_secs(30);

/// How long a client may take nothing of an answer. One that reads slowly takes something.
const STALL_MAX: Duration = Duration::from_secs(30);

/// The pause after a connection could not be accepted: mostly there are too many open files, and
/// trying at once would only burn.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// Serves until the host stops, and then until what is under way has its answer.
pub async fn serve(listener: TcpListener, app: Router, mut stopping: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let open = GracefulShutdown::new();
    loop {
        let (stream, place) = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            _ = stopping.wait_for(|stopping| *stopping) => break,
        };
        let connection = open.watch(connection(stream, app.clone()));
        tokio::spawn(async move {
            let _place = place;
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended");
            }
        });
    }
    drop(listener);
    open.shutdown().await;
}

/// The next connection, once there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed, so that there always is a permit.
    let place = Arc::clone(places).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, place),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

type Served<S> = Connection<TokioIo<Patient<S>>, TowerToHyperService<Router>>;

fn connection<S: AsyncRead + AsyncWrite + Unpin>(stream: S, app: Router) -> Served<S> {
    let mut http = Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME_MAX);
    let stream = Patient { stream, stalled: None };
    http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(app))
}

/// A stream whose writes fail once the other side has taken nothing for [`STALL_MAX`].
struct Patient<S> {
    stream: S,
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S: AsyncWrite + Unpin> Patient<S> {
    fn write<T>(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if let Poll::Ready(written) = write(Pin::new(&mut self.stream), context) {
            self.stalled = None;
            return Poll::Ready(written);
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(STALL_MAX)));
        stalled.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.write(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write(context, |stream, context| stream.poll_write_vectored(context, parts))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write(context, |stream, context| stream.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write(context, |stream, context| stream.poll_shutdown(context))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn a_head_that_does_not_come_ends_the_connection() {
        let (mut client, server) = tokio::io::duplex(1_024);
        let served = tokio::spawn(connection(server, Router::new()));
        let began = Instant::now();
        client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n").await.expect("half a head is sent");
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.expect("the connection is closed");
        assert!(began.elapsed() >= HEAD_TIME_MAX, "{:?}", began.elapsed());
        assert!(served.await.expect("no panic").is_err(), "it ended by the bound");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_ends_the_connection() {
        let (mut client, server) = tokio::io::duplex(1_024);
        let long = Router::new().route("/", axum::routing::get(async || "x".repeat(1 << 20)));
        client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("a request is sent");
        let (began, ended) = (Instant::now(), connection(server, long).await);
        assert!(ended.is_err(), "it ended by the bound");
        assert_eq!(began.elapsed().as_secs(), STALL_MAX.as_secs());
    }
}
