//! The file of the tokens: written whole, beside itself, synced, and put in place at once.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use switchboard::domain::time::Timestamp;
use uuid::Uuid;

use super::{Token, TokenError};
use crate::host::folder;
use crate::host::json::principal::PrincipalJson;

/// The form of the file.
const VERSION: u32 = 1;

/// The owner reads and writes it, nobody else.
const MODE: u32 = 0o600;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    version: u32,
    tokens: Vec<KeptToken>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptToken {
    id: Uuid,
    principal: PrincipalJson,
    hash: String,
    created_us: i64,
    expires_us: Option<i64>,
}

/// Takes a folder's tokens for this process, until the file is dropped.
pub fn lock(folder: &Path) -> Result<File, TokenError> {
    folder::create(folder).map_err(|source| io(folder, source))?;
    let path = folder.join("tokens.lock");
    let lock = OpenOptions::new().create(true).append(true).mode(MODE).open(&path);
    let lock = lock.map_err(|source| io(&path, source))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(TokenError::InUse { folder: folder.to_owned() }),
        Err(TryLockError::Error(source)) => Err(io(&path, source)),
    }
}

/// Reads the file; none is none.
pub fn read(path: &Path) -> Result<Vec<Token>, TokenError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(io(path, source)),
    };
    let damaged = |reason: String| TokenError::Damaged { file: path.to_owned(), reason };
    let kept: Kept = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
    if kept.version != VERSION {
        return Err(damaged(format!("it has version {}, known is {VERSION}", kept.version)));
    }
    kept.tokens.into_iter().map(|token| token.read().map_err(damaged)).collect()
}

/// Writes the file; it is the old one or the new one, whatever happens.
pub fn write<'a>(path: &Path, tokens: impl Iterator<Item = &'a Token>) -> Result<(), TokenError> {
    let kept = Kept { version: VERSION, tokens: tokens.map(KeptToken::of).collect() };
    let bytes = serde_json::to_vec_pretty(&kept).map_err(|error| io(path, error.into()))?;
    let beside = path.with_extension("json.new");
    let written = || {
        let mut options = OpenOptions::new();
        let mut file = options.create(true).truncate(true).write(true).mode(MODE).open(&beside)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    written().map_err(|source| io(path, source))
}

fn io(path: &Path, source: std::io::Error) -> TokenError {
    TokenError::Io { file: path.to_owned(), source }
}

impl KeptToken {
    fn of(token: &Token) -> KeptToken {
        KeptToken {
            id: token.id,
            principal: PrincipalJson::from(&token.principal),
            hash: blake3::Hash::from_bytes(token.hash).to_hex().to_string(),
            created_us: token.created.0,
            expires_us: token.expires.map(|expires| expires.0),
        }
    }

    fn read(self) -> Result<Token, String> {
        let hash = blake3::Hash::from_hex(&self.hash).map_err(|error| error.to_string())?;
        Ok(Token {
            id: self.id,
            principal: self.principal.into_principal(),
            hash: *hash.as_bytes(),
            created: Timestamp(self.created_us),
            expires: self.expires_us.map(Timestamp),
        })
    }
}
