//! Payloads of the installation.

use bincode::{BorrowDecode, Encode};

use super::payload::{Bad, NothingV1, read, unplaced, write};
use super::{Encoded, kind};
use crate::domain::event::WorkspaceEvent;
use crate::domain::id::{AppId, ProcessId};

/// Of an app declared or renamed.
#[derive(Encode, BorrowDecode)]
struct AppTitleV1<'a> {
    app: &'a str,
    title: &'a str,
}

#[derive(Encode, BorrowDecode)]
struct ProcessPermittedV1<'a> {
    process: &'a str,
    title: &'a str,
}

#[derive(Encode, BorrowDecode)]
struct ProcessForbiddenV1<'a> {
    process: &'a str,
}

pub(super) fn encode(event: &WorkspaceEvent) -> Encoded {
    match event {
        WorkspaceEvent::AppDeclared { app, title } => {
            write(kind::APP_DECLARED, 1, &AppTitleV1 { app: app.as_str(), title })
        }
        WorkspaceEvent::AppRenamed { app, title } => {
            write(kind::APP_RENAMED, 1, &AppTitleV1 { app: app.as_str(), title })
        }
        WorkspaceEvent::ServiceLicenceActivated => write(kind::SERVICE_LICENCE_ACTIVATED, 1, &NothingV1),
        WorkspaceEvent::ServiceLicenceDeactivated => write(kind::SERVICE_LICENCE_DEACTIVATED, 1, &NothingV1),
        WorkspaceEvent::ProcessPermitted { process, title } => {
            write(kind::PROCESS_PERMITTED, 1, &ProcessPermittedV1 { process: process.as_str(), title })
        }
        WorkspaceEvent::ProcessForbidden { process } => {
            write(kind::PROCESS_FORBIDDEN, 1, &ProcessForbiddenV1 { process: process.as_str() })
        }
    }
}

pub(super) fn decode(kind: u16, schema: u8, bytes: &[u8]) -> Result<WorkspaceEvent, Bad> {
    Ok(match (kind, schema) {
        (kind::APP_DECLARED, 1) => {
            let AppTitleV1 { app, title } = read(bytes)?;
            WorkspaceEvent::AppDeclared { app: AppId::new(app)?, title: title.to_owned() }
        }
        (kind::APP_RENAMED, 1) => {
            let AppTitleV1 { app, title } = read(bytes)?;
            WorkspaceEvent::AppRenamed { app: AppId::new(app)?, title: title.to_owned() }
        }
        (kind::SERVICE_LICENCE_ACTIVATED, 1) => {
            let NothingV1 = read(bytes)?;
            WorkspaceEvent::ServiceLicenceActivated
        }
        (kind::SERVICE_LICENCE_DEACTIVATED, 1) => {
            let NothingV1 = read(bytes)?;
            WorkspaceEvent::ServiceLicenceDeactivated
        }
        (kind::PROCESS_PERMITTED, 1) => {
            let ProcessPermittedV1 { process, title } = read(bytes)?;
            WorkspaceEvent::ProcessPermitted { process: ProcessId::new(process)?, title: title.to_owned() }
        }
        (kind::PROCESS_FORBIDDEN, 1) => {
            let ProcessForbiddenV1 { process } = read(bytes)?;
            WorkspaceEvent::ProcessForbidden { process: ProcessId::new(process)? }
        }
        _ => return Err(unplaced()),
    })
}
