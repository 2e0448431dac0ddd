//! Commands against each other: one of them is first, and what follows is as if they had queued.

use super::*;

const ROUNDS: usize = 60;

/// Starts two commands at the same moment.
async fn race<A, B>(one: A, other: B) -> (Result<Receipt, CommandError>, Result<Receipt, CommandError>)
where
    A: Future<Output = Result<Receipt, CommandError>> + Send + 'static,
    B: Future<Output = Result<Receipt, CommandError>> + Send + 'static,
{
    let start = Arc::new(tokio::sync::Barrier::new(2));
    let other_start = Arc::clone(&start);
    let one = tokio::spawn(async move {
        start.wait().await;
        one.await
    });
    let other = tokio::spawn(async move {
        other_start.wait().await;
        other.await
    });
    (one.await.expect("a racer"), other.await.expect("a racer"))
}

fn asked(
    engine: &Engine,
    who: OperatorId,
    session: SessionId,
    command: SessionCommand,
) -> impl Future<Output = Result<Receipt, CommandError>> + Send + 'static {
    let engine = engine.clone();
    async move { engine.session(operator(who), session, command).await }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn close_against_send_leaves_no_message_after_the_closing() {
    let engine = Home::memory().desk().await;
    for _ in 0..ROUNDS {
        let session = session_of_anna(&engine).await;
        let close = asked(&engine, ANNA, session, SessionCommand::Close);
        let send = asked(&engine, ANNA, session, message("Ещё одно"));
        let (closed, sent) = race(close, send).await;
        let closed = closed.expect("it was open");
        match sent {
            Ok(receipt) => assert!(receipt.position < closed.position),
            refused => assert_eq!(refusal(refused), Rejection::SessionClosed { session }),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn assign_against_assign_leaves_one_operator_and_both_in_the_transcript() {
    let engine = Home::memory().desk().await;
    for _ in 0..ROUNDS {
        let session = session_of_anna(&engine).await;
        let to = |operator| asked(&engine, VERA, session, SessionCommand::AssignOperator { operator });
        let (boris, vera) = race(to(BORIS), to(VERA)).await;
        let (boris, vera) = (boris.expect("assigned").position, vera.expect("assigned").position);
        let last = if boris > vera { BORIS } else { VERA };
        assert_eq!(summary(&engine, session).await.status, SessionStatus::Assigned(last));
        conduct(&engine, last, session, SessionCommand::Close).await;
    }
}

/// Two operators take the same session from the queue.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn take_against_take_gives_it_to_one_and_names_that_one_to_the_other() {
    let engine = Home::memory().desk().await;
    for round in 0..ROUNDS {
        let hello = inbound(WHATSAPP, PHONE, &format!("wa-{round}"), "Здравствуйте");
        let received = engine.receive(as_channel(&hello), hello).await.expect("received");
        let session = received.session.expect("a session");
        let (anna, boris) = race(
            asked(&engine, ANNA, session, SessionCommand::Take),
            asked(&engine, BORIS, session, SessionCommand::Take),
        )
        .await;
        let (winner, name, refused) = match (anna, boris) {
            (Ok(_), refused) => (ANNA, "Анна", refused),
            (refused, Ok(_)) => (BORIS, "Борис", refused),
            neither => panic!("{neither:?}"),
        };
        let expected = Rejection::NotAssignee { holder: Some(winner), holder_name: Some(name.into()) };
        assert_eq!(refusal(refused), expected);
        conduct(&engine, winner, session, SessionCommand::Close).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reopen_against_create_opens_one_and_names_it_to_the_other() {
    let engine = Home::memory().desk().await;
    let mut session = session_of_anna(&engine).await;
    conduct(&engine, ANNA, session, SessionCommand::Close).await;
    for _ in 0..ROUNDS {
        let create = creation(SUPPORT, PHONE);
        let (creating, new) = (engine.clone(), create.session);
        let reopen = asked(&engine, ANNA, session, SessionCommand::Reopen);
        let create = async move { creating.create_session(operator(ANNA), create).await };
        let (open, refused) = match race(reopen, create).await {
            (Ok(_), refused) => (session, refused),
            (refused, Ok(_)) => (new, refused),
            neither => panic!("{neither:?}"),
        };
        let expected = Rejection::OpenSessionExists {
            session: open,
            holder: Some(ANNA),
            holder_name: Some("Анна".into()),
        };
        assert_eq!(refusal(refused), expected);
        conduct(&engine, ANNA, open, SessionCommand::Close).await;
        session = open;
    }
}

/// Whatever was decided on what is no more so, is decided again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_written_for_a_role_after_it_was_revoked() {
    let engine = Home::memory().desk().await;
    for _ in 0..ROUNDS {
        let grant = LineCommand::GrantRole { operator: ANNA, role: Role::Operator };
        engine.line(admin(), SUPPORT, grant).await.expect("granted");
        let create = creation(SUPPORT, PHONE);
        let (creating, revoking) = (engine.clone(), engine.clone());
        let session = create.session;
        let create = async move { creating.create_session(operator(ANNA), create).await };
        let revoke = LineCommand::RevokeRole { operator: ANNA, role: Role::Operator };
        let revoke = async move { revoking.line(admin(), SUPPORT, revoke).await };
        let (created, revoked) = race(create, revoke).await;
        let revoked = revoked.expect("revoked");
        match created {
            Ok(receipt) => {
                assert!(receipt.position < revoked.position, "created after the role was gone");
                let assign = SessionCommand::AssignOperator { operator: BORIS };
                conduct(&engine, VERA, session, assign).await;
                conduct(&engine, BORIS, session, SessionCommand::Close).await;
            }
            refused => assert_eq!(refusal(refused), Rejection::NotOperatorOfLine { line: SUPPORT }),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_written_for_an_operator_after_going_offline() {
    let engine = Home::memory().desk().await;
    licence(&engine, true).await;
    presence(&engine, ANNA, true).await;
    let session = session_of_anna(&engine).await;
    for round in 0..ROUNDS {
        presence(&engine, ANNA, true).await;
        let send = asked(&engine, ANNA, session, message(&format!("{round}")));
        let leaving = engine.clone();
        let leave = async move {
            let command = OperatorCommand::SetPresence { online: false };
            leaving.operator(operator(ANNA), ANNA, command).await
        };
        let (sent, left) = race(send, leave).await;
        let left = left.expect("went offline");
        match sent {
            Ok(receipt) => assert!(receipt.position < left.position, "sent while Offline"),
            refused => assert_eq!(refusal(refused), Rejection::OperatorOffline { operator: ANNA }),
        }
    }
    let events = recorded_after(&engine, Position::START).await;
    let sent = |event: &Event| matches!(event, Event::Session(SessionEvent::MessageSent { .. }));
    let shown = texts(&engine, session).await.len();
    assert_eq!(events.iter().filter(|recorded| sent(&recorded.event)).count(), shown);
}
