//! The sample workspace: the world of the help page that Switchboard follows, under fixed ids.
//!
//! Loaded by the library's public commands. Every command's id follows from its name, so that
//! loading twice writes nothing, and what people changed since stays as they left it.

use std::fmt::Write as _;

use switchboard::domain::account::{AccountKind, AccountText};
use switchboard::domain::command::{ElementCommand, LineCommand, OperatorCommand, WorkspaceCommand};
use switchboard::domain::element::FieldValue;
use switchboard::domain::id::{
    AppId, ChannelId, CommandId, ElementId, ElementRef, LineId, OperatorId, Principal,
};
use switchboard::{Caller, CommandError, Engine};

use super::derive;
use super::tokens::{NewToken, TokenError, Tokens};

mod world;

use world::{CHANNELS, CONTACTS, LINES, MEMBERS, ORDERS};

/// Loads the sample; what is loaded already stays as it is.
///
/// # Errors
///
/// The first command that failed; those before it stay, and loading again goes on there.
pub async fn load(engine: &Engine) -> Result<(), CommandError> {
    let loading = Loading { engine };
    loading.workspace().await?;
    loading.operators().await?;
    loading.lines().await?;
    loading.elements().await
}

/// Issues a token for everybody of the sample who has none, and prints these tokens once.
///
/// # Errors
///
/// [`TokenError`]; tokens issued before it are printed nowhere, and have to be revoked.
pub fn print_tokens(tokens: &Tokens) -> Result<(), TokenError> {
    let mut issued = String::new();
    for (name, principal) in world::principals() {
        if !tokens.has(&principal) {
            let (_, secret) = tokens.issue(NewToken { principal, expires: None })?;
            // Writing into a String does not fail.
            let _ = writeln!(issued, "sample token {name} {secret}");
        }
    }
    if issued.is_empty() {
        println!("the sample's tokens exist already and are not shown again");
    } else {
        print!("{issued}");
    }
    Ok(())
}

struct Loading<'a> {
    engine: &'a Engine,
}

impl Loading<'_> {
    /// The administrator, with the command id that follows from what the command does.
    fn caller(&self, of: &[&str]) -> Caller {
        let mut name = vec!["sample", "v1"];
        name.extend(of);
        Caller::with_id(Principal::Administrator(world::ADMINISTRATOR), CommandId(derive::uuid_of(&name)))
    }

    async fn workspace(&self) -> Result<(), CommandError> {
        for (code, title) in [(world::CONTACTS_APP, "Контакты"), (world::ORDERS_APP, "Заказы")]
        {
            let command = WorkspaceCommand::DeclareApp { app: app(code), title: title.to_owned() };
            self.engine.workspace(self.caller(&["app", code]), command).await?;
        }
        let process = world::process();
        let command = WorkspaceCommand::PermitProcess { process, title: "Заказ готов".to_owned() };
        self.engine.workspace(self.caller(&["process", world::PROCESS]), command).await?;
        Ok(())
    }

    async fn operators(&self) -> Result<(), CommandError> {
        for member in MEMBERS {
            let command = OperatorCommand::RegisterOperator { name: member.name.to_owned() };
            let caller = self.caller(&["operator", member.code]);
            self.engine.operator(caller, OperatorId(member.id), command).await?;
        }
        Ok(())
    }

    async fn lines(&self) -> Result<(), CommandError> {
        for line in LINES {
            let id = LineId(line.id);
            let create = LineCommand::CreateLine { title: line.title.to_owned() };
            self.line(id, &["line", line.code], create).await?;
            let contacts = LineCommand::SetContactApp { app: app(world::CONTACTS_APP) };
            self.line(id, &["contact-app", line.code], contacts).await?;
            for member in MEMBERS {
                let grant = LineCommand::GrantRole { operator: OperatorId(member.id), role: member.role };
                self.line(id, &["role", line.code, member.code], grant).await?;
            }
        }
        for channel in CHANNELS {
            let connect = LineCommand::ConnectChannel {
                channel: ChannelId(channel.id),
                kind: channel.kind,
                title: channel.title.to_owned(),
                policy: None,
            };
            self.line(LineId(channel.line), &["channel", channel.code], connect).await?;
        }
        let (support, orders) = (LineId(world::SUPPORT), app(world::ORDERS_APP));
        self.line(support, &["bind"], LineCommand::BindApp { app: orders.clone() }).await?;
        self.line(support, &["widget"], LineCommand::PlaceWidget { app: orders }).await
    }

    async fn line(&self, line: LineId, name: &[&str], command: LineCommand) -> Result<(), CommandError> {
        self.engine.line(self.caller(name), line, command).await.map(|_| ())
    }

    async fn elements(&self) -> Result<(), CommandError> {
        for element in CONTACTS.iter().chain(&ORDERS) {
            let id = ElementRef { app: app(element.app), element: ElementId(element.id) };
            let fields = element.fields.iter().map(world::Field::value).collect();
            let command = ElementCommand::CreateElement { title: element.title.to_owned(), fields };
            self.engine.element(self.caller(&["element", element.code]), id, None, command).await?;
        }
        Ok(())
    }
}

/// An app of the sample's.
fn app(code: &str) -> AppId {
    AppId::new(code).expect("the sample's codes are of a-z and '-'")
}

impl world::Field {
    fn value(&self) -> (String, FieldValue) {
        let value = match self.kind.clone() {
            Some(AccountKind::Email) if self.plain => FieldValue::Email(self.text.to_owned()),
            Some(kind) => FieldValue::Account(AccountText { kind, text: self.text.to_owned() }),
            None => FieldValue::Text(self.text.to_owned()),
        };
        (self.name.to_owned(), value)
    }
}
