//! A real full disk: what was acknowledged stays, what was not is wholly there or not at all.

use std::path::{Path, PathBuf};
use std::process::Command;

use switchboard::domain::command::{ElementCommand, WorkspaceCommand};
use switchboard::domain::element::FieldValue;
use switchboard::domain::id::{AdministratorId, AppId, CommandId, ElementId, ElementRef, Principal};
use switchboard::{Caller, CommandError, Engine, EngineOptions, Outcome};
use uuid::Uuid;

/// The size of the file system: room for a log of some megabytes.
const SIZE_MIB: u32 = 24;

/// Commands after which the file system has to be full, at 64 KiB each.
const COMMANDS_MAX: u128 = 2_000;

/// A small file system of its own, unmounted when it goes.
struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// `None` where the machine lets nobody mount, as some containers do not even let root.
    fn mount(folder: &Path) -> Option<SmallDisk> {
        let size = format!("size={SIZE_MIB}m");
        let mounted = run("mount", &["-t", "tmpfs", "-o", &size, "tmpfs", &folder.to_string_lossy()]);
        mounted.then(|| SmallDisk { folder: folder.to_owned() })
    }

    fn grow(&self) {
        let size = format!("remount,size={}m", SIZE_MIB * 4);
        assert!(run("mount", &["-o", &size, &self.folder.to_string_lossy()]), "a mounted disk grows");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.folder).status();
    }
}

fn run(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).status().is_ok_and(|status| status.success())
}

fn caller(number: u128) -> Caller {
    let principal = Principal::Administrator(AdministratorId(Uuid::nil()));
    Caller::with_id(principal, CommandId(Uuid::from_u128(number)))
}

fn element(number: u128) -> ElementRef {
    let app = AppId::new("contacts").expect("a code");
    ElementRef { app, element: ElementId(Uuid::from_u128(number)) }
}

fn create(number: u128) -> ElementCommand {
    let field = |at: usize| (format!("field {at}"), FieldValue::Text(format!("{number:04}").repeat(1000)));
    ElementCommand::CreateElement { title: format!("{number}"), fields: (0..16).map(field).collect() }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "mounts a small file system, as root"]
async fn on_a_full_disk_nothing_acknowledged_is_lost_and_everything_is_refused_until_reopened() {
    let place = tempfile::tempdir().expect("a folder");
    let Some(disk) = SmallDisk::mount(place.path()) else {
        eprintln!("SKIPPED: nothing can be mounted here, so no disk was filled (are you root?)");
        return;
    };
    let data = place.path().join("data");
    let engine = Engine::open(EngineOptions::at(&data)).await.expect("an empty folder opens");
    let declare = WorkspaceCommand::DeclareApp { app: element(0).app, title: "Контакты".into() };
    engine.workspace(caller(1_000_000), declare).await.expect("declared");

    let mut refused: Option<(u128, CommandError)> = None;
    for number in 0..COMMANDS_MAX {
        match engine.element(caller(number), element(number), None, create(number)).await {
            Ok(_) => {}
            Err(error) => {
                refused = Some((number, error));
                break;
            }
        }
    }
    let (first_refused, error) = refused.expect("the disk is full before the commands end");
    assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
    assert!(engine.poisoned().is_some());
    let next = engine.element(caller(first_refused + 1), element(first_refused + 1), None, create(1)).await;
    let next = next.expect_err("a poisoned log takes nothing");
    assert_eq!((next.code(), next.outcome()), ("Unavailable", Outcome::NotWritten), "{next}");
    let _ = engine.close().await;
    drop(engine);

    disk.grow();
    let engine =
        Engine::open(EngineOptions::at(&data)).await.expect("the log opens when there is room again");
    for number in 0..first_refused {
        let kept = engine.find_element(&element(number)).await.expect("readable");
        assert_eq!(kept.map(|kept| kept.fields.len()), Some(16), "element {number} was acknowledged");
    }
    let in_doubt = engine.find_element(&element(first_refused)).await.expect("readable");
    assert!(in_doubt.is_none_or(|kept| kept.fields.len() == 16), "wholly or not at all");
    let absent = engine.find_element(&element(first_refused + 1)).await.expect("readable");
    assert_eq!(absent, None, "what was surely not written is not there");
    let again =
        engine.element(caller(first_refused), element(first_refused), None, create(first_refused)).await;
    again.expect("the same command again is answered, and is there once");
    engine.close().await.expect("closed");
}
