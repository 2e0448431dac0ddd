//! Tokens: who asks, by a secret that is shown once and kept as a hash.
//!
//! Knows principals and one file; must not know HTTP. One host at a time has the file of a folder.
//!
//! ```text
//!   sb_<id>_<secret> ──▶ by id ──▶ BLAKE3(secret) == hash, in constant time ──▶ principal
//! ```

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use subtle::ConstantTimeEq;
use switchboard::domain::id::Principal;
use switchboard::domain::time::Timestamp;
use uuid::Uuid;

mod file;

/// Tokens of one host: the file is written whole with each change.
const TOKENS_MAX: usize = 10_000;

/// The octets of a secret: 256 bits, which nobody guesses.
const SECRET_BYTES: usize = 32;

/// How long a token that ended is kept: who comes back within a week is told that it ended rather than
/// that there is none.
const ENDED_KEPT: Duration = Duration::from_secs(7 * 86_400);

/// What every token begins with, so that one is known where it leaked.
const PREFIX: &str = "sb_";

/// A token as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its id, which is no secret.
    pub id: Uuid,
    /// Who asks with it.
    pub principal: Principal,
    /// BLAKE3 of its secret.
    hash: [u8; 32],
    /// When it was issued.
    pub created: Timestamp,
    /// When it ends; `None` is never.
    pub expires: Option<Timestamp>,
}

/// A token to issue.
pub struct NewToken {
    /// Who will ask with it.
    pub principal: Principal,
    /// When it shall end.
    pub expires: Option<Timestamp>,
}

/// Why a token does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// It is not one of ours, or was revoked.
    Unknown,
    /// It was one of ours until now.
    Expired,
}

/// Why tokens could not be read or changed. The file is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Another host has the folder.
    #[error("the tokens in {} are in use by another process", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The file is not as it was written.
    #[error("{} is damaged: {reason}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// The file could not be read or written.
    #[error("{}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There are as many as one host may have.
    #[error("there are {TOKENS_MAX} tokens already, revoke some")]
    TooMany,
    /// The system gives no randomness.
    #[error("the system gives no randomness: {0}")]
    Random(String),
}

/// The tokens of a data folder.
pub struct Tokens {
    file: PathBuf,
    /// Held over the disk, by one change at a time.
    writer: Mutex<()>,
    /// Held for a look or a swap: every request looks here, and must not wait for the disk.
    known: Mutex<BTreeMap<Uuid, Token>>,
    _lock: File,
}

impl Tokens {
    /// Opens the tokens of a folder, which is created where there is none.
    ///
    /// # Errors
    ///
    /// [`TokenError`]; nothing is repaired.
    pub fn open(folder: &Path) -> Result<Tokens, TokenError> {
        let lock = file::lock(folder)?;
        let file = folder.join("tokens.json");
        let known = file::read(&file)?.into_iter().map(|token| (token.id, token)).collect();
        Ok(Tokens { file, writer: Mutex::new(()), known: Mutex::new(known), _lock: lock })
    }

    /// Issues a token; its secret is told this once. Blocks until it is durable.
    ///
    /// # Errors
    ///
    /// [`TokenError`]; no token was issued.
    pub fn issue(&self, new: NewToken) -> Result<(Token, String), TokenError> {
        let mut secret = [0; SECRET_BYTES];
        getrandom::fill(&mut secret).map_err(|error| TokenError::Random(error.to_string()))?;
        let secret = blake3::Hash::from_bytes(secret).to_hex();
        let token = Token {
            id: Uuid::now_v7(),
            principal: new.principal,
            hash: hash(secret.as_str()),
            created: now(),
            expires: new.expires,
        };
        let text = format!("{PREFIX}{}_{secret}", token.id.simple());
        self.change(|known| {
            known.retain(|_, kept| !kept.had_ended(past(ENDED_KEPT)));
            if known.len() >= TOKENS_MAX {
                return Err(TokenError::TooMany);
            }
            known.insert(token.id, token.clone());
            Ok(true)
        })?;
        Ok((token, text))
    }

    /// Revokes a token; false when there is none. Blocks until it is durable.
    ///
    /// # Errors
    ///
    /// [`TokenError`]; the token opens still.
    pub fn revoke(&self, id: Uuid) -> Result<bool, TokenError> {
        self.change(|known| Ok(known.remove(&id).is_some()))
    }

    /// Who asks with a token.
    ///
    /// # Errors
    ///
    /// [`Denied`] where nobody does.
    pub fn check(&self, text: &str) -> Result<Token, Denied> {
        let (id, secret) = parts(text).ok_or(Denied::Unknown)?;
        let token = self.known().get(&id).cloned().ok_or(Denied::Unknown)?;
        if !bool::from(hash(secret).ct_eq(&token.hash)) {
            return Err(Denied::Unknown);
        }
        if token.has_ended() { Err(Denied::Expired) } else { Ok(token) }
    }

    /// Whether a token opens still.
    #[must_use]
    pub fn is_live(&self, id: Uuid) -> bool {
        self.known().get(&id).is_some_and(|token| !token.has_ended())
    }

    /// Every token, in the order of issue; no secret is among them.
    #[must_use]
    pub fn all(&self) -> Vec<Token> {
        self.known().values().cloned().collect()
    }

    /// Whether anybody asks, or asked, as this principal.
    #[must_use]
    pub fn has(&self, principal: &Principal) -> bool {
        self.known().values().any(|token| token.principal == *principal)
    }

