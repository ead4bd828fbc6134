//! One process of a worker, and what it prints.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::{Duration, Instant};

use super::lines::{Line, Lines};
use super::log::Log;
use super::protocol::Request;

/// How long a worker may take to end when there is no more work.
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
    ///
    /// # Errors
    /// What the operating system refuses, in words.
    pub fn start(
        words: &[OsString],
        index: usize,
        life: u64,
        log: Option<&mut Log>,
        ear: Ear,
    ) -> Result<Process, String> {
        let name = words[0].to_string_lossy();
        let refused = |e: io::Error| format!("`{name}` cannot be started ({e})");
        let (errors, log) = match log {
            Some(log) => (log.begin().map_err(refused)?, log.open().ok()),
            None => (Stdio::null(), None),
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
        let mut child = command.spawn().map_err(refused)?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        // From here on it is killed should anything fail.
        let process = Process { child, input };
        if let Some(output) = output {
            let tell = move |heard| ear.send((index, life, heard)).is_ok();
            (thread::Builder::new())
                .spawn(move || listen(output, log, &tell))
                .map_err(|e| {
                    format!(
                        "no thread can be started for it ({e}); raise the limit of processes \
                         (`ulimit -u`, `pids.max` of a container), or give fewer `--workers`"
                    )
                })?;
        }
        Ok(process)
    }

    /// Its process group.
    pub fn group(&self) -> u32 {
        self.child.id()
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
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// The same of a process that closed its output just now, and may take a moment to end.
    pub fn fate(&mut self) -> Option<ExitStatus> {
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

    /// Waits a while for it to end by itself.
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

/// Passes on what is in the output until its end, or until nobody hears; `tell` says whether somebody
/// does.
fn listen(mut output: impl Read, mut log: Option<File>, tell: &dyn Fn(Heard) -> bool) {
    let mut lines = Lines::default();
    let mut piece = [0; 1 << 13];
    loop {
        let found = match output.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => lines.push(&piece[..length]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        if !pass_on(found, &mut lines, &mut log, tell) {
            return;
        }
    }
    let found = lines.end();
    if pass_on(found, &mut lines, &mut log, tell) {
        tell(Heard::Ended);
    }
}

fn pass_on(
    found: Vec<Line>,
    lines: &mut Lines,
    log: &mut Option<File>,
    tell: &dyn Fn(Heard) -> bool,
) -> bool {
    let noise = lines.noise();
    if let Some(log) = log
        && !noise.is_empty()
    {
        // A log that cannot be written stops no evaluation.
        let _ = log.write_all(&noise);
    }
    found.into_iter().all(|line| tell(Heard::Line(line)))
}
