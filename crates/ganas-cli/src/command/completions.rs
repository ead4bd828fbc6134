//! `ganas completions`: what a shell needs to complete commands.

use std::io::{self, Write};

use anyhow::Result;
use clap::Args;
use clap_complete::Shell;
use ganas_core::space::NAMES;

use crate::end::End;

const EXAMPLES: &str = "\
Examples:
  ganas completions bash > ~/.local/share/bash-completion/completions/ganas
  ganas completions zsh > ~/.zfunc/_ganas
  ganas completions fish > ~/.config/fish/completions/ganas.fish";

/// Arguments of `ganas completions`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CompletionsArgs {
    /// Shell
    shell: Shell,
}

/// Runs the command.
///
/// # Errors
/// If standard output cannot be written.
pub fn run(args: &CompletionsArgs, mut command: clap::Command) -> Result<End> {
    // Written at once, since the generator gives up where a pipe is closed.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "ganas", &mut script);
    let script = with_files(&String::from_utf8_lossy(&script));
    io::stdout().write_all(script.as_bytes())?;
    Ok(End::Done)
}

/// The script that offers files beside the names of spaces, which may be either.
fn with_files(script: &str) -> String {
    let names = NAMES.join(" ");
    script
        // bash
        .replace(
            &format!("compgen -W \"{names}\""),
            &format!("compgen -f -W \"{names}\""),
        )
        // zsh
        .replace(
            &format!(":({names})"),
            &format!(":{{compadd -- {names}; _files}}"),
        )
        // fish
        .replace(
            &format!("-r -f -a \"{}", NAMES[0]),
            &format!("-r -F -a \"{}", NAMES[0]),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(shell: Shell) -> String {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut crate::args::command(), "ganas", &mut script);
        with_files(&String::from_utf8(script).unwrap())
    }

    /// The lines of an option's completion.
    #[track_caller]
    fn offers(script: &str, option: &str, words: &[&str]) {
        let mut lines = script.lines();
        let found = std::iter::from_fn(|| {
            lines.find(|line| line.contains(option))?;
            Some(lines.clone().next().unwrap_or_default().to_owned())
        });
        let same: Vec<String> = script
            .lines()
            .filter(|line| line.contains(option))
            .map(str::to_owned)
            .collect();
        let near: Vec<String> = found.chain(same).collect();
        let complete = |line: &&String| words.iter().all(|word| line.contains(word));
        assert!(
            near.iter().any(|line| complete(&line)),
            "{option}: {near:#?}"
        );
    }

    #[test]
    fn names_are_offered_and_files_beside_those_of_spaces() {
        let bash = script(Shell::Bash);
        offers(&bash, "--strategy)", &["compgen -W", "ga-nas", "tpe"]);
        offers(&bash, "--strategies)", &["compgen -W", "ga-nas", "tpe"]);
        offers(
            &bash,
            "--preset)",
            &["compgen -W", "default", "paper-setup1"],
        );
        offers(
            &bash,
            "--space)",
            &["compgen -f -W", "nasbench201", "darts"],
        );
        let zsh = script(Shell::Zsh);
        offers(&zsh, "--strategy=", &["(ga-nas random"]);
        offers(&zsh, "--space=", &["{compadd -- nasbench101", "; _files}"]);
        let fish = script(Shell::Fish);
        offers(&fish, "-l strategy", &["-r -f -a", "ga-nas"]);
        offers(&fish, "-l space", &["-F -a", "nasbench101"]);
    }
}
