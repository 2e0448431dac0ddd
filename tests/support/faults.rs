//! Failures of the log's writer, one at a time.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use switchboard::log::embedded::Faults;

/// Where a write fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Point {
    BeforeWrite,
    AfterWrite,
    BeforeSync,
    AfterSync,
    Panic,
}

/// All of them.
pub const POINTS: [Point; 5] =
    [Point::BeforeWrite, Point::AfterWrite, Point::BeforeSync, Point::AfterSync, Point::Panic];

impl Point {
    /// Whether the store has the write that fails here.
    pub fn leaves_it(self) -> bool {
        matches!(self, Point::AfterWrite | Point::BeforeSync | Point::AfterSync)
    }
}

/// Fails one point, once.
pub struct FailAt {
    point: Point,
    /// How often it is passed before.
    left: AtomicU64,
}

impl FailAt {
    /// Fails when the point was passed so many times.
    pub fn after(passed: u64, point: Point) -> FailAt {
        FailAt { point, left: AtomicU64::new(passed) }
    }

    fn at(&self, point: Point) -> io::Result<()> {
        if self.point == point && self.left.fetch_sub(1, Ordering::SeqCst) == 0 {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        Ok(())
    }
}

impl Faults for FailAt {
    fn before_write(&self) -> io::Result<()> {
        self.at(Point::Panic).expect("a seeded panic of the writer");
        self.at(Point::BeforeWrite)
    }

    fn after_write(&self) -> io::Result<()> {
        self.at(Point::AfterWrite)
    }

    fn before_sync(&self) -> io::Result<()> {
        self.at(Point::BeforeSync)
    }

    fn after_sync(&self) -> io::Result<()> {
        self.at(Point::AfterSync)
    }
}
