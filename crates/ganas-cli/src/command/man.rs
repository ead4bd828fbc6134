//! `ganas man`: the manual.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use clap_mangen::Man;

use crate::end::End;

const EXAMPLES: &str = "\
Examples:
  ganas man | man -l -
  ganas man --out ~/.local/share/man/man1";

/// Arguments of `ganas man`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ManArgs {
    /// Folder for the pages of all commands [default: print the first page]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// If the pages cannot be written.
pub fn run(args: &ManArgs, command: clap::Command) -> Result<End> {
    match &args.out {
        Some(folder) => {
            let write = || {
                fs::create_dir_all(folder)?;
                clap_mangen::generate_to(command, folder)
            };
            write().with_context(|| format!("cannot write into {}", folder.display()))?;
        }
        None => {
            let mut page = Vec::new();
            Man::new(command).render(&mut page)?;
            io::stdout().write_all(&page)?;
        }
    }
    Ok(End::Done)
}
