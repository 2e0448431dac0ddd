//! What other rules would have refused: the creations of a range, decided again.
//!
//! Each creation by an operator is examined on the states as they were before it, once under the
//! rules of that moment and once under the others; what only the others refuse is a difference.
//! Nothing is changed, and one creation does not change what the next one is examined on.

use std::collections::HashMap;
use std::sync::Arc;

use super::past::{COMMAND_EVENTS_MAX, PAGE_EVENTS, past};
use super::{AuditError, Fault, Progress};
use crate::clock::SystemClock;
use crate::domain::account::Account;
use crate::domain::channel::{ChannelPolicy, ParallelOpen};
use crate::domain::command::ChosenAccount;
use crate::domain::create::{self, Draft, DraftFacts};
use crate::domain::element::Element;
use crate::domain::event::{EntryPoint, Event, LineRules, Origin, SessionEvent, Stream};
use crate::domain::id::{ChannelId, LineId, OperatorId, Principal, SessionId};
use crate::domain::line::Line;
use crate::domain::operator::Operator;
use crate::domain::rejection::Rejection;
use crate::domain::slot::SlotState;
use crate::domain::time::Timestamp;
use crate::domain::workspace::Workspace;
use crate::log::{Log, Position};
use crate::store::Store;
use crate::wire::{self, Recorded};

/// Rules to try, in place of those that held.
#[derive(Clone, Debug, Default)]
pub struct Policies {
    /// Of channels.
    pub channels: HashMap<ChannelId, ChannelPolicy>,
    /// Of lines.
    pub lines: HashMap<LineId, LineRules>,
    /// The line whose creations are decided again; all without it.
    pub of: Option<LineId>,
}

/// A creation that other rules would have refused.
#[derive(Clone, Debug)]
pub struct Difference {
    /// Where the creation stands.
    pub position: Position,
    /// When it was decided.
    pub time: Timestamp,
    /// The session.
    pub session: SessionId,
    /// Its line.
    pub line: LineId,
    /// Who created it.
    pub operator: OperatorId,
    /// Why it would have been refused, in the order of the rules.
    pub refusals: Vec<Rejection>,
}

/// What other rules would have changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WhatIf {
    /// How many creations by operators the range has.
    pub creations: u64,
    /// How many of them would have been refused.
    pub refused: u64,
    /// How often each code would have been the first reason.
    pub reasons: std::collections::BTreeMap<&'static str, u64>,
}

/// Decides the creations from one position on and up to another again, under other rules; `told` gets
/// each difference.
///
/// # Errors
///
/// When the log cannot be read or decoded; `Stopped` where `report` says so.
pub async fn what_if(
    log: Arc<dyn Log>,
    range: (Position, Position),
    policies: &Policies,
    report: &mut (dyn FnMut(Progress) -> bool + Send),
    told: &mut (dyn FnMut(Difference) + Send),
) -> Result<WhatIf, AuditError> {
    let (from, to) = (range.0, range.1.min(log.head()));
    let mut world = World::over(Arc::clone(&log));
    let (mut sum, mut after) = (WhatIf::default(), Position::START);
    let mut command: Vec<Recorded> = Vec::new();
    while after < to {
        if !report(Progress { work: "what if", at: after, end: to }) {
            return Err(AuditError::Stopped { at: after });
        }
        // Who takes the differences has a turn after each page.
        tokio::task::yield_now().await;
        let left = usize::try_from(to.0 - after.0).unwrap_or(usize::MAX);
        for record in log.read_all(after, left.min(PAGE_EVENTS)).await? {
            let recorded = wire::recorded(&record)?;
            after = recorded.position;
            if command.len() >= COMMAND_EVENTS_MAX
                || command.last().is_some_and(|last| last.command != recorded.command)
            {
                world.pass(&std::mem::take(&mut command), from, policies, &mut sum, told).await?;
            }
            command.push(recorded);
        }
    }
    world.pass(&command, from, policies, &mut sum, told).await?;
    Ok(sum)
}

/// What configures decisions, as it was before the command at hand.
struct World {
    log: Arc<dyn Log>,
    workspace: Workspace,
    lines: HashMap<LineId, Line>,
    operators: HashMap<OperatorId, Operator>,
}

/// A creation that is decided again.
struct Creation<'a> {
    session: SessionId,
    operator: OperatorId,
    draft: Draft,
    account: &'a Account,
    /// The states before its command.
    store: Store,
    contact: Option<Element>,
}

impl World {
    fn over(log: Arc<dyn Log>) -> World {
        World { log, workspace: Workspace::default(), lines: HashMap::new(), operators: HashMap::new() }
    }

    /// Decides a command again if it is a creation, and then lets it happen.
    async fn pass(
        &mut self,
        command: &[Recorded],
        from: Position,
        policies: &Policies,
        sum: &mut WhatIf,
        told: &mut (dyn FnMut(Difference) + Send),
    ) -> Result<(), AuditError> {
        let created = command
            .iter()
            .find(|recorded| matches!(recorded.event, Event::Session(SessionEvent::SessionCreated { .. })));
        if let Some(recorded) = created.filter(|recorded| recorded.position >= from)
            && let Some(creation) = self.creation(recorded, command[0].position).await?
            && policies.of.is_none_or(|line| line == creation.draft.line)
        {
            sum.creations += 1;
            let refusals = self.refusals(&creation, policies).await?;
            if let Some(first) = refusals.first() {
                sum.refused += 1;
                *sum.reasons.entry(first.code()).or_default() += 1;
                told(Difference {
                    position: recorded.position,
                    time: recorded.time,
                    session: creation.session,
                    line: creation.draft.line,
                    operator: creation.operator,
                    refusals,
                });
            }
        }
        command.iter().try_for_each(|recorded| self.happen(recorded))
    }

