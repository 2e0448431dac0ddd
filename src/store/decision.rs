//! A decision on its way into the log, and the versions that it stands on.

use crate::domain::event::{Fact, Stream};
use crate::domain::id::PolicyRevision;
use crate::domain::time::Timestamp;
use crate::log::{Expected, StreamName, Version};
use crate::request::Caller;
use crate::wire;

/// The versions that a decision stands on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guards(pub(super) Vec<(StreamName, Expected)>);

impl Guards {
    /// Expects a stream to be at a version still.
    pub fn at(&mut self, stream: &Stream, version: Version) {
        self.0.push((wire::stream_name(stream), Expected::Exactly(version)));
    }
}

/// A decision on its way into the log.
pub(crate) struct Decision<'a> {
    pub caller: &'a Caller,
    pub digest: u64,
    pub now: Timestamp,
    pub revision: PolicyRevision,
    pub facts: Vec<Fact>,
    pub guards: Guards,
    /// The stream whose events are written last, so that it remembers the command's last position.
    pub primary: Stream,
}
