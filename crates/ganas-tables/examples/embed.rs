//! Makes `data/nasbench201.bin` of a CSV file (plain or gzip) with the columns `arch` and `cifar10_test`.
//!
//! usage: `cargo run -p ganas-tables --example embed -- nasbench201_cifar10.csv.gz nasbench201.bin`

use std::error::Error;
use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use ganas_tables::embedded::{EMBEDDED, STEPS};
use ganas_tables::{Import, Table};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [source, target] = args.as_slice() else {
        return Err("usage: embed nasbench201_cifar10.csv.gz nasbench201.bin".into());
    };
    let [embedded] = &EMBEDDED;
    let space = ganas_core::space::load(embedded.space)?;
    let table = Table::open_with(source, &*space, &Import::default())?;
    let column = table.column(embedded.column)?;
    let (mut bytes, mut fault) = (Vec::new(), None);
    space.enumerate(&mut |arch| {
        let value = table
            .find(&arch)
            .map_or(f64::NAN, |row| table.value(row, column));
        let steps = (value * STEPS).round();
        let exact = format!("{:.6}", steps / STEPS).parse() == Ok(value);
        if !exact || steps > f64::from(u16::MAX) {
            fault = Some(format!("{}: {value} cannot be stored", space.format(&arch)));
        }
        bytes.extend((steps as u16).to_le_bytes());
    })?;
    if let Some(fault) = fault {
        return Err(fault.into());
    }
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&bytes)?;
    let packed = encoder.finish()?;
    std::fs::write(target, &packed)?;
    println!("{} values, {} bytes", bytes.len() / 2, packed.len());
    Ok(())
}
