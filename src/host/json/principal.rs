//! Who acts.

use serde::{Deserialize, Serialize};
use switchboard::domain::id::{AdministratorId, ChannelId, OperatorId, Principal};
use utoipa::ToSchema;
use uuid::Uuid;

use super::ids::ProcessCode;

/// Who acts.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum PrincipalJson {
    /// A person at the console.
    Operator {
        /// The person.
        operator: Uuid,
    },
    /// A customer, or the medium itself.
    Channel {
        /// The channel.
        channel: Uuid,
    },
    /// A business process.
    Process {
        /// The process.
        process: ProcessCode,
    },
    /// Who configures the workspace.
    Administrator {
        /// The administrator.
        administrator: Uuid,
    },
}

impl PrincipalJson {
    /// As the library names it.
    #[must_use]
    pub fn into_principal(self) -> Principal {
        match self {
            PrincipalJson::Operator { operator } => Principal::Operator(OperatorId(operator)),
            PrincipalJson::Channel { channel } => Principal::Channel(ChannelId(channel)),
            PrincipalJson::Process { process } => Principal::Process(process.0),
            PrincipalJson::Administrator { administrator } => {
                Principal::Administrator(AdministratorId(administrator))
            }
        }
    }
}

impl From<&Principal> for PrincipalJson {
    fn from(principal: &Principal) -> PrincipalJson {
        match principal {
            Principal::Operator(operator) => PrincipalJson::Operator { operator: operator.0 },
            Principal::Channel(channel) => PrincipalJson::Channel { channel: channel.0 },
            Principal::Process(process) => PrincipalJson::Process { process: ProcessCode(process.clone()) },
            Principal::Administrator(administrator) => {
                PrincipalJson::Administrator { administrator: administrator.0 }
            }
        }
    }
}
