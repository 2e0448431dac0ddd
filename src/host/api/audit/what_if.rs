//! What other rules of a line would have refused.

use std::collections::BTreeMap;
use std::io;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use switchboard::audit::{self, Difference, Policies, WhatIf};
use switchboard::domain::id::{ChannelId, LineId};
use switchboard::domain::rejection::Rejection;
use switchboard::log::Position;
use tokio::sync::mpsc;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::answer::Shared;
use super::{CHUNKS_MAX, LINES, answer, begin, going_on, until};
use crate::host::actor::Actor;
use crate::host::extract::{Body, Language, Path};
use crate::host::json::past::DifferenceJson;
use crate::host::json::policy::{PolicyJson, RulesJson};
use crate::host::problem::{Problem, Sentence};

/// Rules to try on the creations of a range.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WhatIfJson {
    /// The first position; the start of the log without it.
    from: Option<u64>,
    /// The last position; what the log holds now without it.
    to: Option<u64>,
    /// Rules of channels of the line, by their ids.
    #[serde(default)]
    channels: BTreeMap<Uuid, PolicyJson>,
    /// The other rules of the line.
    rules: Option<RulesJson>,
}

/// The last line: how many there were.
#[derive(Serialize)]
struct SumJson {
    creations: u64,
    refused: u64,
    reasons: BTreeMap<&'static str, u64>,
}

impl From<WhatIf> for SumJson {
    fn from(sum: WhatIf) -> SumJson {
        SumJson { creations: sum.creations, refused: sum.refused, reasons: sum.reasons }
    }
}

/// Decides the creations of a line again under other rules, and shows what only those would have refused: a
/// difference each line, and last `creations`, `refused` and `reasons`. Nothing is changed.
#[utoipa::path(post, path = "/api/audit/lines/{line}/what-if", tag = "audit", params(("line" = Uuid, Path)),
    request_body = WhatIfJson,
    responses((status = 200, body = DifferenceJson, content_type = "application/x-ndjson")))]
pub async fn what_if(
    State(host): Shared,
    actor: Actor,
    Language(lang): Language,
    Path(line): Path<Uuid>,
    Body(asked): Body<WhatIfJson>,
) -> Result<Response, Problem> {
    let line = LineId(line);
    host.engine.require_supervisor(&actor.principal, line).await?;
    let known = host.engine.channels(line).await?;
    for id in asked.channels.keys() {
        let channel = ChannelId(*id);
        if known.iter().all(|known| known.id != channel) {
            return Err(Rejection::ChannelNotFound { channel }.into());
        }
    }
    let to = until(&host, asked.to)?;
    let policies = Policies {
        channels: asked.channels.into_iter().map(|(id, rules)| (ChannelId(id), rules.into())).collect(),
        lines: asked.rules.into_iter().map(|rules| (line, rules.into())).collect(),
        of: Some(line),
    };
    if policies.channels.is_empty() && policies.lines.is_empty() {
        let detail = Sentence::new("Не задано других правил", "no other rules are given");
        return Err(Problem::new(StatusCode::BAD_REQUEST, "BadBody", detail));
    }
    let (opened, place) = begin(&host, &host.audits.past)?;
    let (sender, receiver) = mpsc::channel(CHUNKS_MAX);
    tokio::spawn(async move {
        let _place = place;
        let range = (Position(asked.from.unwrap_or(1)), to.unwrap_or(opened.head()));
        let (reader, out) = (sender.clone(), sender.clone());
        let mut report = going_on(&host, move || reader.is_closed());
        // The differences of a page of the log, which has a bound, wait for a slow reader.
        let (found, mut differences) = mpsc::unbounded_channel();
        let mut told = |difference: Difference| drop(found.send(DifferenceJson::of(&difference, lang)));
        let sum = {
            let deciding = audit::what_if(opened.log(), range, &policies, &mut report, &mut told);
            let mut deciding = std::pin::pin!(deciding);
            loop {
                tokio::select! {
                    biased;
                    Some(difference) = differences.recv() => {
                        if out.send(line_of(&difference)).await.is_err() {
                            return;
                        }
                    }
                    sum = &mut deciding => break sum,
                }
            }
        };
        while let Ok(difference) = differences.try_recv() {
            if out.send(line_of(&difference)).await.is_err() {
                return;
            }
        }
        let last = sum.map_err(io::Error::other).and_then(|sum| line_of(&SumJson::from(sum)));
        // A reader who is gone has seen enough.
        let _ = out.send(last).await;
    });
    Ok(answer(LINES, receiver))
}

fn line_of(of: &impl Serialize) -> Result<Bytes, io::Error> {
    let mut line = serde_json::to_vec(of).map_err(io::Error::other)?;
    line.push(b'\n');
    Ok(line.into())
}
