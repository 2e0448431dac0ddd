//! A stream that waits for the other side to take what is written, but not for ever.
//!
//! Knows octets and time; must not know what they mean.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// What a client has to take while its patience lasts: two octets in a thousandth of a second, which
/// every line can. One octet now and then would hold a place for ever.
const TAKEN_BYTES_MIN: usize = 64 << 10;

/// A stream whose writes fail once they have waited for the patience, in all, since the other side
/// last took [`TAKEN_BYTES_MIN`].
///
/// A side that is not written to is not waited for: a feed may be silent as long as it likes.
pub struct Patient<S> {
    stream: S,
    patience: Duration,
    /// What is left of the patience.
    left: Duration,
    /// What was taken since the patience was whole.
    taken: usize,
    waiting: Option<Waiting>,
}

/// A write that waits.
struct Waiting {
    since: Instant,
    end: Pin<Box<Sleep>>,
}

impl<S> Patient<S> {
    /// A stream with so much patience.
    pub fn new(stream: S, patience: Duration) -> Patient<S> {
        Patient { stream, patience, left: patience, taken: 0, waiting: None }
    }

    /// Some of what is written was taken.
    fn took(&mut self, bytes: usize) {
        if let Some(waiting) = self.waiting.take() {
            self.left = self.left.saturating_sub(waiting.since.elapsed());
        }
        self.taken = self.taken.saturating_add(bytes);
        if self.taken >= TAKEN_BYTES_MIN {
            (self.left, self.taken) = (self.patience, 0);
        }
    }

    /// Nothing is taken: an error once the patience is at its end.
    fn wait<T>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        let left = self.left;
        let waiting = self.waiting.get_or_insert_with(|| Waiting {
            since: Instant::now(),
            end: Box::pin(tokio::time::sleep(left)),
        });
        waiting.end.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    fn written(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(bytes)) => self.took(bytes),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => return self.wait(context),
        }
        written
    }

    fn flushed(&mut self, context: &mut Context<'_>, flushed: Poll<io::Result<()>>) -> Poll<io::Result<()>> {
        match flushed {
            Poll::Ready(_) => self.took(0),
            Poll::Pending => return self.wait(context),
        }
        flushed
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.written(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.flushed(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = Pin::new(&mut self.stream).poll_shutdown(context);
        self.flushed(context, closed)
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

    const PATIENCE: Duration = Duration::from_secs(30);

    /// Writes a mebibyte to a client that takes so many octets each second, and tells how that ended.
    async fn written_to(octets: usize) -> (io::Result<()>, Duration) {
        let (mut client, server) = tokio::io::duplex(1_024);
        let reading = tokio::spawn(async move {
            let mut taken = vec![0; octets];
            while client.read_exact(&mut taken).await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        let (began, mut stream) = (Instant::now(), Patient::new(server, PATIENCE));
        let written = stream.write_all(&vec![0; 1 << 20]).await;
        reading.abort();
        (written, began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_drips_is_left_and_a_slow_one_is_served() {
        let (dripping, after) = written_to(1).await;
        assert_eq!(dripping.map_err(|error| error.kind()), Err(io::ErrorKind::TimedOut));
        assert!((PATIENCE..PATIENCE * 2).contains(&after), "{after:?}");
        let (slow, after) = written_to(4 << 10).await;
        assert!(slow.is_ok(), "four kibibytes a second are enough");
        assert!(after > PATIENCE, "it took longer than the patience: {after:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_is_not_written_to_is_not_waited_for() {
        let (mut client, server) = tokio::io::duplex(4);
        let mut stream = Patient::new(server, PATIENCE);
        for _ in 0..10 {
            stream.write_all(b"1234").await.expect("there is room");
            let late = tokio::spawn(async move {
                tokio::time::sleep(Duration::from_secs(1)).await;
                let mut taken = [0; 8];
                client.read_exact(&mut taken).await.expect("eight octets come");
                client
            });
            stream.write_all(b"5678").await.expect("it waits a second");
            client = late.await.expect("no panic");
            tokio::time::sleep(PATIENCE * 2).await;
        }
    }
}
