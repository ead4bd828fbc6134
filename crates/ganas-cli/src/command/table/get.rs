//! `ganas table get`: public benchmarks, their files and the steps to use them.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use ganas_core::error::Error;
use ganas_study::benchmarks::{self, Benchmark, Download, obtain};
use ganas_tables::{Embedded, Import, Table};

use crate::registry::registry;
use crate::reporter::progress;

/// Arguments of `ganas table get`.
#[derive(Clone, Debug, Args)]
pub struct GetArgs {
    /// Benchmark, as the list shows it
    name: Option<String>,

    /// Folder for the file
    #[arg(long, value_name = "DIR", default_value = ".", requires = "name")]
    dir: PathBuf,

    /// Address to fetch the file from, such as a mirror; a published digest is checked all the same
    #[arg(long, value_name = "URL", requires = "name")]
    url: Option<String>,

    /// Fetch nothing, and print the facts and steps only
    #[arg(long, requires = "name", conflicts_with_all = ["dir", "url"])]
    explain: bool,

    /// Show no progress
    #[arg(long)]
    quiet: bool,
}

/// Runs the command.
///
/// # Errors
/// If there is no such benchmark, or its file cannot be fetched or is another one.
pub fn run(args: &GetArgs, out: &mut impl Write) -> Result<()> {
    let Some(name) = &args.name else {
        let all = benchmarks::all()?;
        let width = all.iter().map(|b| b.name.len()).max().unwrap_or(0);
        for Benchmark { name, content, .. } in &all {
            writeln!(out, "{name:width$}  {content}")?;
        }
        return Ok(());
    };
    let benchmark = benchmarks::find(name)?;
    write!(out, "{}", benchmark.text())?;
    if let Some(embedded) = Embedded::named(Path::new(name)) {
        write!(out, "\n{}", embedded.notice)?;
    }
    out.flush()?;
    match &benchmark.fetch {
        _ if args.explain => Ok(()),
        Some(download) => fetch(args, &benchmark, download, out),
        None if args.url.is_some() => Err(Error::input(format!(
            "`{name}` is not a single file that could be fetched"
        ))
        .mend("follow the steps above, and leave out `--url`")
        .into()),
        None => Ok(()),
    }
}

/// Fetches the file of a benchmark, and compiles it if ganas reads it as it is.
fn fetch(
    args: &GetArgs,
    benchmark: &Benchmark,
    download: &Download,
    out: &mut impl Write,
) -> Result<()> {
    let progress = progress(args.quiet);
    let url = args.url.as_ref().unwrap_or(&download.url);
    let waiting = progress.waiting(format!("fetching {url} (size: {})", benchmark.size));
    let expected = download.sha256.as_deref();
    let fetched = obtain(url, &args.dir, download.file(), expected)?;
    drop(waiting);
    let how = if fetched.was_there {
        "was there"
    } else {
        "fetched"
    };
    let verified = match expected {
        Some(_) => "as published",
        None => "no digest is published",
    };
    writeln!(out, "\n{how:9} {}", fetched.path.display())?;
    writeln!(out, "sha256    {} ({verified})", fetched.sha256)?;
    if let Some(space) = &download.space {
        let space = registry().table_space(space, false)?;
        let _waiting = progress.waiting(format!("compiling {}", fetched.path.display()));
        let compiled = Table::compile(&fetched.path, &*space, &Import::default(), None)?;
        writeln!(out, "compiled  {}", compiled.display())?;
    }
    Ok(())
}
