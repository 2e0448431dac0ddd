//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use crate::roster::{Entry, PEERS};

/// What a run is asked to do.
pub struct Arguments {
    pub rounds: usize,
    /// How long the sustained runs are; none when it is zero.
    pub sustained: Duration,
    pub peers: Vec<&'static Entry>,
    pub folder: PathBuf,
    /// A smoke run: everything once, and short.
    pub quick: bool,
}

pub const USAGE: &str = "\
usage: benches/peers/run [--rounds N] [--sustained SECONDS] [--only PEER,PEER] [--folder PATH] [--quick]

  --rounds N           rounds, in each of which every peer runs once under every load (5)
  --sustained SECONDS  how long the sustained runs are; 0 leaves them out (60)
  --only PEER,PEER     these peers alone
  --folder PATH        where the data goes, which is removed afterwards (benches/peers/target/data)
  --quick              a smoke run of some seconds, whose figures say nothing";

impl Arguments {
    /// Reads the command line; what it cannot read, it names.
    pub fn read(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
        let mut arguments = Arguments {
            rounds: 5,
            sustained: Duration::from_secs(60),
            peers: PEERS.iter().collect(),
            folder: PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/target/data")),
            quick: false,
        };
        let (mut rounds, mut sustained) = (None, None);
        while let Some(flag) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{flag} wants a value"));
            match flag.as_str() {
                "--rounds" => rounds = Some(number(&value()?)?.max(1) as usize),
                "--sustained" => sustained = Some(Duration::from_secs(number(&value()?)?)),
                "--only" => arguments.peers = named(&value()?)?,
                "--folder" => arguments.folder = PathBuf::from(value()?),
                "--quick" => arguments.quick = true,
                _ => return Err(format!("{flag} is not known")),
            }
        }
        let (rounds_unless_said, sustained_unless_said) = if arguments.quick {
            (1, Duration::from_secs(2))
        } else {
            (arguments.rounds, arguments.sustained)
        };
        arguments.rounds = rounds.unwrap_or(rounds_unless_said);
        arguments.sustained = sustained.unwrap_or(sustained_unless_said);
        Ok(arguments)
    }
}

fn number(word: &str) -> Result<u64, String> {
    word.parse().map_err(|_| format!("{word} is not a number"))
}

fn named(names: &str) -> Result<Vec<&'static Entry>, String> {
    let known = |name: &str| {
        let list = || PEERS.map(|peer| peer.name).join(", ");
        PEERS.iter().find(|peer| peer.name == name).ok_or_else(|| format!("{name} is none of {}", list()))
    };
    names.split(',').map(known).collect()
}
