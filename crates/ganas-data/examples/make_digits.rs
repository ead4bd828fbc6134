//! Makes `data/digits.bin` of scikit-learn's `sklearn/datasets/data/digits.csv.gz`.
//!
//! usage: `cargo run -p ganas-data --example make_digits -- digits.csv.gz digits.bin`

use std::error::Error;
use std::fs::File;
use std::io::Write;

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::ZlibEncoder;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [source, target] = args.as_slice() else {
        return Err("usage: make_digits digits.csv.gz digits.bin".into());
    };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(MultiGzDecoder::new(File::open(source)?));
    let (mut labels, mut pixels) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let record = record?;
        let mut values = Vec::with_capacity(65);
        for field in &record {
            values.push(field.parse::<f64>()? as u8);
        }
        let [image @ .., label] = values.as_slice() else {
            return Err("an empty row".into());
        };
        if image.len() != 64 || image.iter().any(|&v| v > 16) || *label > 9 {
            return Err(
                format!("row {}: not 64 values of 0..=16 and a digit", labels.len()).into(),
            );
        }
        labels.push(*label);
        pixels.extend_from_slice(image);
    }
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&labels)?;
    encoder.write_all(&pixels)?;
    let bytes = encoder.finish()?;
    std::fs::write(target, &bytes)?;
    println!("{} images, {} bytes", labels.len(), bytes.len());
    Ok(())
}
