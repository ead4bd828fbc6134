//! `ganas completions`: what a shell needs to complete commands.

use std::io::{self, Write};

use anyhow::Result;
use clap::Args;
use clap_complete::Shell;

use crate::End;
use crate::args::command;

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
/// If nobody reads what is written.
pub fn run(args: &CompletionsArgs) -> Result<End> {
    // Written at once, since the generator gives up where a pipe is closed.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), "ganas", &mut script);
    io::stdout().write_all(&script)?;
    Ok(End::Done)
}
