//! Kills the processes of workers when this process has exited for any reason.
//!
//! A shell waits for the end of a pipe that only this process holds, so that even `kill -9` is noticed.
//! Then it kills the registered process groups, and with them the children of the workers.

use std::io::{self, Write};
use std::process::{Child, Command, Stdio};

/// Shell script that keeps the groups of its input, and kills them at its end. Signals of a terminal
/// are for the search, which stops the workers itself.
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

/// The shell, and the registered groups.
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
        if self.send("add", group).is_err() {
            self.start()?;
        }
        Ok(())
    }

    /// Removes a process group, which has exited.
    pub fn release(&mut self, group: u32) {
        self.groups.retain(|known| *known != group);
        // A shell that has exited kills nothing.
        let _ = self.send("release", group);
    }

    fn send(&mut self, verb: &str, group: u32) -> io::Result<()> {
        let input = self.shell.as_mut().and_then(|shell| shell.stdin.as_mut());
        let input = input.ok_or(io::ErrorKind::NotConnected)?;
        input.write_all(format!("{verb} {group}\n").as_bytes())
    }

    /// Starts a shell with all groups.
    fn start(&mut self) -> io::Result<()> {
        if cfg!(not(unix)) {
            // Without process groups and a shell there is no guard.
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
        (self.groups.clone().into_iter()).try_for_each(|group| self.send("add", group))
    }

    fn stop(&mut self) {
        if let Some(mut shell) = self.shell.take() {
            drop(shell.stdin.take());
            // It exits at the end of its input.
            let _ = shell.wait();
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.stop();
    }
}
