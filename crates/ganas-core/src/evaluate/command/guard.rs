//! Ends the processes of workers when this process is gone, however it ended.
//!
//! A shell waits at the end of a pipe that only this process holds, so that even `kill -9` is noticed.
//! It then kills the process groups that were registered, and with them what the workers started.

use std::io::{self, Write};
use std::process::{Child, Command, Stdio};

/// Keeps the groups of its input, and kills them at the end of it. Signals of a terminal are for the
/// search, which ends the workers itself.
const SCRIPT: &str = r#"
trap '' HUP INT QUIT TERM
groups=
while read -r verb group; do
    left=
    for known in $groups; do
        [ "$known" = "$group" ] || left="$left $known"
    done
    groups=$left
    [ "$verb" = add ] && groups="$groups $group"
done
for group in $groups; do
    kill -KILL "-$group" 2>/dev/null
done
"#;

/// The shell, and the groups that it knows of.
#[derive(Default)]
pub struct Guard {
    shell: Option<Child>,
    groups: Vec<u32>,
}

impl Guard {
    /// Kills a process group when this process ends, until it is [released](Self::release).
    ///
    /// # Errors
    /// If no shell can be started.
    pub fn add(&mut self, group: u32) -> io::Result<()> {
        self.groups.push(group);
        if self.say("add", group).is_err() {
            self.start()?;
        }
        Ok(())
    }

    /// The process group has been ended.
    pub fn release(&mut self, group: u32) {
        self.groups.retain(|known| *known != group);
        // A shell that is gone kills nothing.
        let _ = self.say("release", group);
    }

    fn say(&mut self, verb: &str, group: u32) -> io::Result<()> {
        let input = self.shell.as_mut().and_then(|shell| shell.stdin.as_mut());
        let input = input.ok_or(io::ErrorKind::NotConnected)?;
        input.write_all(format!("{verb} {group}\n").as_bytes())
    }

    /// Starts a shell that knows all groups.
    fn start(&mut self) -> io::Result<()> {
        if cfg!(not(unix)) {
            // There are neither process groups nor a shell.
            return Ok(());
        }
        self.stop();
        let mut command = Command::new("sh");
        command
            .args(["-c", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // Signals to the group of this process must not reach it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        self.shell = Some(command.spawn()?);
        (self.groups.clone().into_iter()).try_for_each(|group| self.say("add", group))
    }

    fn stop(&mut self) {
        if let Some(mut shell) = self.shell.take() {
            drop(shell.stdin.take());
            // It ends with its input.
            let _ = shell.wait();
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.stop();
    }
}
