//! The seeded bugs of what is written: a lost event, and another's slot released.

use super::Store;
use crate::domain::event::{Event, Fact, SlotEvent, Stream};
use crate::seeded::{self, Bug};

impl Store {
    /// Spoils what is about to be written, if a bug that does so is let loose.
    pub(super) async fn spoil(&self, facts: &mut Vec<Fact>) {
        if seeded::is(Bug::DropLastEvent) && facts.len() > 1 {
            facts.pop();
        }
        if seeded::is(Bug::ReleaseAnothers) {
            for fact in facts {
                self.release_anothers(fact).await;
            }
        }
    }

    /// Makes the release of a slot one of the next customer's, whose address ends in the other digit.
    async fn release_anothers(&self, fact: &mut Fact) {
        let (Stream::Slot(slot), Event::Slot(SlotEvent::SlotReleased { session })) =
            (&mut fact.stream, &mut fact.event)
        else {
            return;
        };
        let mut another = slot.clone();
        let last = another.account.address.pop().map(|digit| if digit == '0' { '1' } else { '0' });
        another.account.address.extend(last);
        if let Some(holder) = self.slot(&another).await.ok().and_then(|another| another.state.holder) {
            (*slot, *session) = (another, holder);
        }
    }
}
