//! What a stream remembers of the commands that it answered.

use std::collections::HashMap;

use crate::domain::id::CommandId;
use crate::log::Position;

/// Commands up to here stand in a list: most streams answer few, and a table of its own would be
/// most of what a kept state costs.
const FEW: usize = 8;

/// What a stream remembers of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Remembered {
    pub digest: u64,
    /// The position of the command's last event.
    pub last: Position,
}

/// Commands by their ids.
#[derive(Clone, Debug)]
pub(super) enum Commands {
    Few(Vec<(CommandId, Remembered)>),
    Many(HashMap<CommandId, Remembered>),
}

impl Default for Commands {
    fn default() -> Commands {
        Commands::Few(Vec::new())
    }
}

impl Commands {
    pub fn get(&self, command: CommandId) -> Option<&Remembered> {
        match self {
            Commands::Few(few) => few.iter().find(|(known, _)| *known == command).map(|(_, of)| of),
            Commands::Many(many) => many.get(&command),
        }
    }

    /// Remembers a command, or where its events end by now.
    pub fn insert(&mut self, command: CommandId, remembered: Remembered) {
        match self {
            Commands::Many(many) => {
                many.insert(command, remembered);
            }
            Commands::Few(few) => {
                if let Some((_, known)) = few.iter_mut().find(|(known, _)| *known == command) {
                    *known = remembered;
                    return;
                }
                few.push((command, remembered));
                if few.len() > FEW {
                    *self = Commands::Many(few.drain(..).collect());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn each_command_is_found_with_its_last_position_however_many_there_are() {
        let mut commands = Commands::default();
        for round in 0..3 {
            for id in 0..u128::from(50 + 50 * round as u8) {
                let remembered = Remembered { digest: id as u64, last: Position(1000 * round + id as u64) };
                commands.insert(CommandId(Uuid::from_u128(id)), remembered);
            }
        }
        for id in 0..150 {
            let found = commands.get(CommandId(Uuid::from_u128(id)));
            assert_eq!(found, Some(&Remembered { digest: id as u64, last: Position(2000 + id as u64) }));
        }
        assert_eq!(commands.get(CommandId(Uuid::from_u128(150))), None);
    }
}
