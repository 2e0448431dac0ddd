//! Whether what was acknowledged is what the lists show.

use std::collections::HashSet;

use switchboard::Engine;
use switchboard::domain::id::SessionId;
use switchboard::projection::{PAGE_ITEMS_MAX, PageOf};

use super::client::Created;
use crate::support::desk::Desk;

/// Reads the last session of each client, and the whole list of the first line.
///
/// # Panics
///
/// When the reads miss something, or show what nobody was told.
pub async fn verify(engine: &Engine, desk: &Desk, created: &[Created]) {
    let views = engine.read().await.expect("the projections run");
    for (_, last) in created.iter().filter_map(|created| created.sessions.last()) {
        let found = views.session(*last).await.expect("sessions are read");
        assert!(found.is_some(), "an acknowledged session {last} is not seen");
    }
    let of_first = |(line, session): &(usize, SessionId)| (*line == 0).then_some(*session);
    let told: HashSet<_> =
        created.iter().flat_map(|created| created.sessions.iter().filter_map(of_first)).collect();
    let (mut shown, mut page) = (HashSet::new(), PageOf::first(PAGE_ITEMS_MAX));
    loop {
        let read = views.active(&[desk.lines[0].line], page).await.expect("a list is read");
        shown.extend(read.items.iter().map(|summary| summary.session));
        match read.next {
            Some(next) => page = PageOf::after(next, PAGE_ITEMS_MAX),
            None => break,
        }
    }
    assert!(shown == told, "the list shows {} sessions, and {} were acknowledged", shown.len(), told.len());
}
