//! Atomic writes of files.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::{Error, Result};

/// Prefix of the names of temporary files, which replace the file they are written for.
pub const TEMPORARY: &str = ".ganas-";

/// Number of links that are followed before they count as a circle, as in Linux.
const LINKS: usize = 40;

/// Writes a file completely or not at all, in place of an existing one. Missing folders are
/// created.
///
/// A link stays, and the file that it points to is replaced. A device or a pipe is never replaced:
/// the content is written into it.
///
/// # Errors
/// [`Error::Io`] if the operating system or `write` fails.
pub fn write_whole(path: &Path, write: impl FnOnce(&File) -> io::Result<()>) -> Result<()> {
    try_write(path, write).map_err(|e| Error::write(path, e))
}

fn try_write(path: &Path, write: impl FnOnce(&File) -> io::Result<()>) -> io::Result<()> {
    if is_special(path) {
        return write(&OpenOptions::new().write(true).open(path)?);
    }
    let path = follow(path)?;
    let file = temporary(&path)?;
    write(file.as_file())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Checks that [`write_whole`] can write a file, before the work for it begins. Missing folders are
/// created.
///
/// # Errors
/// If the path is a folder, or nothing can be written there.
pub fn check_writable(path: &Path) -> io::Result<()> {
    if is_special(path) {
        // A pipe would be waited for until somebody reads it.
        return Ok(());
    }
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    temporary(&follow(path)?).map(drop)
}

/// Returns true if a path is a device, a pipe or a socket, such as `/dev/stdout`.
pub fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|m| !m.is_file() && !m.is_dir())
}

/// Follows a link to its final target, which need not exist.
fn follow(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        if !fs::symlink_metadata(&path).is_ok_and(|m| m.is_symlink()) {
            return Ok(path);
        }
        path = folder(&path).join(fs::read_link(&path)?);
    }
    Err(io::Error::other("too many links"))
}

/// Creates a temporary file beside the path.
fn temporary(path: &Path) -> io::Result<NamedTempFile> {
    fs::create_dir_all(folder(path))?;
    let mut builder = tempfile::Builder::new();
    // Others may read the file, as far as the user's umask lets them.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.prefix(TEMPORARY).tempfile_in(folder(path))
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::{FileTypeExt, symlink};
    use std::process::Command;
    use std::thread;

    use super::*;

    fn write(path: &Path, text: &str) -> Result<()> {
        write_whole(path, |mut file| file.write_all(text.as_bytes()))
    }

    #[test]
    fn a_link_stays_and_its_file_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("a/file"), folder.path().join("link"));
        symlink("a/file", &link).unwrap();
        for text in ["where nothing was", "where something was"] {
            write(&link, text).unwrap();
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
            assert_eq!(fs::read_to_string(&file).unwrap(), text);
        }
        let circle = folder.path().join("circle");
        symlink("circle", &circle).unwrap();
        assert!(matches!(write(&circle, ""), Err(Error::Io { .. })));
        assert!(check_writable(&circle).is_err());
    }

    #[test]
    fn a_pipe_is_written_into() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        let link = folder.path().join("link");
        symlink("pipe", &link).unwrap();
        check_writable(&link).unwrap();
        let reader = thread::spawn({
            let pipe = pipe.clone();
            move || fs::read_to_string(pipe).unwrap()
        });
        write(&link, "text").unwrap();
        assert_eq!(reader.join().unwrap(), "text");
        assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
    }

    #[test]
    fn what_cannot_be_written_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        write(&file, "old").unwrap();
        let failed = write_whole(&file, |mut file| {
            file.write_all(b"new")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        let text = failed.unwrap_err().to_string();
        assert!(text.contains("cannot be written"), "{text}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
