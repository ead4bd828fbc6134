//! One process of a worker, and what it says.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::{Duration, Instant};

use super::protocol::{LONGEST, Line, Request};

/// How long a worker may take to go when there is no more work.
const FAREWELL: Duration = Duration::from_secs(5);

/// What comes from a process.
pub enum Heard {
    Line(Line),
    /// It closed its standard output.
    Ended,
}

/// Where it goes: the worker's index, the number of its process, and what was heard.
pub type Ear = SyncSender<(usize, u64, Heard)>;

/// A process, in a process group of its own. It is killed with the group when this is dropped.
pub struct Process {
    child: Child,
    input: Option<ChildStdin>,
}

impl Process {
    /// Starts a worker's process; `life` numbers the processes.
    pub fn start(
        words: &[OsString],
        index: usize,
        life: u64,
        log: Option<&Path>,
        ear: Ear,
    ) -> io::Result<Process> {
        let errors = match log {
            Some(path) => {
                let file = OpenOptions::new().append(true).create(true).open(path)?;
                Stdio::from(file)
            }
            None => Stdio::null(),
        };
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .env("GANAS_WORKER", index.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors);
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn()?;
        let input = child.stdin.take();
        if let Some(output) = child.stdout.take() {
            let log = log.and_then(|path| OpenOptions::new().append(true).open(path).ok());
            thread::spawn(move || {
                listen(output, log, &|heard| ear.send((index, life, heard)).is_ok())
            });
        }
        Ok(Process { child, input })
    }

    /// Says something to it.
    ///
    /// # Errors
    /// If it does not listen any more.
    pub fn say(&mut self, request: &Request) -> io::Result<()> {
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        match &mut self.input {
            Some(input) => input.write_all(&line),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// How it ended, if it has.
    pub fn fate(&mut self) -> Option<ExitStatus> {
        // It closed its output just now, and may take a moment to go.
        for _ in 0..20 {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) => thread::sleep(Duration::from_millis(5)),
                Err(_) => break,
            }
        }
        None
    }

    /// Tells it that there is no more work.
    pub fn dismiss(&mut self) {
        // If it is gone, so much the better.
        let _ = self.say(&Request::Bye);
        self.input = None;
    }

    /// Waits a while for it to go by itself.
    pub fn leave(&mut self, since: Instant) {
        while since.elapsed() < FAREWELL && matches!(self.child.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        #[cfg(unix)]
        {
            use nix::sys::signal::{Signal, killpg};
            use nix::unistd::Pid;
            // What it started may be alive when it is not; if all is gone, there is nothing to do.
            let _ = killpg(Pid::from_raw(self.child.id() as i32), Signal::SIGKILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Passes on every line until the end, or until nobody hears; `tell` says whether somebody does.
fn listen(output: ChildStdout, mut log: Option<File>, tell: &dyn Fn(Heard) -> bool) {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = (&mut output)
            .take(LONGEST as u64)
            .read_until(b'\n', &mut line);
        let heard = match read {
            Ok(0) | Err(_) => break,
            Ok(LONGEST) if !line.ends_with(b"\n") => {
                Line::Broken(format!("it said a line of more than {LONGEST} bytes"))
            }
            Ok(_) => Line::of(&line),
        };
        if let (Line::Noise(_), Some(log)) = (&heard, &mut log) {
            // A log that cannot be written stops no evaluation.
            let _ = log.write_all(&line);
        }
        if !tell(Heard::Line(heard)) {
            return;
        }
    }
    tell(Heard::Ended);
}
