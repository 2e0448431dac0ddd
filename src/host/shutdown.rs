//! Ending: on SIGINT or SIGTERM nothing new is accepted, and what is under way gets its answer.

use std::io;
use std::time::Duration;

use axum::Router;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::connections::Door;

/// The signals that end the host, and who is told.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    stop: watch::Sender<bool>,
}

impl Signals {
    /// Takes over the signals.
    ///
    /// # Errors
    ///
    /// When the system does not let it.
    pub fn listen(stop: watch::Sender<bool>) -> io::Result<Signals> {
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Signals { interrupt, terminate: signal(SignalKind::terminate())?, stop })
    }

    /// Serves until a signal comes; then answers what is under way, for so long.
    pub async fn serve(self, door: Door, app: Router, drain: Duration) {
        let Signals { mut interrupt, mut terminate, stop } = self;
        let mut stopped = stop.subscribe();
        let told = async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            tracing::info!("stopping");
            stop.send_replace(true);
        };
        let told = tokio::spawn(told);
        let serving = door.serve(app, stopped.clone());
        let late = async move {
            let _ = stopped.wait_for(|stopping| *stopping).await;
            tokio::time::sleep(drain).await;
        };
        tokio::select! {
            () = serving => {}
            () = late => tracing::warn!("requests were still under way and are left"),
        }
        told.abort();
    }
}
