//! No file can be written any more: the host says so, and loses nothing.

use std::path::Path;
use std::process::Stdio;

use serde_json::json;
use tokio::process::Command;

use crate::host::{self, Host, IVAN, MAIL, program, session_with};
use crate::http_desk::*;

/// The program, started so that a file too large is an error to it and not its end.
fn without_file_size_signal(data: &Path) -> Command {
    let program = program(data, "127.0.0.1:0");
    let program = program.as_std();
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(program.get_program());
    command.args(program.get_args()).env("RUST_LOG", "off").stdout(Stdio::piped()).kill_on_drop(true);
    command
}

#[tokio::test]
async fn a_host_that_cannot_write_says_so_reads_on_and_loses_nothing_acknowledged() {
    let host = Host::started_by(without_file_size_signal).await;
    let mail = || session_with(MAIL, IVAN, MAIL_ADDRESS);
    let kept = host.by("anna").key("kept").post(SESSIONS, mail()).await.expect(201);
    let process = host.process_id().to_string();
    let limit = Command::new("prlimit").args(["--pid", &process, "--fsize=1"]).status().await;
    assert!(limit.expect("prlimit is there").success(), "from now on no file can be written");

    let doubtful = host.by("anna").key("doubtful").post(SESSIONS, mail()).await;
    assert_eq!(doubtful.refused(500, "Unknown")["outcome"], "unknown");
    for _ in 0..3 {
        let refused = host.by("anna").reading("ru").key("refused").post(SESSIONS, mail()).await;
        let refused = refused.refused(503, "Unavailable");
        assert_eq!(refused["outcome"], "not-written");
        assert_eq!(refused["detail"], "Сервер сейчас не принимает команды");
    }
    host.nobody().get("/healthz").await.refused(503, "Poisoned");
    let kept_session = host::text(&kept["session"]);
    assert_eq!(seen(&host.by("anna"), &kept_session).await["status"], "assigned", "reading goes on");

    let host = host.crash().await;
    let anna = host.by("anna");
    assert_eq!(anna.key("kept").post(SESSIONS, mail()).await.expect(201), kept);
    let mine = list(&anna, "my").await.len();
    assert!((1..=2).contains(&mine), "what was in doubt is there or not: {mine}");
    let doubtful = anna.key("doubtful").post(SESSIONS, mail()).await.expect(201);
    let again = anna.key("doubtful").post(SESSIONS, mail()).await.expect(201);
    assert_eq!(again, doubtful);
    anna.key("refused").post(SESSIONS, mail()).await.expect(201);
    assert_eq!(list(&anna, "my").await.len(), 3, "each key made one session");
    assert_eq!(host.nobody().get("/healthz").await.expect(200)["status"], json!("ok"));
}