    /// Changes a copy, writes it, and shows it once it is durable; false where nothing was to change.
    fn change(
        &self,
        change: impl FnOnce(&mut BTreeMap<Uuid, Token>) -> Result<bool, TokenError>,
    ) -> Result<bool, TokenError> {
        // It guards nothing in memory that a panic could have left half done.
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = self.known().clone();
        if !change(&mut changed)? {
            return Ok(false);
        }
        file::write(&self.file, changed.values())?;
        *self.known() = changed;
        Ok(true)
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<Uuid, Token>> {
        // The map is replaced whole: a panic elsewhere cannot have left half a change.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Token {
    fn has_ended(&self) -> bool {
        self.had_ended(now())
    }

    fn had_ended(&self, by: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= by)
    }
}

/// The id and the secret of a token's text.
fn parts(text: &str) -> Option<(Uuid, &str)> {
    let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
    Some((Uuid::try_parse(id).ok()?, secret))
}

fn hash(secret: &str) -> [u8; 32] {
    *blake3::hash(secret.as_bytes()).as_bytes()
}

/// The present moment, by the machine's clock.
#[must_use]
pub fn now() -> Timestamp {
    in_future(Duration::ZERO)
}

/// The moment after some time.
#[must_use]
pub fn in_future(after: Duration) -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + after;
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// The moment some time ago.
fn past(before: Duration) -> Timestamp {
    let before = i64::try_from(before.as_micros()).unwrap_or(i64::MAX);
    Timestamp(now().0.saturating_sub(before))
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchboard::domain::id::OperatorId;

    fn new(expires: Option<Timestamp>) -> NewToken {
        NewToken { principal: Principal::Operator(OperatorId(Uuid::nil())), expires }
    }

    #[test]
    fn a_token_opens_until_it_is_revoked_also_after_opening_again() {
        let folder = tempfile::tempdir().expect("the system has a temporary folder");
        let tokens = Tokens::open(folder.path()).expect("an empty folder opens");
        let (token, text) = tokens.issue(new(None)).expect("a token is issued");
        drop(tokens);
        let tokens = Tokens::open(folder.path()).expect("the folder opens again");
        assert_eq!(tokens.check(&text), Ok(token.clone()));
        assert_eq!(tokens.check(&format!("{text}0")), Err(Denied::Unknown));
        assert!(tokens.revoke(token.id).expect("it is revoked"));
        assert_eq!(tokens.check(&text), Err(Denied::Unknown));
        assert!(!tokens.revoke(token.id).expect("there is none any more"));
    }

    #[test]
    fn a_token_opens_while_a_change_waits_for_the_disk() {
        let folder = tempfile::tempdir().expect("the system has a temporary folder");
        let tokens = Tokens::open(folder.path()).expect("an empty folder opens");
        let (token, text) = tokens.issue(new(None)).expect("a token is issued");
        let writer = tokens.writer.lock().expect("nobody changes anything");
        assert_eq!(tokens.check(&text), Ok(token.clone()));
        assert!(tokens.is_live(token.id));
        drop(writer);
    }

    #[test]
    fn an_expired_token_says_so_and_no_secret_is_kept() {
        let folder = tempfile::tempdir().expect("the system has a temporary folder");
        let tokens = Tokens::open(folder.path()).expect("an empty folder opens");
        let (_, text) = tokens.issue(new(Some(Timestamp(1)))).expect("a token is issued");
        assert_eq!(tokens.check(&text), Err(Denied::Expired));
        let (_, secret) = parts(&text).expect("a token has an id and a secret");
        let kept = std::fs::read_to_string(folder.path().join("tokens.json")).expect("the file is text");
        assert!(!kept.contains(secret));
    }

    #[test]
    fn tokens_that_ended_long_ago_leave_when_another_is_issued() {
        let folder = tempfile::tempdir().expect("the system has a temporary folder");
        let tokens = Tokens::open(folder.path()).expect("an empty folder opens");
        let (now, day) = (now().0, 86_400_000_000);
        let ends =
            [None, Some(now + day), Some(now - 6 * day), Some(now - 8 * day)].map(|at| at.map(Timestamp));
        let issued = ends.map(|end| tokens.issue(new(end)).expect("a token is issued"));
        let (last, _) = tokens.issue(new(None)).expect("a token is issued");
        drop(tokens);
        let tokens = Tokens::open(folder.path()).expect("the folder opens again");
        let kept: Vec<Uuid> = tokens.all().iter().map(|token| token.id).collect();
        assert_eq!(kept, [issued[0].0.id, issued[1].0.id, issued[2].0.id, last.id]);
        let answers = issued.map(|(_, text)| tokens.check(&text).err());
        assert_eq!(answers, [None, None, Some(Denied::Expired), Some(Denied::Unknown)]);
    }

    #[test]
    fn one_process_at_a_time_has_the_tokens_and_damage_is_named() {
        let folder = tempfile::tempdir().expect("the system has a temporary folder");
        let tokens = Tokens::open(folder.path()).expect("an empty folder opens");
        assert!(matches!(Tokens::open(folder.path()), Err(TokenError::InUse { .. })), "it is taken");
        drop(tokens);
        std::fs::write(folder.path().join("tokens.json"), "{").expect("the file can be spoilt");
        let error = Tokens::open(folder.path()).err().expect("a spoilt file does not open").to_string();
        assert!(error.contains("tokens.json is damaged"), "{error}");
    }
}
