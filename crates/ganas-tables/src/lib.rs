//! Benchmark tables: published measurements of architectures, ready to be searched.
//!
//! A table is read once from CSV, CSV.gz, Parquet or NAS-Bench-101's TFRecord. It is compiled into one
//! block of bytes with an index over canonical architectures, and memory-mapped from then on.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use ganas_core::space::{SearchSpace, from_toml};
//! use ganas_tables::{Import, Table};
//!
//! let space = from_toml("name = 's'\nkind = 'chain'\nlength = 2\nops = ['a', 'b']")?;
//! let folder = tempfile::tempdir()?;
//! let file = folder.path().join("table.csv");
//! std::fs::write(&file, "arch,accuracy\na;a,0.5\na;b,0.75\n")?;
//!
//! let import = Import { cache: Some(folder.path().into()), ..Import::default() };
//! let table = Table::open_with(&file, &*space, &import)?;
//! let accuracy = table.column("accuracy")?;
//! let row = table.find(&space.parse("a;b")?).unwrap();
//! assert_eq!(table.value(row, accuracy), 0.75);
//! # Ok(())
//! # }
//! ```

mod builder;
mod cache;
mod cell;
mod codec;
mod columns;
mod csv;
pub mod embedded;
mod evaluator;
mod filter;
mod format;
mod import;
mod kind;
mod levels;
mod map;
mod open;
#[cfg(feature = "parquet")]
mod parquet;
mod pool;
#[cfg(feature = "parquet")]
mod quiet;
mod ranking;
mod repeats;
mod source;
mod staged;
mod summary;
mod table;
mod text;
mod tfrecord;

pub use cache::{EXTENSION, default_folder};
pub use columns::ArchColumns;
pub use embedded::{EMBEDDED, Embedded};
pub use evaluator::TableEvaluator;
pub use import::{Filter, Import};
pub use levels::{Levels, Missing, level_in_braces, name_at};
pub use ranking::Ranking;
pub use source::SourceRow;
pub use staged::Ignored;
pub use summary::{ColumnSummary, Summary};
pub use table::Table;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
