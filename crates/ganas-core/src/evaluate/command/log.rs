//! Log of a worker: its standard error, and lines of its standard output that are not messages.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Size from which a log is cut, in bytes. The later half is kept.
const LIMIT: u64 = 16 << 20;

/// Number of bytes at the end of a log that are searched for its last line.
const TAIL: u64 = 4096;

/// The log of one worker, over all its processes.
#[derive(Clone, Debug)]
pub struct Log {
    path: PathBuf,
    /// Length when the latest process was started.
    begun: u64,
}

impl Log {
    /// The log of a worker in a folder.
    pub fn new(folder: &Path, worker: usize) -> Log {
        Log {
            path: folder.join(format!("worker-{worker}.log")),
            begun: 0,
        }
    }

    /// Path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the standard error of a new process.
    ///
    /// # Errors
    /// If the file cannot be opened.
    pub fn begin(&mut self) -> io::Result<Stdio> {
        let file = self.open()?;
        self.begun = file.metadata()?.len();
        Ok(file.into())
    }

    /// Opens a further handle, which writes at the end.
    ///
    /// # Errors
    /// If the file cannot be opened.
    pub fn open(&self) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options
            .read(true)
            .append(true)
            .create(true)
            .open(&self.path)
    }

    /// Adds a line. A log that cannot be written does not stop an evaluation.
    pub fn note(&self, line: &str) {
        let _ = self.open().and_then(|mut file| writeln!(file, "{line}"));
    }

    /// Last line of the latest process, if it wrote any.
    pub fn last_line(&self) -> Option<String> {
        let mut file = File::open(&self.path).ok()?;
        let length = file.metadata().ok()?.len();
        // The log may have been cut since.
        let begun = if self.begun > length { 0 } else { self.begun };
        let from = begun.max(length.saturating_sub(TAIL));
        file.seek(SeekFrom::Start(from)).ok()?;
        let mut tail = Vec::new();
        file.take(TAIL).read_to_end(&mut tail).ok()?;
        let tail = String::from_utf8_lossy(&tail);
        let lines = tail.split(['\n', '\r']).map(str::trim);
        { lines }.rfind(|line| !line.is_empty()).map(str::to_owned)
    }

    /// Cuts the log if it is too long.
    pub fn limit(&self) {
        self.limit_to(LIMIT);
    }

    fn limit_to(&self, limit: u64) {
        let length = std::fs::metadata(&self.path).map_or(0, |data| data.len());
        if length <= limit {
            return;
        }
        // A log that cannot be cut does not stop an evaluation. Processes continue at its new end.
        let cut = || -> io::Result<()> {
            let mut file = self.open()?;
            file.seek(SeekFrom::Start(length - limit / 2))?;
            let mut kept = Vec::new();
            { &file }.take(limit / 2).read_to_end(&mut kept)?;
            file.set_len(0)?;
            let whole = kept.iter().position(|b| *b == b'\n').map_or(0, |i| i + 1);
            writeln!(file, "ganas: the beginning of this log was cut off")?;
            file.write_all(&kept[whole..])
        };
        let _ = cut();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_of_the_latest_process() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = Log::new(folder.path(), 3);
        assert!(log.path().ends_with("worker-3.log"));
        log.begin().unwrap();
        assert_eq!(log.last_line(), None);
        log.note("Traceback:\n  ValueError: no card\n\n");
        assert_eq!(log.last_line().unwrap(), "ValueError: no card");
        log.begin().unwrap();
        assert_eq!(log.last_line(), None);
        log.note(&"x".repeat(10_000));
        assert!(log.last_line().unwrap().len() <= TAIL as usize);
    }

    #[test]
    fn a_log_keeps_its_later_half() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::new(folder.path(), 0);
        for i in 0..100 {
            log.note(&format!("line {i}"));
            log.limit_to(200);
            let text = std::fs::read_to_string(log.path()).unwrap();
            assert!(text.len() <= 200);
            assert!(text.ends_with(&format!("line {i}\n")));
        }
        let text = std::fs::read_to_string(log.path()).unwrap();
        assert!(text.starts_with("ganas: the beginning of this log was cut off\nline "));
    }
}
