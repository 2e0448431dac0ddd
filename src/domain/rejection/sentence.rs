//! The sentences of refusals, Russian and English, and what would make the command legal.

use super::{Input, Lang, Limit, Rejection, Thing};
use crate::domain::channel::AddressFormat;
use crate::domain::element::FieldType;

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

fn russian(rejection: &Rejection) -> String {
    use Rejection as R;
    match rejection {
        R::LineNotFound { line } => format!("Линии {line} нет"),
        R::ChannelNotFound { channel } => format!("У линии нет канала {channel}"),
        R::AppNotFound { app } => format!("Приложения «{app}» нет"),
        R::ProcessNotFound { process } => format!("Бизнес-процесса «{process}» нет"),
        R::OperatorNotFound { operator } => format!("Оператора {operator} нет"),
        R::ElementNotFound { element } => {
            format!("В приложении «{}» нет элемента {}", element.app, element.element)
        }
        R::SessionNotFound { session } => format!("Сессии {session} нет"),
        R::MessageNotFound { message } => format!("В сессии нет сообщения {message}"),
        R::AlreadyExists { thing } => format!("{} с таким идентификатором уже есть", thing_ru(*thing)),
        R::AdministratorsOnly => "Это может только администратор".into(),
        R::PrincipalNotAllowed => "Эта команда не для того, кто её прислал".into(),
        R::NotOperatorOfLine { line } => format!("Вы не оператор линии {line}"),
        R::NotMemberOfLine { line } => format!("У вас нет доступа к линии {line}"),
        R::TargetNotOfLine { operator, line } => format!("{operator} не оператор линии {line}"),
        R::ProcessNotPermitted { process } => {
            format!("Процессу «{process}» не разрешены инициативные сообщения")
        }
        R::OperatorOffline { .. } => "Оператор со статусом Офлайн не может работать с сессиями".into(),
        R::LicenceInactive => "Статус присутствия есть только при активной лицензии Service".into(),
        R::SessionClosed { session } => format!("Сессия {session} закрыта"),
        R::SessionNotClosed { session } => format!("Сессия {session} открыта"),
        R::NotAssignee { holder: None, .. } => "Сессия в очереди и никому не назначена".into(),
        R::NotAssignee { holder: Some(holder), holder_name } => {
            format!("Сессия назначена на другого оператора: {}", named(holder_name, holder))
        }
        R::NoContactApp { line } => {
            format!("У линии {line} не задано приложение «Для связи учётной записи»")
        }
        R::ContactNotInContactApp { app, contact_app } => {
            format!("Клиенты этой линии хранятся в приложении «{contact_app}», а не «{app}»")
        }
        R::AppNotBound { app } => format!("Приложение «{app}» не привязано к линии"),
        R::WidgetNotPlaced { app } => {
            format!("На форме приложения «{app}» нет виджета «Переписка в Линиях»")
        }
        R::ElementNotLinked { element } => format!("Сессия не связана с элементом {}", element.element),
        R::AccountNotOfContact => "Этой учётной записи нет у выбранного клиента".into(),
        R::FieldTypeNotAllowed { field, field_type } => {
            format!("Поле «{field}» типа {} не подходит этому каналу", field_type_ru(*field_type))
        }
        R::AccountKindMismatch { kind, channels } => format!(
            "Учётная запись типа {} не подходит каналам линии: {}",
            account_kind_ru(kind.code()),
            titles(channels)
        ),
        R::NoOutboundChannel { line } => {
            format!("У линии {line} нет подключённого канала, в котором оператор может начать сессию")
        }
        R::AmbiguousChannel { channels } => {
            let titles: Vec<&str> = channels.iter().map(|choice| choice.title.as_str()).collect();
            format!("Подходят несколько каналов: {}", titles.join(", "))
        }
        R::ChannelDisconnected { channel } => format!("Канал {channel} отключён"),
        R::ChannelForbidsOperatorCreate { kind } => {
            format!("Операторы не могут сами создавать сессии в {}", kind_ru(kind.title()))
        }
        R::ChannelForbidsInitiated { kind } => {
            format!("Инициативные сообщения не отправляются в {}", kind_ru(kind.title()))
        }
        R::BadAddress { expected, given, .. } => {
            format!("Адрес «{given}» записан неверно: нужен {}", format_ru(*expected))
        }
        R::NeverContacted { .. } => "Клиент ещё не писал в этот канал".into(),
        R::OpenSessionExists { session, holder: None, .. } => {
            format!("С клиентом уже открыта сессия {session}, она в очереди")
        }
        R::OpenSessionExists { session, holder: Some(holder), holder_name } => {
            format!("С клиентом уже открыта сессия {session}, её ведёт {}", named(holder_name, holder))
        }
        R::SessionOfAnotherCustomer { session } => format!("Сессия {session} с другим клиентом или каналом"),
        R::SubjectNotSupported => "Тема здесь не задаётся".into(),
        R::SubjectTooLong { bytes, max } => format!("Тема занимает {bytes} октетов, а можно {max}"),
        R::BadSubject { at } => format!("В теме недопустимый знак на месте {at}"),
        R::Blank { input } => format!("{}: пусто", input_ru(*input)),
        R::TextTooLong { chars, max } => format!("В сообщении {chars} знаков, а канал передаёт {max}"),
        R::TooLong { input, bytes, max } => {
            format!("{}: {bytes} октетов, а можно {max}", input_ru(*input))
        }
        R::BadCharacter { input, at } => {
            format!("{}: недопустимый знак на месте {at}", input_ru(*input))
        }
        R::DuplicateField { field } => format!("Поле «{field}» указано дважды"),
        R::LimitReached { limit, max } => format!("{}: можно не больше {max}", limit_ru(*limit)),
        R::NotOutgoing { message } => format!("Сообщение {message} написал клиент: доставлять его некуда"),
        R::DeliverySettled { message } => format!("Судьба сообщения {message} уже решена иначе"),
        R::ChannelOfAnotherLine { line } => format!("Канал принадлежит линии {line}"),
        R::ChannelKindFixed { kind } => format!("Вид канала не меняется: это {}", kind_ru(kind.title())),
        R::PolicyMissing => "Для объявленного вида канала нужны правила".into(),
        R::PolicyNotAllowed { field } => format!("Правило {field} нельзя так изменить"),
        R::BadTemplate { line, column, reason } => {
            format!("Ошибка в шаблоне, строка {line}, знак {column}: {reason}")
        }
    }
}

