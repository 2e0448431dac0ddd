//! The sentences of refusals, Russian and English, and what would make the command legal.

use super::{Lang, Rejection};
use crate::domain::channel::{AddressFormat, ChannelKind};

mod words;

use words::{
    account_kind_en, account_kind_ru, bytes_ru, field_type_en, field_type_ru, format_en, format_ru, input_en,
    input_ru, kind_ru, limit_en, limit_ru, named, thing_en, thing_ru, titles,
};

impl Rejection {
    /// What was refused and why, in a sentence for people.
    #[must_use]
    pub fn sentence(&self, lang: Lang) -> String {
        match lang {
            Lang::Ru => russian(self),
            Lang::En => english(self),
        }
    }

    /// What would make the command legal, where there is something.
    #[must_use]
    pub fn hint(&self, lang: Lang) -> Option<String> {
        match lang {
            Lang::Ru => russian_hint(self),
            Lang::En => english_hint(self),
        }
    }
}

/// The sentence of `CommandIdReused`, which is found before any rule is asked.
#[must_use]
pub fn command_id_reused(lang: Lang) -> &'static str {
    match lang {
        Lang::Ru => "Команда с таким идентификатором уже была, с другим содержанием",
        Lang::En => "a command with this id was sent before, with another content",
    }
}

