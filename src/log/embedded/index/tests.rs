//! Tests of `index`.

use super::*;

fn checkpoint(position: u64) -> Checkpoint {
    Checkpoint { store_id: Uuid::nil(), position: Position(position), hash: [7; 32] }
}

#[test]
fn a_stream_of_several_chunks_is_read_from_any_version_in_any_page() {
    let index = Index::new(Table::in_memory());
    let (stream, other) = (StreamName::new(b"a"), StreamName::new(b"ab"));
    for version in 1..=200u64 {
        let mut draft = Draft::default();
        assert_eq!(draft.push(&index, None, &stream, Position(version * 3)), Ok(Version(version)));
        assert_eq!(draft.push(&index, None, &other, Position(version * 3 + 1)), Ok(Version(version)));
        draft.publish(&index, &checkpoint(version * 3 + 1));
    }
    for after in 0..=201u64 {
        for limit in [0, 1, 63, 64, 65, 300] {
            let expected: Vec<_> = (after + 1..=200).map(|v| Position(v * 3)).take(limit).collect();
            assert_eq!(index.positions(&stream, Version(after), limit), Ok(expected), "{after} {limit}");
        }
    }
    assert_eq!(index.flush(), Ok(()));
    assert_eq!(index.checkpoint(), Ok(Some(checkpoint(601))));
    assert_eq!(index.positions(&stream, Version(190), 999).map(|positions| positions.len()), Ok(10));
}

#[test]
fn many_events_of_one_draft_are_seen_together_and_not_before() {
    let index = Index::new(Table::in_memory());
    let stream = StreamName::new(b"long");
    let mut draft = Draft::default();
    for position in 1..=130 {
        assert_eq!(draft.push(&index, None, &stream, Position(position)), Ok(Version(position)));
    }
    assert_eq!(index.positions(&stream, Version(0), 999), Ok(Vec::new()));
    draft.publish(&index, &checkpoint(130));
    let all: Vec<_> = (1..=130).map(Position).collect();
    assert_eq!(index.positions(&stream, Version(0), 999), Ok(all));
    assert_eq!(index.positions_at_once(&stream, Version(128), 9, 0).map(|p| p.len()), Some(2));
}
