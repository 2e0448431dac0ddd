//! The dry run: what the dialog «+ Новая сессия» offers, by the rules that decide.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use switchboard::domain::create::Draft;
use switchboard::domain::event::EntryPoint;
use switchboard::domain::id::{ChannelId, ElementId, ElementRef, LineId};
use switchboard::domain::rejection::Rejection;
use utoipa::IntoParams;
use uuid::Uuid;

use super::answer::{Reply, Shared};
use super::reading;
use crate::host::actor::Actor;
use crate::host::extract::{Body, Language, Path, Query};
use crate::host::json::choice::{ChoiceJson, LineChoiceJson, RefusalJson, VerdictJson};
use crate::host::json::ids::{AppCode, entry_point};
use crate::host::json::page::PageJson;
use crate::host::json::session::{AccountChoiceJson, DraftJson};
use crate::host::problem::{Problem, Sentence};

/// Where the operator acts from.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CardQuery {
    /// The app of the card's element; the Lines section without it.
    #[param(value_type = Option<String>)]
    app: Option<AppCode>,
    /// The card's element.
    element: Option<Uuid>,
}

/// Shows the lines on which the operator has a role, and whether a session can be started there.
#[utoipa::path(get, path = "/api/choices/lines", tag = "choices", params(CardQuery),
    responses((status = 200, body = PageJson<LineChoiceJson>)))]
pub async fn lines(
    State(host): Shared,
    actor: Actor,
    Language(lang): Language,
    Query(query): Query<CardQuery>,
) -> Reply<PageJson<LineChoiceJson>> {
    let via = via(query.app, query.element)?;
    let choices = host.engine.line_choices(actor.operator()?, &via).await?.into_iter();
    Ok(Json(PageJson::whole(choices.map(|choice| LineChoiceJson::of(choice, lang)).collect())))
}

/// Whose addresses are wanted, and where the operator acts from.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AddressQuery {
    /// The app of the contact.
    #[param(value_type = String)]
    app: AppCode,
    /// The contact.
    element: Uuid,
    /// The app of the card's element; the Lines section without it.
    #[param(value_type = Option<String>)]
    card_app: Option<AppCode>,
    /// The card's element.
    card_element: Option<Uuid>,
}

/// Shows each address of a contact on each channel of a line, and whether it can be chosen.
#[utoipa::path(get, path = "/api/lines/{line}/choices", tag = "choices",
    params(("line" = Uuid, Path), AddressQuery), responses((status = 200, body = PageJson<ChoiceJson>)))]
pub async fn addresses(
    State(host): Shared,
    actor: Actor,
    Language(lang): Language,
    Path(line): Path<Uuid>,
    Query(query): Query<AddressQuery>,
) -> Reply<PageJson<ChoiceJson>> {
    let operator = actor.operator()?;
    host.engine.require_reader(&actor.principal, LineId(line)).await?;
    let via = via(query.card_app, query.card_element)?;
    let contact = ElementRef { app: query.app.0, element: ElementId(query.element) };
    let choices = host.engine.choices(operator, LineId(line), &contact, &via).await?.into_iter();
    Ok(Json(PageJson::whole(choices.map(|choice| ChoiceJson::of(choice, lang)).collect())))
}

/// Tells whether a session would be created, with everything that refuses it.
#[utoipa::path(post, path = "/api/sessions/dry-run", tag = "choices", request_body = DraftJson,
    responses((status = 200, body = VerdictJson)))]
pub async fn dry_run(
    State(host): Shared,
    actor: Actor,
    Language(lang): Language,
    Body(draft): Body<DraftJson>,
) -> Reply<VerdictJson> {
    let draft = Draft {
        operator: actor.operator()?,
        line: LineId(draft.line),
        contact: draft.contact.map(|contact| contact.into_ref()),
        account: draft.account.map(AccountChoiceJson::into),
        channel: draft.channel.map(ChannelId),
        subject: draft.subject,
        via: entry_point(draft.card),
    };
    let mut refusals = host.engine.examine(&draft).await?;
    if !reading::is_reader(&host, &actor, draft.line).await? {
        refusals.retain(is_told_to_strangers);
    }
    let refusals = RefusalJson::all(&refusals, lang);
    Ok(Json(VerdictJson { allowed: refusals.is_empty(), refusals }))
}

/// Whether somebody without a role on the line is told of a refusal: those up to the roles are. Later
/// ones tell of customers, their sessions and who has them.
fn is_told_to_strangers(refusal: &Rejection) -> bool {
    let rank = |code: &str| Rejection::CODES.iter().position(|known| *known == code);
    rank(refusal.code()) <= rank("NotOperatorOfLine")
}

fn via(app: Option<AppCode>, element: Option<Uuid>) -> Result<EntryPoint, Problem> {
    match (app, element) {
        (None, None) => Ok(EntryPoint::LinesSection),
        (Some(app), Some(element)) => {
            Ok(EntryPoint::Card(ElementRef { app: app.0, element: ElementId(element) }))
        }
        (None, Some(_)) | (Some(_), None) => {
            let detail = Sentence::new(
                "Карточку называют приложение и элемент вместе",
                "a card is named by its app and its element together",
            );
            Err(Problem::new(StatusCode::BAD_REQUEST, "BadQuery", detail))
        }
    }
}