/// One sentence for each refusal: a table, longer than a function should be, and nowhere torn apart.
fn russian(rejection: &Rejection) -> String {
    use Rejection as R;
    match rejection {
        R::LineNotFound { .. } => "Такой линии нет".into(),
        R::ChannelNotFound { .. } => "Такого канала у линии нет".into(),
        R::AppNotFound { app } => format!("Приложения «{app}» нет"),
        R::ProcessNotFound { process } => format!("Бизнес-процесса «{process}» нет"),
        R::OperatorNotFound { .. } => "Такого оператора нет".into(),
        R::ElementNotFound { element } => format!("Такого элемента в приложении «{}» нет", element.app),
        R::SessionNotFound { .. } => "Такой сессии нет".into(),
        R::MessageNotFound { .. } => "Такого сообщения в сессии нет".into(),
        R::AlreadyExists { thing } => format!("{} с таким идентификатором уже есть", thing_ru(*thing)),
        R::AdministratorsOnly => "Это может сделать только администратор".into(),
        R::PrincipalNotAllowed => "Отправителю эта команда недоступна".into(),
        R::NotOperatorOfLine { .. } => "Вы не оператор этой линии".into(),
        R::NotMemberOfLine { .. } => "У вас нет доступа к этой линии".into(),
        R::TargetNotOfLine { .. } => "Выбранный сотрудник не работает в этой линии".into(),
        R::ProcessNotPermitted { process } => {
            format!("Процессу «{process}» не разрешены инициативные сообщения")
        }
        R::OperatorOffline { .. } => "Оператор со статусом Офлайн не может работать с сессиями".into(),
        R::LicenceInactive => "Статусы Онлайн и Офлайн есть только при активном решении Service".into(),
        R::SessionClosed { .. } => "Сессия закрыта".into(),
        R::SessionNotClosed { .. } => "Сессия уже открыта".into(),
        R::NotAssignee { holder: None, .. } => "Сессия в очереди и никому не назначена".into(),
        R::NotAssignee { holder: Some(holder), holder_name } => {
            format!("Сессия назначена на другого оператора: {}", named(holder_name, holder))
        }
        R::NotOutgoing { .. } => "Это сообщение написал клиент, о его доставке не сообщают".into(),
        R::DeliverySettled { .. } => "О доставке этого сообщения уже известно обратное".into(),
        R::NoContactApp { .. } => "У линии не задано приложение «Для связи учётной записи»".into(),
        R::ContactNotInContactApp { app, contact_app } => {
            format!("Клиенты этой линии хранятся в приложении «{contact_app}», а не «{app}»")
        }
        R::AppNotBound { app } => format!("Приложение «{app}» не привязано к линии"),
        R::WidgetNotPlaced { app } => {
            format!("На форме приложения «{app}» нет виджета «Переписка в Линиях»")
        }
        R::ElementNotLinked { .. } => "Сессия не связана с этим элементом".into(),
        R::AccountNotOfContact => "Этой учётной записи нет у выбранного клиента".into(),
        R::FieldTypeNotAllowed { field, field_type } => {
            format!("Поле «{field}» типа {} не подходит для каналов линии", field_type_ru(*field_type))
        }
        R::AccountKindMismatch { kind, channels } => format!(
            "Учётная запись «{}» не подходит каналам линии: {}",
            account_kind_ru(kind),
            channels.iter().map(|kind| format!("«{}»", kind_ru(kind))).collect::<Vec<_>>().join(", ")
        ),
        R::NoOutboundChannel { .. } => {
            "У линии нет подключённого канала, в котором оператор может начать сессию".into()
        }
        R::AmbiguousChannel { channels } => format!("Подходит несколько каналов: {}", titles(channels)),
        R::ChannelDisconnected { .. } => "Канал отключён от линии".into(),
        R::ChannelForbidsOperatorCreate { kind } => {
            format!("Операторы не могут сами создавать сессии в канале «{}»", kind_ru(kind))
        }
        R::ChannelForbidsInitiated { kind } => {
            format!("В канал «{}» инициативные сообщения не отправляются", kind_ru(kind))
        }
        R::BadAddress { expected, given, .. } => {
            format!("Адрес «{given}» записан неверно: нужен {}", format_ru(*expected))
        }
        R::NeverContacted { .. } => "Клиент ещё не писал в этот канал".into(),
        R::OpenSessionExists { session, holder: None, .. } => {
            format!("С клиентом уже открыта сессия {session}, она в очереди")
        }
        R::OpenSessionExists { session, holder: Some(holder), holder_name } => {
            format!("С клиентом уже открыта сессия {session}, оператор: {}", named(holder_name, holder))
        }
        R::SessionOfAnotherCustomer { .. } => "Эта сессия с другим клиентом или в другом канале".into(),
        R::ChannelOfAnotherLine { .. } => "Канал принадлежит другой линии".into(),
        R::ChannelKindFixed { kind } => {
            format!("Вид канала не меняется, у этого он «{}»", kind_ru(kind))
        }
        R::SubjectNotSupported => "Тема задаётся только для электронной почты в разделе «Линии»".into(),
        R::SubjectTooLong { bytes, max } => {
            format!("Тема слишком длинная: {}, можно не больше {max}", bytes_ru(*bytes))
        }
        R::BadSubject { at } => {
            format!("Недопустим знак {} темы: это перевод строки или другой управляющий знак", at + 1)
        }
        R::Blank { input } => format!("Не заполнено: {}", input_ru(*input)),
        R::TextTooLong { chars, max } => {
            format!("В сообщении знаков {chars}, а канал передаёт не больше {max}")
        }
        R::TooLong { input, bytes, max } => {
            format!("Превышена длина: {}, {}, можно не больше {max}", input_ru(*input), bytes_ru(*bytes))
        }
        R::BadCharacter { input, at } => {
            format!(
                "Недопустим знак {} ({}): это перевод строки или другой управляющий знак",
                at + 1,
                input_ru(*input)
            )
        }
        R::DuplicateField { field } => format!("Поле «{field}» указано дважды"),
        R::LimitReached { limit, max } => format!("Достигнут предел: {}, не больше {max}", limit_ru(*limit)),
        R::PolicyMissing => "Для вида канала, объявленного системой, нужны его правила".into(),
        R::PolicyNotAllowed { field } => {
            format!("Правило «{field}» нельзя задать так: канал этого не допускает")
        }
        R::BadTemplate { line, column, reason } => {
            format!("Ошибка в шаблоне, строка {line}, знак {column}: {reason}")
        }
    }
}