    fn happen(&mut self, recorded: &Recorded) -> Result<(), AuditError> {
        let illegal = |error| Fault::at(recorded.position, error);
        match (&recorded.stream, &recorded.event) {
            (_, Event::Workspace(event)) => {
                self.workspace = std::mem::take(&mut self.workspace).evolve(event).map_err(illegal)?;
            }
            (Stream::Line(line), Event::Line(event)) => {
                let known = self.lines.remove(line);
                self.lines.insert(*line, Line::evolve(*line, known, event).map_err(illegal)?);
            }
            (Stream::Operator(operator), Event::Operator(event)) => {
                let known = self.operators.remove(operator);
                self.operators.insert(*operator, Operator::evolve(known, event).map_err(illegal)?);
            }
            (_, _) => {}
        }
        Ok(())
    }

    /// What was asked for, as far as the log says it; `None` for what no operator created.
    async fn creation<'a>(
        &self,
        recorded: &'a Recorded,
        first: Position,
    ) -> Result<Option<Creation<'a>>, AuditError> {
        let (Principal::Operator(operator), Stream::Session(session), Event::Session(event)) =
            (&recorded.principal, &recorded.stream, &recorded.event)
        else {
            return Ok(None);
        };
        let SessionEvent::SessionCreated { line, channel, customer, subject, origin, .. } = event else {
            return Ok(None);
        };
        let via = match origin {
            Origin::LinesSection => EntryPoint::LinesSection,
            Origin::Card(element) => EntryPoint::Card(element.clone()),
            Origin::Inbound | Origin::Process(_) => return Ok(None),
        };
        let store = Store::new(past(Arc::clone(&self.log), Position(first.0 - 1))?, Arc::new(SystemClock));
        let contact = match &customer.contact {
            Some(contact) => store.element(contact).await.map_err(unreadable)?.state.clone(),
            None => None,
        };
        // On a card there is no subject to choose: it is the name that the template gave.
        let subject = subject.clone().filter(|_| via == EntryPoint::LinesSection);
        let draft = Draft {
            operator: *operator,
            line: *line,
            contact: customer.contact.clone(),
            account: Some(chosen(contact.as_ref(), &customer.account)),
            channel: Some(*channel),
            subject,
            via,
        };
        let account = &customer.account;
        Ok(Some(Creation { session: *session, operator: *operator, draft, account, store, contact }))
    }

    /// What only the other rules say against a creation.
    async fn refusals(
        &self,
        creation: &Creation<'_>,
        policies: &Policies,
    ) -> Result<Vec<Rejection>, AuditError> {
        let line = self.lines.get(&creation.draft.line);
        let other = line.cloned().map(|mut line| {
            for (id, policy) in &policies.channels {
                if let Some(channel) = line.channels.get_mut(id) {
                    channel.policy = policy.clone();
                }
            }
            line.rules = policies.lines.get(&line.id).copied().unwrap_or(line.rules);
            line
        });
        let held = self.examine(creation, line).await?;
        let mut refusals = self.examine(creation, other.as_ref()).await?;
        refusals.retain(|refusal| !held.contains(refusal));
        Ok(refusals)
    }

    async fn examine(
        &self,
        creation: &Creation<'_>,
        line: Option<&Line>,
    ) -> Result<Vec<Rejection>, AuditError> {
        let facts = DraftFacts {
            line,
            workspace: &self.workspace,
            operator: self.operators.get(&creation.operator),
            contact: creation.contact.as_ref(),
            card_known: true,
        };
        let create::Examined { mut verdict, route } = create::examine(&creation.draft, &facts);
        if let Some(route) = route.filter(|route| route.account == *creation.account) {
            let state = creation.store.slot(&route.slot()).await.map_err(unreadable)?.state;
            let state = under(state, route.channel.policy.parallel_open);
            let slot = creation.store.with_holder(state).await.map_err(unreadable)?;
            let subject = creation.draft.subject.as_deref();
            create::examine_slot(&route, &slot, subject, &creation.draft.via, &mut verdict);
        }
        Ok(verdict.0)
    }
}

/// A slot as it would stand if the channel had always allowed so many.
fn under(mut state: SlotState, parallel: ParallelOpen) -> SlotState {
    state.holder = match parallel {
        ParallelOpen::One => state.holder.or(state.open.last().copied()),
        ParallelOpen::Many => None,
    };
    state
}

/// The field that the address was chosen from: one that gives it in the form that is compared.
fn chosen(contact: Option<&Element>, account: &Account) -> ChosenAccount {
    let fields = contact.into_iter().flat_map(|contact| &contact.fields);
    let mut giving = fields.filter(|(_, value)| {
        let address = value.account();
        address.is_some_and(|text| {
            let format = text.kind.format();
            Account::normalise(&text, format).is_ok_and(|known| known == *account)
        })
    });
    match giving.next() {
        Some((_, value)) => ChosenAccount { text: value.text().to_owned(), field: None },
        None => ChosenAccount { text: account.address.clone(), field: None },
    }
}

fn unreadable(error: crate::store::LoadError) -> AuditError {
    AuditError::Failed(error.to_string())
}
