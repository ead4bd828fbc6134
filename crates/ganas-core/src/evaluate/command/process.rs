//! Process of a worker, and its output.

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

/// Time for a worker to exit when no more work is left.
const EXIT_TIMEOUT: Duration = Duration::from_secs(5);

/// Output of a process.
pub enum Printed {
    Line(Line),
    /// End of its standard output.
    End,
}

/// Output of a process of a worker.
pub struct Output {
    /// Index of the worker.
    pub worker: usize,
    /// Number of the process.
    pub process: u64,
    pub what: Printed,
}

/// Queue of output.
pub type Sender = SyncSender<Output>;

/// Process in a process group of its own. The group is killed when this is dropped.
pub struct Process {
    child: Child,
    input: Option<ChildStdin>,
}

impl Process {
    /// Starts a process of a worker; `number` is the number of the process.
    ///
    /// # Errors
    /// If the operating system refuses; the reason in words.
    pub fn start(
        words: &[OsString],
        index: usize,
        number: u64,
        log: Option<&mut Log>,
        sender: Sender,
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
        // From here on it is killed if something fails.
        let process = Process { child, input };
        if let Some(output) = output {
            let send = move |what| {
                let (worker, process) = (index, number);
                let output = Output {
                    worker,
                    process,
                    what,
                };
                sender.send(output).is_ok()
            };
            (thread::Builder::new())
                .spawn(move || read_all(output, log, &send))
                .map_err(|e| {
                    format!(
                        "no thread can be started for it ({e}); raise the limit of processes \
                         (`ulimit -u`, `pids.max` of a container), or give fewer `--workers`"
                    )
                })?;
        }
        Ok(process)
    }

    /// Process group.
    pub fn group(&self) -> u32 {
        self.child.id()
    }

    /// Sends a message.
    ///
    /// # Errors
    /// If the process does not read any more.
    pub fn send(&mut self, request: &Request) -> io::Result<()> {
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        match &mut self.input {
            Some(input) => input.write_all(&line),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Exit status, if it has exited.
    pub fn status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Exit status of a process that closed its output just now, and may take a moment to exit.
    pub fn exit_status(&mut self) -> Option<ExitStatus> {
        for _ in 0..20 {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) => thread::sleep(Duration::from_millis(5)),
                Err(_) => break,
            }
        }
        None
    }

    /// Sends the end of work.
    pub fn send_bye(&mut self) {
        // A process that has exited needs no message.
        let _ = self.send(&Request::Bye);
        self.input = None;
    }

    /// Waits for it to exit by itself, until a timeout.
    pub fn wait_for_exit(&mut self, since: Instant) {
        while since.elapsed() < EXIT_TIMEOUT && matches!(self.child.try_wait(), Ok(None)) {
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
            // Its children may be alive when it is not. If the group has exited, nothing is to be done.
            let _ = killpg(Pid::from_raw(self.child.id() as i32), Signal::SIGKILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends the output until its end, or until `send` returns false.
fn read_all(mut output: impl Read, mut log: Option<File>, send: &dyn Fn(Printed) -> bool) {
    let mut lines = Lines::default();
    let mut piece = [0; 1 << 13];
    loop {
        let found = match output.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => lines.push(&piece[..length]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        if !send_lines(found, &mut lines, &mut log, send) {
            return;
        }
    }
    let found = lines.end();
    if send_lines(found, &mut lines, &mut log, send) {
        send(Printed::End);
    }
}

fn send_lines(
    found: Vec<Line>,
    lines: &mut Lines,
    log: &mut Option<File>,
    send: &dyn Fn(Printed) -> bool,
) -> bool {
    let noise = lines.noise();
    if let Some(log) = log
        && !noise.is_empty()
    {
        // A log that cannot be written does not stop an evaluation.
        let _ = log.write_all(&noise);
    }
    found.into_iter().all(|line| send(Printed::Line(line)))
}
