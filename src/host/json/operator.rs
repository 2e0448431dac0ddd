//! People at the console.

use serde::{Deserialize, Serialize};
use switchboard::projection::OperatorView;
use utoipa::ToSchema;
use uuid::Uuid;

use super::time::Time;

/// A person to register.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOperatorJson {
    /// The person's id; that of the command without it.
    pub id: Option<Uuid>,
    /// The name that colleagues see.
    #[schema(example = "Дарья")]
    pub name: String,
}

/// Another name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NameJson {
    /// The name.
    pub name: String,
}

/// Whether a person is there.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PresenceJson {
    /// Онлайн or Офлайн.
    pub online: bool,
}

/// A person at the console.
#[derive(Serialize, ToSchema)]
pub struct OperatorJson {
    /// The person.
    pub operator: Uuid,
    /// The name.
    pub name: String,
    /// Whether the person is there; it means something only while the service licence is active.
    pub online: bool,
    /// Since when; none before the first change.
    pub presence_since: Option<Time>,
}

impl From<OperatorView> for OperatorJson {
    fn from(view: OperatorView) -> OperatorJson {
        OperatorJson {
            operator: view.operator.0,
            name: view.name,
            online: view.online,
            presence_since: view.presence_since.map(|moment| Time(moment.time)),
        }
    }
}
