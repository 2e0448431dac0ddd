//! A disk in a file: what was written and not synced is not in the file yet, as after a power cut.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Room for the log of a dozen runs.
const SIZE_MIB: u64 = 256;

fn run(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).status().is_ok_and(|status| status.success())
}

/// A mounted image, unmounted when it goes.
pub struct Image {
    file: PathBuf,
    mounted_at: PathBuf,
}

impl Image {
    /// A fresh file system; `None` where nobody lets it be mounted.
    pub fn mounted(place: &Path) -> Option<Image> {
        let file = place.join("image");
        let created = std::fs::File::create(&file).and_then(|file| file.set_len(SIZE_MIB << 20));
        created.expect("a file for the image");
        run("mkfs.ext4", &["-q", "-F", &file.to_string_lossy()]).then_some(())?;
        Image::mount(file, place.join("disk"))
    }

    fn mount(file: PathBuf, mounted_at: PathBuf) -> Option<Image> {
        std::fs::create_dir(&mounted_at).expect("a folder to mount at");
        // The file system commits by itself every five seconds: here it has to be asked.
        let (from, to) = (file.to_string_lossy(), mounted_at.to_string_lossy());
        run("mount", &["-o", "loop,commit=600", &from, &to]).then_some(())?;
        Some(Image { file, mounted_at })
    }

    pub fn folder(&self) -> &Path {
        &self.mounted_at
    }

    /// Another disk with what has reached this one: nobody may write meanwhile. What was not synced
    /// waits in the memory of the file system, and is not in the image.
    pub fn as_after_a_power_cut(&self) -> Image {
        let place = self.file.parent().expect("a folder");
        let left = place.join("image left");
        std::fs::copy(&self.file, &left).expect("the image is copied");
        Image::mount(left, place.join("disk left")).expect("what is left is mounted")
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        run("umount", &[&self.mounted_at.to_string_lossy()]);
        let _ = std::fs::remove_dir(&self.mounted_at);
    }
}
