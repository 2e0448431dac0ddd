//! The host's life: started, started twice, stopped, killed.

#[path = "support/host.rs"]
mod host;

use std::time::Duration;

use host::{Host, run, with_ivan};
use serde_json::json;

#[tokio::test]
async fn the_sample_loaded_twice_changes_nothing_and_shows_its_tokens_once() {
    let host = Host::sample().await;
    assert!(host.tokens.len() >= 6, "everybody has a token: {:?}", host.tokens.keys());
    let head = host.head().await;
    let lines = host.by("anna").get("/api/lines").await.expect(200);
    let titles: Vec<_> = lines["items"].as_array().expect("a page").iter().map(|l| &l["title"]).collect();
    assert_eq!(titles, ["Служба поддержки", "Почта", "Телеграм-бот", "Мессенджеры"]);

    let host = host.restart().await;
    assert_eq!(host.head().await, head, "nothing was written");
    assert_eq!(host.printed, ["the sample's tokens exist already and are not shown again"]);
    assert_eq!(host.by("anna").get("/api/lines").await.expect(200), lines, "the old tokens open still");
}

#[tokio::test]
async fn the_sample_loaded_again_leaves_what_people_changed() {
    let host = Host::sample().await;
    let path = format!("/api/lines/{}", host::id(host::SUPPORT));
    host.by("administrator").patch(&path, json!({ "title": "Поддержка" })).await.expect(200);
    let role = format!("{path}/members/{}/operator", host::id(host::BORIS));
    host.by("administrator").delete(&role).await.expect(200);
    let head = host.head().await;
    let host = host.restart().await;
    assert_eq!(host.head().await, head);
    assert_eq!(host.by("anna").get(&path).await.expect(200)["title"], "Поддержка");
    host.by("boris").get(&path).await.refused(403, "NotMemberOfLine");
}

#[tokio::test]
async fn a_second_host_on_the_same_folder_is_refused_by_its_name() {
    let host = Host::sample().await;
    let second = run(&host.data(), "127.0.0.1:0").await;
    let told = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(2), "{told}");
    assert!(told.contains(&host.data().display().to_string()), "{told}");
    assert!(told.contains("open already"), "{told}");
    assert_eq!(host.by("anna").get("/api/me").await.status, 200, "the first one serves on");
}

#[tokio::test]
async fn an_address_in_use_is_told_and_nothing_is_served() {
    let host = Host::sample().await;
    let taken = host.address.trim_start_matches("http://").to_owned();
    let folder = tempfile::tempdir().expect("the system has a temporary folder");
    let second = run(folder.path(), &taken).await;
    let told = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(2), "{told}");
    assert!(told.contains(&taken), "{told}");
}

#[tokio::test]
async fn a_name_can_be_listened_at_and_one_that_is_none_is_told() {
    let host = Host::sample_at("localhost:0").await;
    assert_eq!(host.nobody().get("/healthz").await.expect(200)["status"], "ok");
    let folder = tempfile::tempdir().expect("the system has a temporary folder");
    let refused = run(folder.path(), "localhost").await;
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{told}");
    assert!(told.contains("cannot listen at localhost"), "{told}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_data_folder_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let host = Host::sample().await;
    let taken = host.address.trim_start_matches("http://").to_owned();
    let folder = tempfile::tempdir().expect("the system has a temporary folder");
    let data = folder.path().join("new");
    run(&data, &taken).await;
    let mode = std::fs::metadata(&data).expect("the folder is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn a_damaged_file_of_tokens_is_named_and_left_alone() {
    let mut host = Host::sample().await;
    host.stop().await;
    let file = host.data().join("tokens.json");
    std::fs::write(&file, "{\"version\":1").expect("the file can be spoilt");
    let again = run(&host.data(), "127.0.0.1:0").await;
    let told = String::from_utf8_lossy(&again.stderr).into_owned();
    assert_eq!(again.status.code(), Some(2), "{told}");
    assert!(told.contains("tokens.json is damaged"), "{told}");
    assert_eq!(std::fs::read_to_string(&file).expect("it is there"), "{\"version\":1");
}

#[tokio::test]
async fn ctrl_c_ends_within_five_seconds_also_with_an_open_stream_of_events() {
    let mut host = Host::sample().await;
    host.by("anna").post("/api/sessions", with_ivan()).await.expect(201);
    let head = host.head().await;
    let request = host.by("anna").request(reqwest::Method::GET, "/api/events");
    let mut stream = request.send().await.expect("the stream begins");
    stream.chunk().await.expect("it begins with an id");
    let (status, took) = host.stop().await;
    assert!(status.success(), "{status}");
    assert!(took < Duration::from_secs(5), "it took {took:?}");
    while stream.chunk().await.expect("the stream ends in order").is_some() {}
    let host = host.restart_stopped().await;
    assert_eq!(host.head().await, head, "what was acknowledged is there");
}

#[tokio::test]
async fn what_was_acknowledged_before_a_kill_is_there_after_it() {
    let host = Host::sample().await;
    let receipt = host.by("anna").key("before").post("/api/sessions", with_ivan()).await.expect(201);
    let host = host.crash().await;
    let again = host.by("anna").key("before").post("/api/sessions", with_ivan()).await.expect(201);
    assert_eq!(again, receipt);
    let mine = host.by("anna").get("/api/sessions?list=my").await.expect(200);
    assert_eq!(mine["items"].as_array().map(Vec::len), Some(1), "{mine}");
}

#[cfg(unix)]
#[tokio::test]
async fn tokens_are_kept_as_hashes_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let host = Host::sample().await;
    let file = host.data().join("tokens.json");
    let kept = std::fs::read_to_string(&file).expect("the file is there");
    for (name, token) in &host.tokens {
        let secret = token.rsplit('_').next().expect("a token ends with its secret");
        assert!(!kept.contains(secret), "the secret of {name} is kept");
    }
    let mode = std::fs::metadata(&file).expect("the file is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