/// One sentence for each refusal: a table, longer than a function should be, and nowhere torn apart.
fn english(rejection: &Rejection) -> String {
    use Rejection as R;
    match rejection {
        R::LineNotFound { .. } => "there is no such line".into(),
        R::ChannelNotFound { .. } => "the line has no such channel".into(),
        R::AppNotFound { app } => format!("there is no app {app:?}", app = app.as_str()),
        R::ProcessNotFound { process } => format!("there is no process {:?}", process.as_str()),
        R::OperatorNotFound { .. } => "there is no such operator".into(),
        R::ElementNotFound { element } => format!("app {:?} has no such element", element.app.as_str()),
        R::SessionNotFound { .. } => "there is no such session".into(),
        R::MessageNotFound { .. } => "the session has no such message".into(),
        R::AlreadyExists { thing } => format!("{} with this id exists already", thing_en(*thing)),
        R::AdministratorsOnly => "only an administrator may do this".into(),
        R::PrincipalNotAllowed => "this command is not open to its sender".into(),
        R::NotOperatorOfLine { .. } => "you are not an operator of this line".into(),
        R::NotMemberOfLine { .. } => "you have no access to this line".into(),
        R::TargetNotOfLine { .. } => "the chosen person does not work on this line".into(),
        R::ProcessNotPermitted { process } => {
            format!("process {:?} is not permitted to send initiated messages", process.as_str())
        }
        R::OperatorOffline { .. } => "an operator who is Offline cannot work on sessions".into(),
        R::LicenceInactive => "Online and Offline exist only while the service licence is active".into(),
        R::SessionClosed { .. } => "the session is closed".into(),
        R::SessionNotClosed { .. } => "the session is open already".into(),
        R::NotAssignee { holder: None, .. } => {
            "the session waits in the queue and is assigned to nobody".into()
        }
        R::NotAssignee { holder: Some(holder), holder_name } => {
            format!("the session is assigned to another operator: {}", named(holder_name, holder))
        }
        R::NotOutgoing { .. } => "the customer wrote this message, nobody reports its delivery".into(),
        R::DeliverySettled { .. } => "the opposite is known of this message's delivery already".into(),
        R::NoContactApp { .. } => "the line has no contact app".into(),
        R::ContactNotInContactApp { app, contact_app } => {
            format!(
                "the customers of this line are in app {:?}, not in {:?}",
                contact_app.as_str(),
                app.as_str()
            )
        }
        R::AppNotBound { app } => format!("app {:?} is not bound to the line", app.as_str()),
        R::WidgetNotPlaced { app } => {
            format!("the form of app {:?} has no correspondence widget", app.as_str())
        }
        R::ElementNotLinked { .. } => "the session is not linked to this element".into(),
        R::AccountNotOfContact => "the chosen customer does not have this account".into(),
        R::FieldTypeNotAllowed { field, field_type } => {
            format!(
                "field {field:?} of type {} does not suit the channels of the line",
                field_type_en(*field_type)
            )
        }
        R::AccountKindMismatch { kind, channels } => format!(
            "{} does not fit the channels of the line: {}",
            account_kind_en(kind),
            channels.iter().map(ChannelKind::title).collect::<Vec<_>>().join(", ")
        ),
        R::NoOutboundChannel { .. } => {
            "the line has no connected channel in which an operator may start a session".into()
        }
        R::AmbiguousChannel { channels } => format!("several channels fit: {}", titles(channels)),
        R::ChannelDisconnected { .. } => "the channel is disconnected from the line".into(),
        R::ChannelForbidsOperatorCreate { kind } => {
            format!("operators cannot start sessions over {}", kind.title())
        }
        R::ChannelForbidsInitiated { kind } => {
            format!("initiated messages are not sent over {}", kind.title())
        }
        R::BadAddress { expected, given, .. } => {
            format!("address {given:?} is not written as {}", format_en(*expected))
        }
        R::NeverContacted { .. } => "the customer never wrote to this channel".into(),
        R::OpenSessionExists { session, holder: None, .. } => {
            format!("session {session} with this customer is open, it waits in the queue")
        }
        R::OpenSessionExists { session, holder: Some(holder), holder_name } => {
            format!("session {session} with this customer is open, {} has it", named(holder_name, holder))
        }
        R::SessionOfAnotherCustomer { .. } => "this session is with another customer or channel".into(),
        R::ChannelOfAnotherLine { .. } => "the channel belongs to another line".into(),
        R::ChannelKindFixed { kind } => format!("a channel keeps its kind, this one is {}", kind.title()),
        R::SubjectNotSupported => "a subject is given for e-mail in the Lines section only".into(),
        R::SubjectTooLong { bytes, max } => format!("the subject has {bytes} octets, {max} are allowed"),
        R::BadSubject { at } => {
            format!("character {} of the subject is a line break or another control character", at + 1)
        }
        R::Blank { input } => format!("the {} is blank", input_en(*input)),
        R::TextTooLong { chars, max } => {
            format!("the message has {chars} characters, the channel carries {max}")
        }
        R::TooLong { input, bytes, max } => {
            format!("the {} has {bytes} octets, {max} are allowed", input_en(*input))
        }
        R::BadCharacter { input, at } => {
            format!(
                "character {} of the {} is a line break or another control character",
                at + 1,
                input_en(*input)
            )
        }
        R::DuplicateField { field } => format!("field {field:?} is given twice"),
        R::LimitReached { limit, max } => format!("the limit of {max} {} is reached", limit_en(*limit)),
        R::PolicyMissing => "a kind of channel that the host declares needs a policy".into(),
        R::PolicyNotAllowed { field } => {
            format!("the rule {field} cannot be set so: the channel does not allow it")
        }
        R::BadTemplate { line, column, reason } => {
            format!("the template is wrong at line {line}, column {column}: {reason}")
        }
    }
}

