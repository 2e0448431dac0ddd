//! Which actors live: get or spawn, ask, and forget those that stopped.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kameo::Actor;
use kameo::actor::{ActorId, ActorRef, Spawn};
use kameo::error::SendError;
use kameo::mailbox;
use kameo::message::Message;
use kameo::reply::Reply;

use super::World;
use crate::request::CommandError;

/// Parts of the map, each with a lock of its own that is never held while waiting.
const SHARDS: usize = 64;

/// Requests handed to a fresh actor after the one that they were meant for stopped: an actor may
/// stop for being idle just then, and again; more says that it cannot live.
const RESPAWNS_MAX: usize = 4;

/// A part of the map; `None` once the engine is gone, so that nothing is spawned that keeps it.
type Shard<K, A> = Option<HashMap<K, ActorRef<A>>>;

/// The actors of one kind that live in this engine.
pub(crate) struct Registry<K, A: Actor> {
    shards: Vec<Mutex<Shard<K, A>>>,
    hasher: RandomState,
}

impl<K, A> Registry<K, A>
where
    K: Hash + Eq + Copy + Send + Sync + 'static,
    A: Actor<Args = (Arc<World>, K)>,
{
    pub fn new() -> Registry<K, A> {
        let shards = (0..SHARDS).map(|_| Mutex::new(Some(HashMap::new()))).collect();
        Registry { shards, hasher: RandomState::new() }
    }

    /// Asks the actor of a key, spawning it where none lives.
    ///
    /// A request that met a stopping actor goes to the next one: its command id makes that safe
    /// even where the first one had written.
    pub async fn ask<M, T>(
        &self,
        world: &Arc<World>,
        key: K,
        mailbox_max: usize,
        request: M,
    ) -> Result<T, CommandError>
    where
        A: Message<M>,
        M: Clone + Send + Sync + 'static,
        T: Send + 'static,
        <A as Message<M>>::Reply: Reply<Ok = T, Error = CommandError>,
    {
        let options = &world.options;
        // Once an actor that had taken the request is gone, only a receipt or a refusal tells what
        // it did: then any other failure leaves the outcome unknown.
        let mut in_doubt = false;
        let failed = |error: CommandError, in_doubt: bool| match error {
            error @ (CommandError::Rejected(_) | CommandError::CommandIdReused(_)) => error,
            error if in_doubt => CommandError::Unknown(error.to_string()),
            error => error,
        };
        for _ in 0..RESPAWNS_MAX {
            let Some(actor) = self.get_or_spawn(world, key, mailbox_max) else {
                let closed = CommandError::Unavailable("the engine is closed".to_owned());
                return Err(failed(closed, in_doubt));
            };
            // What comes before it has started is not counted among what waits.
            actor.wait_for_startup().await;
            let asked = actor
                .ask(request.clone())
                .mailbox_timeout(options.mailbox_wait)
                .reply_timeout(options.reply_wait)
                .await;
            match asked {
                Ok(answer) => return Ok(answer),
                Err(SendError::HandlerError(error)) => return Err(failed(error, in_doubt)),
                Err(SendError::MailboxFull(_) | SendError::Timeout(Some(_))) => {
                    let busy = CommandError::Busy(format!("{mailbox_max} requests wait already"));
                    return Err(failed(busy, in_doubt));
                }
                Err(SendError::Timeout(None)) => {
                    return Err(CommandError::Unknown(format!("no answer within {:?}", options.reply_wait)));
                }
                Err(SendError::ActorNotRunning(_) | SendError::ActorRestarting(_)) => {
                    self.forget(key, actor.id());
                }
                Err(SendError::ActorStopped) => {
                    in_doubt = true;
                    self.forget(key, actor.id());
                }
            }
        }
        Err(CommandError::Unknown(format!("the actor stopped {RESPAWNS_MAX} times while it was asked")))
    }

    fn get_or_spawn(&self, world: &Arc<World>, key: K, mailbox_max: usize) -> Option<ActorRef<A>> {
        let mut shard = self.shard(&key);
        let spawn = || A::spawn_with_mailbox((Arc::clone(world), key), mailbox::bounded(mailbox_max));
        shard.as_mut().map(|actors| actors.entry(key).or_insert_with(spawn).clone())
    }

    /// Forgets an actor, unless a younger one took its place.
    pub fn forget(&self, key: K, actor: ActorId) {
        let mut shard = self.shard(&key);
        let Some(actors) = shard.as_mut() else { return };
        if actors.get(&key).is_some_and(|known| known.id() == actor) {
            actors.remove(&key);
        }
    }

    /// Whether one lives for this key.
    pub fn has(&self, key: K) -> bool {
        self.shard(&key).as_ref().is_some_and(|actors| actors.contains_key(&key))
    }

    /// How many live.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).as_ref().map_or(0, HashMap::len)).sum()
    }

    /// Lets go of all of them, for ever; each stops when it has answered what it was asked.
    pub fn close(&self) {
        for shard in &self.shards {
            lock(shard).take();
        }
    }

    fn shard(&self, key: &K) -> MutexGuard<'_, Shard<K, A>> {
        let hash = self.hasher.hash_one(key);
        // The remainder is below SHARDS, the length of the vector.
        lock(&self.shards[usize::try_from(hash % SHARDS as u64).unwrap_or(0)])
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