fn english(rejection: &Rejection) -> String {
    use Rejection as R;
    match rejection {
        R::LineNotFound { line } => format!("there is no line {line}"),
        R::ChannelNotFound { channel } => format!("the line has no channel {channel}"),
        R::AppNotFound { app } => format!("there is no app {app:?}", app = app.as_str()),
        R::ProcessNotFound { process } => format!("there is no process {:?}", process.as_str()),
        R::OperatorNotFound { operator } => format!("there is no operator {operator}"),
        R::ElementNotFound { element } => format!("app {} has no element {}", element.app, element.element),
        R::SessionNotFound { session } => format!("there is no session {session}"),
        R::MessageNotFound { message } => format!("the session has no message {message}"),
        R::AlreadyExists { thing } => format!("there is a {} with this id already", thing_en(*thing)),
        R::AdministratorsOnly => "only an administrator may do this".into(),
        R::PrincipalNotAllowed => "this command is not for the one who sent it".into(),
        R::NotOperatorOfLine { line } => format!("you are not an operator of line {line}"),
        R::NotMemberOfLine { line } => format!("you have no access to line {line}"),
        R::TargetNotOfLine { operator, line } => format!("{operator} is no operator of line {line}"),
        R::ProcessNotPermitted { process } => {
            format!("process {process} is not permitted to send initiated messages")
        }
        R::OperatorOffline { .. } => "an operator who is Offline cannot work on sessions".into(),
        R::LicenceInactive => "presence exists only while the service licence is active".into(),
        R::SessionClosed { session } => format!("session {session} is closed"),
        R::SessionNotClosed { session } => format!("session {session} is open"),
        R::NotAssignee { holder: None, .. } => {
            "the session waits in the queue and is assigned to nobody".into()
        }
        R::NotAssignee { holder: Some(holder), holder_name } => {
            format!("the session is assigned to another operator: {}", named(holder_name, holder))
        }
        R::NoContactApp { line } => format!("line {line} has no contact app"),
        R::ContactNotInContactApp { app, contact_app } => {
            format!("the customers of this line are in app {contact_app}, not in {app}")
        }
        R::AppNotBound { app } => format!("app {app} is not bound to the line"),
        R::WidgetNotPlaced { app } => format!("the form of app {app} has no correspondence widget"),
        R::ElementNotLinked { element } => {
            format!("the session is not linked to element {}", element.element)
        }
        R::AccountNotOfContact => "the chosen customer does not have this account".into(),
        R::FieldTypeNotAllowed { field, field_type } => {
            format!("field {field:?} of type {} does not suit this channel", field_type_en(*field_type))
        }
        R::AccountKindMismatch { kind, channels } => format!(
            "an account of kind {} does not fit the channels of the line: {}",
            kind.code(),
            titles(channels)
        ),
        R::NoOutboundChannel { line } => {
            format!("line {line} has no connected channel in which an operator may start a session")
        }
        R::AmbiguousChannel { channels } => {
            let titles: Vec<&str> = channels.iter().map(|choice| choice.title.as_str()).collect();
            format!("several channels fit: {}", titles.join(", "))
        }
        R::ChannelDisconnected { channel } => format!("channel {channel} is disconnected"),
        R::ChannelForbidsOperatorCreate { kind } => {
            format!("operators cannot start sessions in {}", kind.title())
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
        R::SessionOfAnotherCustomer { session } => {
            format!("session {session} is with another customer or channel")
        }
        R::SubjectNotSupported => "a subject cannot be given here".into(),
        R::SubjectTooLong { bytes, max } => format!("the subject has {bytes} octets, {max} are allowed"),
        R::BadSubject { at } => format!("the subject has a character at {at} that is not allowed"),
        R::Blank { input } => format!("the {} is blank", input_en(*input)),
        R::TextTooLong { chars, max } => {
            format!("the message has {chars} characters, the channel carries {max}")
        }
        R::TooLong { input, bytes, max } => {
            format!("the {} has {bytes} octets, {max} are allowed", input_en(*input))
        }
        R::BadCharacter { input, at } => {
            format!("the {} has a character at {at} that is not allowed", input_en(*input))
        }
        R::DuplicateField { field } => format!("field {field:?} is given twice"),
        R::LimitReached { limit, max } => format!("{}: {max} at most", limit_en(*limit)),
        R::NotOutgoing { message } => format!("message {message} came from the customer"),
        R::DeliverySettled { message } => format!("what became of message {message} is settled otherwise"),
        R::ChannelOfAnotherLine { line } => format!("the channel belongs to line {line}"),
        R::ChannelKindFixed { kind } => format!("a channel keeps its kind: this one is {}", kind.title()),
        R::PolicyMissing => "a declared kind of channel needs a policy".into(),
        R::PolicyNotAllowed { field } => format!("the rule {field} cannot be changed so"),
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
        R::AmbiguousChannel { .. } => "укажите канал".into(),
        R::BadAddress { suggestion: Some(right), .. } => format!("сохраните номер как {right}"),
        R::BadAddress { expected: AddressFormat::PhoneE164, .. } => "сохраните номер как +7XXXXXXXXXX".into(),
        R::NeverContacted { .. } => "дождитесь, пока клиент напишет первым".into(),
        R::OpenSessionExists { session, .. } => format!("продолжите в сессии {session}"),
        R::ProcessNotPermitted { .. } => "администратор разрешает процессу отправку".into(),
        R::ChannelDisconnected { .. } => "администратор подключает канал".into(),
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
        R::AmbiguousChannel { .. } => "name the channel".into(),
        R::BadAddress { suggestion: Some(right), .. } => format!("save the number as {right}"),
        R::BadAddress { expected: AddressFormat::PhoneE164, .. } => "save the number as +7XXXXXXXXXX".into(),
        R::NeverContacted { .. } => "wait until the customer writes first".into(),
        R::OpenSessionExists { session, .. } => format!("go on in session {session}"),
        R::ProcessNotPermitted { .. } => "an administrator permits the process to send".into(),
        R::ChannelDisconnected { .. } => "an administrator connects the channel".into(),
        _ => return None,
    })
}

