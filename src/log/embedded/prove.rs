//! Proving sealed files: every frame is right, chained to the one before it, and the last is the one that
//! the file's label names.
//!
//! What a file has to follow stands on its label, so that several are proved side by side.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::frames::{Frames, Label, damaged};
use crate::disk::sealed::Sealed;
use crate::log::frame::{Frame, Hash};
use crate::log::{Position, ReadError};

/// The most files that are proved at once: more would wait for the disk.
const PROVED_AT_ONCE_MAX: usize = 4;

impl Frames {
    /// Proves the sealed files that end at `end` or before it, and holds each of their frames to `check`;
    /// returns where the last of them ends and its last frame's hash, if there is one.
    ///
    /// # Errors
    ///
    /// What is wrong in the first file that is not right.
    pub(super) fn prove_up_to(
        &self,
        end: Position,
        check: impl Fn(&Frame) -> Result<(), ReadError> + Sync,
    ) -> Result<Option<(Position, Hash)>, ReadError> {
        let files: Vec<Arc<Sealed>> =
            self.sealed().iter().filter(|file| file.last() <= end.0).cloned().collect();
        let (next, wrong) = (AtomicUsize::new(0), Mutex::new(None::<(usize, ReadError)>));
        let first_wrong = || wrong.lock().unwrap_or_else(PoisonError::into_inner);
        let prove_some = || {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                // Those before a wrong one are all taken already.
                let Some(file) = files.get(at).filter(|_| first_wrong().is_none()) else { return };
                if let Err(error) = self.prove(file, &check) {
                    let mut wrong = first_wrong();
                    if wrong.as_ref().is_none_or(|(first, _)| at < *first) {
                        *wrong = Some((at, error));
                    }
                }
            }
        };
        let threads = thread::available_parallelism().map_or(1, usize::from).min(PROVED_AT_ONCE_MAX);
        thread::scope(|scope| {
            (1..threads.min(files.len())).for_each(|_| drop(scope.spawn(prove_some)));
            prove_some();
        });
        if let Some((_, error)) = first_wrong().take() {
            return Err(error);
        }
        let Some(last) = files.last() else { return Ok(None) };
        Ok(Some((Position(last.last()), label(last)?.last)))
    }

    /// Reads a sealed file through, and holds each of its frames to `check`.
    pub(super) fn prove(
        &self,
        file: &Sealed,
        check: impl Fn(&Frame) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let (first, end) = (Position(file.first()), Position(file.last()));
        let label = label(file)?;
        let (mut at, mut hash) = (first, label.previous);
        let mut frames = self.from(first);
        while at <= end {
            let frame = frames.next().unwrap_or_else(|| Err(damaged(at, "its frame is missing")))?;
            if frame.previous() != hash || frame.last > end {
                return Err(damaged(at, "it is not chained to the frame before it"));
            }
            check(&frame)?;
            (at, hash) = (frame.last.next(), frame.hash());
        }
        match hash == label.last {
            true => Ok(()),
            false => Err(damaged(end, "it is not the frame that its sealed file was ended with")),
        }
    }
}

fn label(file: &Sealed) -> Result<Label, ReadError> {
    Label::parse(file.label()).ok_or_else(|| damaged(Position(file.first()), "its sealed file has no label"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::super::EmbeddedOptions;
    use super::*;
    use crate::log::Version;
    use crate::log::frame::Open;

    const FRAMES: u64 = 40;

    /// Forty frames of three records each, all in sealed files of a few frames.
    fn sealed(folder: &Path) -> Frames {
        let options = EmbeddedOptions { sealed_file_bytes: 600, ..EmbeddedOptions::default() };
        let (frames, header) = Frames::open(folder, &options).expect("it opens");
        let (mut at, mut hash) = (Position(1), header.hash);
        for _ in 0..FRAMES {
            let mut open = Open::new(at);
            (0..3).for_each(|_| open.push(Version(1), Version(0), &[7; 40]));
            let frame = open.seal(&hash);
            frames.write(std::slice::from_ref(&frame.frame)).expect("it is written");
            (at, hash) = (frame.frame.last.next(), frame.hash);
        }
        while frames.sealed().last().is_none_or(|file| file.last() < 3 * FRAMES) {
            frames.seal(Position(3 * FRAMES), &|| Ok(()), || Ok(())).expect("they are sealed");
        }
        frames
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder.join("sealed")).expect("a folder");
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a file").path()).collect();
        files.sort();
        files
    }

    #[test]
    fn every_frame_of_the_files_up_to_a_position_is_held_to_the_check() {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let frames = sealed(folder.path());
        let ends: Vec<u64> = frames.sealed().iter().map(|file| file.last()).collect();
        assert!(ends.len() > 4, "{ends:?}");
        for end in 0..=3 * FRAMES {
            let seen = Mutex::new(Vec::new());
            let check = |frame: &Frame| {
                seen.lock().expect("no panic").push(frame.first.0);
                Ok(())
            };
            let proved = frames.prove_up_to(Position(end), check).expect("they are right");
            let mut seen = seen.into_inner().expect("no panic");
            seen.sort_unstable();
            let last = ends.iter().copied().rfind(|last| *last <= end);
            assert_eq!(seen, (1..=last.unwrap_or(0)).step_by(3).collect::<Vec<_>>(), "up to {end}");
            let found = last.map(|last| (last, frames.holding(Position(last)).expect("it is read").hash()));
            assert_eq!(proved.map(|(position, hash)| (position.0, hash)), found);
        }
    }

    #[test]
    fn of_several_files_that_are_wrong_the_first_is_told_and_what_the_check_says_too() {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let frames = sealed(folder.path());
        let firsts: Vec<u64> = frames.sealed().iter().map(|file| file.first()).collect();
        let prove = || frames.prove_up_to(Position(u64::MAX), |_| Ok(()));
        let names = files(folder.path());
        for at in (0..names.len()).rev() {
            let mut bytes = fs::read(&names[at]).expect("it is read");
            bytes[80] ^= 1;
            fs::write(&names[at], bytes).expect("it is written");
            let wrong = prove().expect_err("a byte of it is another");
            let ReadError::Damaged { position, .. } = wrong else { panic!("{wrong:?}") };
            assert_eq!(position.0, firsts[at]);
        }

        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let frames = sealed(folder.path());
        let check = |frame: &Frame| match frame.first.0 {
            first @ (40 | 70 | 100) => Err(damaged(Position(first), "so it is said")),
            _ => Ok(()),
        };
        let told = frames.prove_up_to(Position(3 * FRAMES), check);
        assert_eq!(told, Err(damaged(Position(40), "so it is said")));
    }

    #[test]
    fn a_file_that_another_took_the_place_of_is_told() {
        let (folder, other) = (tempfile::tempdir(), tempfile::tempdir());
        let (folder, other) = (folder.expect("a folder"), other.expect("a folder"));
        let (frames, of_another) = (sealed(folder.path()), sealed(other.path()));
        let (names, others) = (files(folder.path()), files(other.path()));
        assert_eq!(names[2].file_name(), others[2].file_name());
        // Of the same size, so that the frames stand where they should; the header's id is another.
        let (mut bytes, taken) = (fs::read(&names[2]).expect("read"), fs::read(&others[2]).expect("read"));
        let blocks = 500;
        bytes[..blocks].copy_from_slice(&taken[..blocks]);
        fs::write(&names[2], bytes).expect("it is written");
        let first = Position(frames.sealed()[2].first());
        let told = frames.prove_up_to(Position(u64::MAX), |_| Ok(()));
        assert_eq!(told, Err(damaged(first, "it is not chained to the frame before it")));
        drop(of_another);
    }
}
