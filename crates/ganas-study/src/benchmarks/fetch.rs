//! Downloads by `curl` or `wget`, and their digests.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ganas_core::error::{Error, Result};
use sha2::{Digest, Sha256};

/// Bytes read at once.
const BUFFER: usize = 1 << 16;

/// Programs that fetch, the first choice first.
const PROGRAMS: [&str; 2] = ["curl", "wget"];

/// File with its digest.
pub struct Fetched {
    /// Place of the file.
    pub path: PathBuf,
    /// SHA-256 of its content, in hexadecimal.
    pub sha256: String,
    /// True if it was there before.
    pub was_there: bool,
}

/// Fetches a file into a folder, unless it is there, and checks its digest. A download that was interrupted
/// continues.
///
/// # Errors
/// If the folder is missing, neither program can be run, the download fails, or the digest is another one.
pub fn obtain(url: &str, folder: &Path, name: &str, expected: Option<&str>) -> Result<Fetched> {
    if !folder.is_dir() {
        let error =
            Error::input("there is no such folder").mend("create it, or name another by `--dir`");
        return Err(error.in_file(folder));
    }
    let path = folder.join(name);
    let was_there = path.exists();
    let part = folder.join(format!("{name}.part"));
    let place = if was_there { &path } else { &part };
    if !was_there {
        download(url, &part)?;
    }
    let sha256 = digest(place).map_err(|e| Error::io(place, e))?;
    if let Some(expected) = expected.filter(|expected| *expected != sha256) {
        let fault = format!("its SHA-256 is {sha256}, and {expected} is published");
        let advice = if was_there {
            "delete the file, and run the command again"
        } else {
            fs::remove_file(&part).map_err(|e| Error::write(&part, e))?;
            "the download was deleted; run the command again, or look for another copy"
        };
        return Err(Error::input(fault).mend(advice).in_file(&path));
    }
    if !was_there {
        fs::rename(&part, &path).map_err(|e| Error::write(&path, e))?;
    }
    Ok(Fetched {
        path,
        sha256,
        was_there,
    })
}

/// Downloads into a file, and continues if it has a part.
fn download(url: &str, part: &Path) -> Result<()> {
    let fails = |fault: String, advice: &str| {
        let then = "or download it by other means into the same folder and run the command again, which checks it";
        Err(Error::io(url, io::Error::other(fault)).note(format!("{advice}, {then}")))
    };
    for program in PROGRAMS {
        let mut command = Command::new(program);
        match program {
            "curl" => command
                .args(["--fail", "--location", "--silent", "--show-error"])
                .args(["--continue-at", "-", "--output"]),
            _ => command.args(["--no-verbose", "--continue", "--output-document"]),
        };
        command.arg(part).arg("--").arg(url).stdin(Stdio::null());
        let output = match command.output() {
            Ok(output) => output,
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            Err(e) => return fails(format!("{program}: {e}"), "mend the program"),
        };
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().last().unwrap_or("no reason is given").trim();
        return fails(said.to_owned(), "check the network");
    }
    fails(
        "neither `curl` nor `wget` is on the path".into(),
        "install one",
    )
}

/// Returns the SHA-256 of a file, in hexadecimal.
fn digest(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => hash.update(&buffer[..read]),
        }
    }
    Ok(hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-256 of `abc`, from FIPS 180-2.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    #[cfg(unix)]
    fn files_are_fetched_once_and_checked() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("abc"), folder.path().join("to"));
        fs::write(&from, "abc").unwrap();
        fs::create_dir(&to).unwrap();
        let url = format!("file://{}", from.display());
        let fetched = obtain(&url, &to, "got", Some(ABC)).unwrap();
        assert!(!fetched.was_there && fetched.sha256 == ABC);
        assert_eq!(fs::read_to_string(&fetched.path).unwrap(), "abc");
        // The second time, nothing is fetched.
        fs::remove_file(&from).unwrap();
        assert!(obtain(&url, &to, "got", Some(ABC)).unwrap().was_there);
        fs::write(&fetched.path, "other").unwrap();
        let error = obtain(&url, &to, "got", Some(ABC))
            .err()
            .unwrap()
            .to_string();
        assert!(
            error.contains("delete the file") && error.contains(ABC),
            "{error}"
        );
    }

    #[test]
    #[cfg(unix)]
    fn a_download_with_another_digest_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("from");
        fs::write(&from, "something else").unwrap();
        let url = format!("file://{}", from.display());
        let error = obtain(&url, folder.path(), "got", Some(ABC)).err().unwrap();
        assert!(
            error.to_string().contains("the download was deleted"),
            "{error}"
        );
        assert!(!folder.path().join("got").exists() && !folder.path().join("got.part").exists());
    }
}