fn named(name: &Option<String>, id: &impl std::fmt::Display) -> String {
    name.clone().unwrap_or_else(|| id.to_string())
}

fn titles(kinds: &[crate::domain::channel::ChannelKind]) -> String {
    kinds.iter().map(|kind| kind.title()).collect::<Vec<_>>().join(", ")
}

fn kind_ru(title: &str) -> &str {
    match title {
        "VK" => "ВКонтакте",
        "e-mail" => "электронной почте",
        other => other,
    }
}

fn account_kind_ru(code: &str) -> &str {
    match code {
        "phone" => "«номер телефона»",
        "email" => "«электронная почта»",
        "telegram-username" => "«имя в Telegram»",
        "telegram-user" => "«пользователь TelegramBot»",
        "viber-user" => "«пользователь ViberBot»",
        "vk-user" => "«пользователь ВКонтакте»",
        "live-chat-visitor" => "«посетитель LiveChat»",
        other => other,
    }
}

fn format_ru(format: AddressFormat) -> &'static str {
    match format {
        AddressFormat::PhoneE164 => "номер в международном формате +7XXXXXXXXXX (E.164)",
        AddressFormat::PhoneOrUsername => "номер в международном формате +7XXXXXXXXXX (E.164) или имя",
        AddressFormat::Email => "адрес электронной почты",
        AddressFormat::Opaque => "идентификатор без пробелов",
    }
}

