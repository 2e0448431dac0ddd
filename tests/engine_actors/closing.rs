//! The end of an engine: in order, or by being dropped in the middle of things.

use super::*;

#[tokio::test]
async fn closing_answers_what_is_under_way_and_refuses_what_comes_later() {
    let log = TroubledLog::new();
    let engine = desk_on(&log, ActorOptions::default()).await;
    let session = session_of_anna(&engine).await;
    log.hold(true);
    let mut under_way: Vec<_> =
        (0..10).map(|number| send(&engine, operator(ANNA), session, message(&format!("{number}")))).collect();
    let creating = engine.clone();
    under_way.push(tokio::spawn(async move {
        creating.create_session(operator(BORIS), creation(MAIL, MAIL_ADDRESS)).await
    }));
    eventually("the commands are under way", || engine.stats().commands == 11).await;
    let closing = engine.clone();
    let closed = tokio::spawn(async move { closing.close().await });
    eventually("closing began", || {
        engine.stats().commands > 11 // It holds all that is free.
    })
    .await;
    let late = engine.session(operator(ANNA), session, message("поздно")).await;
    let late = late.expect_err("it is closing");
    assert_eq!((late.code(), late.outcome()), ("Unavailable", Outcome::NotWritten));
    assert!(!closed.is_finished(), "it waits for what is under way");
    log.hold(false);
    for command in under_way {
        command.await.expect("an answer").expect("it was under way before the engine closed");
    }
    closed.await.expect("closed").expect("in order");
    let late = engine.create_session(operator(ANNA), creation(SUPPORT, PHONE)).await;
    assert_eq!(late.expect_err("it is closed").code(), "Unavailable");
    engine.close().await.expect("closing twice is no error");
}

/// Opens a folder as soon as whoever had it lets go.
async fn open_again(home: &Home) -> Engine {
    let since = Instant::now();
    loop {
        match Engine::open(home.options()).await {
            Ok(engine) => return engine,
            Err(error) => assert!(since.elapsed() < PATIENCE, "the folder stays in use: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_dropped_without_closing_lets_its_folder_go_and_loses_nothing() {
    let home = Home::folder();
    let engine = home.desk().await;
    let session = session_of_anna(&engine).await;
    engine.session(operator(ANNA), session, message("раз")).await.expect("sent");
    drop(engine);
    let engine = open_again(&home).await;
    assert_eq!(texts(&engine, session).await, ["раз"]);
    assert_eq!(my_sessions(&engine, ANNA).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_dropped_in_the_middle_of_commands_lets_its_folder_go() {
    let home = Home::folder();
    let mut engine = home.desk().await;
    let session = session_of_anna(&engine).await;
    let mut acknowledged = 0;
    for round in 0..10_u32 {
        let tasks: Vec<_> = (0..20)
            .map(|number| {
                let engine = engine.clone();
                let hello = inbound(WHATSAPP, PHONE, &format!("wa-{round}-{number}"), "Здравствуйте");
                tokio::spawn(async move { engine.receive(Caller::channel(WHATSAPP), hello).await })
            })
            .collect();
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        for task in tasks {
            task.abort();
            acknowledged += u64::from(matches!(task.await, Ok(Ok(_))));
        }
        drop(engine);
        engine = open_again(&home).await;
    }
    let shown = summary(&engine, session).await;
    assert!(shown.messages >= acknowledged, "{} of {acknowledged} are there", shown.messages);
    assert_eq!(shown.status, SessionStatus::Assigned(ANNA));
}
