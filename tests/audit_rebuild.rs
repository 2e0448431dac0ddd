//! Folding projections anew beside those that are read: what counts on the disk at each moment, and what is
//! left when it is given up.

use std::fs;
use std::path::{Path, PathBuf};

use switchboard::Engine;
use switchboard::audit::{self, Audit, AuditError};
use switchboard::projection::{ProjectionName, SessionSummary};

#[path = "support/desk.rs"]
mod desk;

use desk::*;

fn current(data: &Path) -> Option<String> {
    fs::read_to_string(data.join("views.current")).ok()
}

/// Whether a folder has every projection on the disk, so that opening folds nothing.
fn is_whole(views: &Path) -> bool {
    ProjectionName::ALL.iter().all(|name| {
        let begins = |file: &str| file.starts_with(&format!("{name}.")) && file.ends_with(".run");
        let files = fs::read_dir(views).into_iter().flatten().flatten();
        files.into_iter().any(|file| begins(&file.file_name().to_string_lossy()))
    })
}

/// Waits until nobody has the tables in a folder open.
async fn is_free(views: &Path) {
    let lock = fs::File::options().write(true).open(views.join("lock")).expect("it was open");
    while lock.try_lock().is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    lock.unlock().expect("it is ours");
}

/// A desk in a folder, where it is, and the lists that Анна sees with one session in them.
async fn desk_with_a_session() -> (Home, PathBuf, Engine, Vec<SessionSummary>) {
    let home = Home::folder();
    let Home::Folder(folder) = &home else { panic!("it is a folder") };
    let data = folder.path().to_path_buf();
    let engine = home.desk().await;
    engine.create_session(operator(ANNA), creation(SUPPORT, PHONE)).await.expect("created");
    let before = my_sessions(&engine, ANNA).await;
    (home, data, engine, before)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_folder_that_counts_has_everything_on_the_disk_before_it_counts() {
    let (home, data, engine, before) = desk_with_a_session().await;
    assert_eq!((engine.rebuilding(), current(&data)), (None, None));
    engine.rebuild(&ProjectionName::ALL).await.expect("it is folded anew");
    assert_eq!(current(&data).as_deref(), Some("views.2"));
    assert!(is_whole(&data.join("views.2")), "a process that is killed now loses nothing of them");
    assert_eq!(my_sessions(&engine, ANNA).await, before);
    engine.close().await.expect("it closes");
    drop(engine);

    // Killed between the two steps: everything is there, and the old ones count. A process that is gone has
    // let go of them.
    is_free(&data.join("views")).await;
    fs::remove_file(data.join("views.current")).expect("it is removed");
    let engine = home.open().await;
    assert_eq!(my_sessions(&engine, ANNA).await, before);
    engine.rebuild(&ProjectionName::ALL).await.expect("what is there is no hindrance");
    assert_eq!(current(&data).as_deref(), Some("views.2"));
    let engine = home.reopened(engine).await;
    assert_eq!(my_sessions(&engine, ANNA).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuilding_that_is_given_up_leaves_the_old_projections_or_the_new_ones_whole() {
    let (home, data, engine, before) = desk_with_a_session().await;
    engine.close().await.expect("it closes");
    drop(engine);
    for wait_us in [0, 200, 1_000, 3_000, 10_000, 30_000, 100_000] {
        let engine = home.open().await;
        let was = current(&data);
        let other = if was.as_deref() == Some("views.2") { "views" } else { "views.2" };
        let rebuilding = tokio::spawn({
            let engine = engine.clone();
            async move { engine.rebuild(&ProjectionName::ALL).await }
        });
        tokio::time::sleep(std::time::Duration::from_micros(wait_us)).await;
        engine.close().await.expect("it closes");
        let rebuilt = rebuilding.await.expect("it does not panic");
        match current(&data) == was {
            true => assert!(rebuilt.is_err() && !is_whole(&data.join(other)), "{wait_us} µs: {rebuilt:?}"),
            false => assert!(is_whole(&data.join(other)), "{wait_us} µs: {rebuilt:?}"),
        }
        drop(engine);
        let engine = home.open().await;
        assert_eq!(my_sessions(&engine, ANNA).await, before, "{wait_us} µs");
        engine.close().await.expect("it closes");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_folder_is_folded_anew_without_a_look_at_its_broken_tables_which_go() {
    let (home, data, engine, before) = desk_with_a_session().await;
    engine.close().await.expect("it closes");
    drop(engine);
    fs::write(data.join("views").join("sessions.manifest"), "no manifest").expect("it is written");
    let scratch = data.join("scratch");

    let opened = Audit::open(&data).expect("it opens");
    let compared = audit::prove_views(&opened, &data, &scratch, &mut |_| true).await;
    let told = compared.expect_err("the test breaks a table").to_string();
    assert!(told.contains("broken") && told.ends_with(": rebuild them"), "{told}");
    let stopped = audit::rebuild(&opened, &data, &mut |_| false).await;
    assert!(matches!(stopped, Err(AuditError::Stopped { .. })), "{stopped:?}");
    assert!(data.join("views").exists() && !data.join("views.2").exists(), "nothing half done is left");
    assert_eq!(current(&data), None);
    audit::rebuild(&opened, &data, &mut |_| true).await.expect("it is folded anew");
    assert_eq!(current(&data).as_deref(), Some("views.2"));
    assert!(is_whole(&data.join("views.2")) && !data.join("views").exists());
    let proofs = audit::prove_views(&opened, &data, &scratch, &mut |_| true).await.expect("they are right");
    assert_eq!(proofs.len(), ProjectionName::ALL.len());
    // Who still has the log, a reading that was given up, holds the folder no longer.
    let reading = opened.log();
    opened.close().await;

    let engine = home.open().await;
    drop(reading);
    assert_eq!(my_sessions(&engine, ANNA).await, before);
    engine.close().await.expect("it closes");
}
