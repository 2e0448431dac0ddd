//! What the machine's own failures are called; refusals bring their sentences along.

use switchboard::CommandError;
use switchboard::domain::rejection::Lang;

use super::Sentence;

/// The title of a code: its words, `OpenSessionExists` as "Open session exists".
pub fn title(code: &str) -> String {
    let mut title = String::with_capacity(code.len() + 4);
    for (at, letter) in code.char_indices() {
        if at > 0 && letter.is_ascii_uppercase() {
            title.push(' ');
            title.push(letter.to_ascii_lowercase());
        } else {
            title.push(letter);
        }
    }
    title
}

/// What a command's failure is in a sentence, without the reasons that only the traces have.
pub fn of(error: &CommandError) -> Sentence {
    match error {
        CommandError::Rejected(rejection) => {
            Sentence::new(rejection.sentence(Lang::Ru), rejection.sentence(Lang::En))
        }
        CommandError::CommandIdReused(_) => Sentence::new(
            "Этот ключ идемпотентности уже был у другой команды",
            "this idempotency key was used before for another command",
        ),
        CommandError::Busy(_) => Sentence::new(
            "Сейчас слишком много команд, повторите с тем же ключом",
            "too many commands are under way, send it again with the same key",
        ),
        CommandError::Unavailable(_) => {
            Sentence::new("Сервер сейчас не принимает команды", "the host takes no commands now")
        }
        CommandError::Unreadable(_) => {
            Sentence::new("Журнал не читается, команда не выполнена", "the log could not be read")
        }
        CommandError::Unknown(_) => Sentence::new(
            "Неизвестно, выполнена ли команда: повторите её с тем же ключом",
            "it is not known whether the command was carried out: send it again with the same key",
        ),
    }
}