fn format_en(format: AddressFormat) -> &'static str {
    match format {
        AddressFormat::PhoneE164 => "a number in international form, +7XXXXXXXXXX (E.164)",
        AddressFormat::PhoneOrUsername => {
            "a number in international form, +7XXXXXXXXXX (E.164), or a username"
        }
        AddressFormat::Email => "an e-mail address",
        AddressFormat::Opaque => "an id without spaces",
    }
}

fn field_type_ru(field_type: FieldType) -> &'static str {
    match field_type {
        FieldType::Account => "«Учётная запись»",
        FieldType::Email => "«Электронная почта»",
        FieldType::Text => "«Текст»",
    }
}

fn field_type_en(field_type: FieldType) -> &'static str {
    match field_type {
        FieldType::Account => "Account",
        FieldType::Email => "E-mail",
        FieldType::Text => "Text",
    }
}

fn input_ru(input: Input) -> &'static str {
    match input {
        Input::Title => "Название",
        Input::Name => "Имя",
        Input::FieldName => "Имя поля",
        Input::FieldValue => "Значение поля",
        Input::Text => "Текст сообщения",
        Input::ExternalId => "Идентификатор сообщения в канале",
        Input::Reason => "Причина",
        Input::Template => "Шаблон",
    }
}

fn input_en(input: Input) -> &'static str {
    match input {
        Input::Title => "title",
        Input::Name => "name",
        Input::FieldName => "name of the field",
        Input::FieldValue => "value of the field",
        Input::Text => "text of the message",
        Input::ExternalId => "channel's id of the message",
        Input::Reason => "reason",
        Input::Template => "template",
    }
}

fn thing_ru(thing: Thing) -> &'static str {
    match thing {
        Thing::Line => "Линия",
        Thing::Operator => "Оператор",
        Thing::Element => "Элемент",
        Thing::Session => "Сессия",
        Thing::Message => "Сообщение",
    }
}

fn thing_en(thing: Thing) -> &'static str {
    match thing {
        Thing::Line => "line",
        Thing::Operator => "operator",
        Thing::Element => "element",
        Thing::Session => "session",
        Thing::Message => "message",
    }
}

fn limit_ru(limit: Limit) -> &'static str {
    match limit {
        Limit::Channels => "Каналы линии",
        Limit::BoundApps => "Приложения линии",
        Limit::Members => "Участники линии",
        Limit::Apps => "Приложения",
        Limit::Processes => "Процессы",
        Limit::Fields => "Поля элемента",
        Limit::Links => "Связи сессии",
    }
}

fn limit_en(limit: Limit) -> &'static str {
    match limit {
        Limit::Channels => "channels of a line",
        Limit::BoundApps => "apps of a line",
        Limit::Members => "members of a line",
        Limit::Apps => "apps",
        Limit::Processes => "processes",
        Limit::Fields => "fields of an element",
        Limit::Links => "links of a session",
    }
}