fn russian_hint(rejection: &Rejection) -> Option<String> {
    use Rejection as R;
    Some(match rejection {
        R::OperatorOffline { .. } => "переключите статус на Онлайн".into(),
        R::SessionClosed { .. } => "откройте сессию снова или создайте новую".into(),
        R::NotAssignee { holder: None, .. } => "возьмите сессию из очереди".into(),
        R::NotAssignee { .. } => "попросите супервизора назначить сессию на вас".into(),
        R::NoContactApp { .. } => "администратор задаёт его в настройках линии".into(),
        R::AppNotBound { .. } => "администратор привязывает приложение в настройках линии".into(),
        R::WidgetNotPlaced { .. } => "администратор размещает виджет на форме приложения".into(),
        R::ElementNotLinked { .. } => "свяжите сессию с элементом".into(),
        R::AccountKindMismatch { .. } => "выберите другую учётную запись или линию".into(),
        R::AmbiguousChannel { .. } => "укажите канал".into(),
        R::ChannelDisconnected { .. } => "администратор подключает канал".into(),
        R::BadAddress { suggestion: Some(right), .. } => format!("сохраните номер как {right}"),
        R::BadAddress { expected: AddressFormat::PhoneE164, .. } => "сохраните номер как +7XXXXXXXXXX".into(),
        R::NeverContacted { .. } | R::ChannelForbidsOperatorCreate { .. } => {
            "дождитесь, пока клиент напишет первым".into()
        }
        R::OpenSessionExists { .. } => "продолжите в открытой сессии".into(),
        R::SubjectNotSupported => "уберите тему".into(),
        R::ProcessNotPermitted { .. } => "администратор разрешает процессу отправку".into(),
        _ => return None,
    })
}

fn english_hint(rejection: &Rejection) -> Option<String> {
    use Rejection as R;
    Some(match rejection {
        R::OperatorOffline { .. } => "go Online".into(),
        R::SessionClosed { .. } => "reopen the session or create a new one".into(),
        R::NotAssignee { holder: None, .. } => "take the session from the queue".into(),
        R::NotAssignee { .. } => "ask a supervisor to assign the session to you".into(),
        R::NoContactApp { .. } => "an administrator sets it in the line's settings".into(),
        R::AppNotBound { .. } => "an administrator binds the app in the line's settings".into(),
        R::WidgetNotPlaced { .. } => "an administrator places the widget on the app's form".into(),
        R::ElementNotLinked { .. } => "link the session to the element".into(),
        R::AccountKindMismatch { .. } => "choose another account or another line".into(),
        R::AmbiguousChannel { .. } => "name the channel".into(),
        R::ChannelDisconnected { .. } => "an administrator connects the channel".into(),
        R::BadAddress { suggestion: Some(right), .. } => format!("save the number as {right}"),
        R::BadAddress { expected: AddressFormat::PhoneE164, .. } => "save the number as +7XXXXXXXXXX".into(),
        R::NeverContacted { .. } | R::ChannelForbidsOperatorCreate { .. } => {
            "wait until the customer writes first".into()
        }
        R::OpenSessionExists { .. } => "go on in the open session".into(),
        R::SubjectNotSupported => "leave the subject out".into(),
        R::ProcessNotPermitted { .. } => "an administrator permits the process to send".into(),
        _ => return None,
    })
}
