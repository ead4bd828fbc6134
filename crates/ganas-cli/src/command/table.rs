//! `ganas table`: compile, describe and query tables.

mod get;

use std::io::{self, BufRead, BufWriter, Write};
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use ganas_core::error::Error;
use ganas_core::space::SearchSpace;
use ganas_tables::{Ignored, Summary, Table};
use serde_json::{Map, Value, json};

use super::space::size;
use crate::end::End;
use crate::names;
use crate::registry::registry;
use crate::reporter::progress;
use crate::spec_args::SpecArgs;
use crate::terminal;
use ganas_study::files::unreadable;
use ganas_study::spec::ReadingSpec;
use ganas_study::task::named_space;
use get::GetArgs;

const EXAMPLES: &str = "\
Examples:
  ganas table get nasbench101 --explain
  ganas table import nasbench101.csv.gz --space nasbench101
  ganas table info nasbench201
  ganas table query measured.csv --space my-space.toml 'conv3;conv3;skip'
  ganas space sample nasbench201 -n 10 | ganas table query nasbench201 - --json";

/// Arguments of `ganas table`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct TableArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, Subcommand)]
enum Action {
    /// List public benchmarks, explain one, and fetch its file
    ///
    /// Without a name, the benchmarks are listed. A file is fetched by `curl` or `wget` and checked by its
    /// published digest. If it needs a browser or other tools, the steps are printed.
    Get(GetArgs),
    /// Compile a table into its fast form, and print where that is
    Import {
        #[command(flatten)]
        table: Named,
        /// File to write [default: one in the cache, which later commands find by themselves]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Describe a table and its columns
    Info {
        #[command(flatten)]
        table: Named,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the metrics of architectures
    ///
    /// An architecture of the space that the table does not have is shown with no metrics.
    Query {
        #[command(flatten)]
        table: Named,
        /// Architectures in the space's notation, or `-` to read them from standard input, a line
        /// each
        #[arg(required = true)]
        arch: Vec<String>,
        /// Print a JSON object a line
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Debug, Args)]
struct Named {
    /// Table: CSV, CSV.gz, Parquet, NAS-Bench-101's TFRecord, compiled, or `nasbench201`, which is built in
    #[arg(value_name = "FILE|NAME")]
    file: PathBuf,

    /// Search space of the table: a name that `ganas space list` shows, or a TOML file
    #[arg(long, value_name = "NAME|FILE", value_parser = names::spaces(), hide_possible_values = true)]
    space: Option<String>,

    #[command(flatten)]
    reading: SpecArgs<ReadingSpec>,

    /// Count isomorphic strings of edge cells, as those of nasbench201, and notations that differ only by
    /// ops without a layer, as one architecture with the mean of their values
    #[arg(long)]
    merge_isomorphic: bool,

    /// Show no progress
    #[arg(long)]
    quiet: bool,
}

impl Named {
    fn space(&self) -> Result<Box<dyn SearchSpace>> {
        let name = named_space(self.space.as_deref(), Some(&self.file))?;
        let space = registry().table_space(name, self.merge_isomorphic)?;
        Ok(self.reading.0.applied_to(space)?)
    }

    fn open(&self, space: &dyn SearchSpace) -> Result<Table> {
        let progress = progress(self.quiet || self.merge_isomorphic);
        Ok(self.reading.0.open(&self.file, space, &progress)?)
    }
}

/// Runs the command.
///
/// # Errors
/// If the table, the space or an architecture cannot be used.
pub fn run(args: &TableArgs) -> Result<End> {
    let mut out = BufWriter::new(terminal::stdout());
    match &args.action {
        Action::Get(args) => get::run(args, &mut out)?,
        Action::Import { table, out: file } => {
            let space = table.space()?;
            let progress = progress(table.quiet);
            let waiting = progress.waiting(format!("compiling {}", table.file.display()));
            if let Some(folder) = file.as_deref().filter(|f| f.is_dir()) {
                let error = Error::input("this is a folder").mend("name a file to write");
                return Err(error.in_file(folder).into());
            }
            let options = table.reading.0.import()?;
            let compiled = Table::compile(&table.file, &*space, &options, file.as_deref())
                .map_err(unreadable)?;
            drop(waiting);
            writeln!(out, "{}", compiled.display())?;
        }
        Action::Info { table, json } => {
            let space = table.space()?;
            let summary = table.open(&*space)?.summary();
            if *json {
                serde_json::to_writer_pretty(&mut out, &summary).map_err(io::Error::from)?;
                writeln!(out)?;
            } else {
                describe(&summary, &size(&*space), &mut out)?;
            }
        }
        Action::Query { table, arch, json } => {
            let space = table.space()?;
            let table = table.open(&*space)?;
            for text in arch {
                if text == "-" {
                    for (i, line) in io::stdin().lock().lines().enumerate() {
                        let line = line.context("cannot read standard input")?;
                        let place = format!("standard input, line {}", i + 1);
                        query(&table, &*space, line.trim(), &place, *json, &mut out)?;
                    }
                } else {
                    query(&table, &*space, text, &format!("`{text}`"), *json, &mut out)?;
                }
            }
        }
    }
    out.flush()?;
    Ok(End::Done)
}

/// Prints one architecture with its metrics.
fn query(
    table: &Table,
    space: &dyn SearchSpace,
    text: &str,
    place: &str,
    as_json: bool,
    out: &mut impl Write,
) -> Result<()> {
    let arch = (space.parse(text)).map_err(|what| {
        Error::input(format!("{place}: {what}"))
            .mend(format!("write it like `{}`", space.format(&table.arch(0))))
    })?;
    let row = table.find(&arch);
    let metrics = |row| {
        (table.columns().iter().enumerate()).map(move |(i, name)| (name, table.value(row, i)))
    };
    let arch = space.format(&arch);
    if as_json {
        let metrics = row.map(|row| {
            metrics(row)
                .map(|(name, value)| (name.clone(), json!(value)))
                .collect::<Map<String, Value>>()
        });
        writeln!(out, "{}", json!({ "arch": arch, "metrics": metrics }))?;
        return Ok(());
    }
    writeln!(out, "{arch}")?;
    match row {
        None => writeln!(out, "  not in the table")?,
        Some(row) => {
            let width = table.columns().iter().map(|c| c.len()).max().unwrap_or(0);
            for (name, value) in metrics(row) {
                writeln!(out, "  {name:width$}  {value}")?;
            }
        }
    }
    Ok(())
}

fn describe(summary: &Summary, of: &str, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "space           {}", summary.space)?;
    writeln!(out, "architectures   {} of {of}", summary.rows)?;
    if summary.folded_rows > 0 {
        writeln!(out, "folded rows     {}", summary.folded_rows)?;
    }
    writeln!(out, "digest          {}", summary.digest)?;
    if summary.merged_rows > 0 {
        writeln!(out, "merged rows     {}", summary.merged_rows)?;
    }
    for (i, column) in summary.ignored.iter().enumerate() {
        let title = match i {
            0 => "not metrics",
            _ => "",
        };
        writeln!(out, "{title:15} {}", not_a_metric(column))?;
    }
    let names = summary.columns.iter().map(|c| c.name.len());
    let width = names.max().unwrap_or(0).max("metric".len());
    let numbers = ["min", "mean", "max", "missing"];
    let [min, mean, max, missing] = numbers;
    writeln!(
        out,
        "\n{:width$}  {min:>14}  {mean:>14}  {max:>14}  {missing:>8}",
        "metric"
    )?;
    for column in &summary.columns {
        writeln!(
            out,
            "{:width$}  {:>14}  {:>14}  {:>14}  {:>8}",
            column.name,
            short(column.min),
            short(column.mean),
            short(column.max),
            column.missing
        )?;
    }
    Ok(())
}

/// A column that is not a metric, with the first of its cells that is not a number.
fn not_a_metric(column: &Ignored) -> String {
    let name = match column.name.as_str() {
        "" => "(no name)",
        name => name,
    };
    match &column.sample {
        Some((line, text)) => format!(
            "{name}: {} of {} cells are not numbers, the first on line {line}: `{text}`",
            column.texts,
            column.texts + column.numbers
        ),
        None => name.to_owned(),
    }
}

/// A number in at most seven significant digits.
fn short(value: f64) -> String {
    let digits = 6 - value.abs().max(1.0).log10().floor().clamp(0.0, 6.0) as usize;
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').into()
    } else {
        text
    }
}
