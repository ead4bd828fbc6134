//! Specifications from files that were damaged.

use std::fs;

use ganas_core::rng::Rng;
use ganas_study::spec::StudySpec;
use tempfile::TempDir;

const TOML: &str = "kind = \"search\"\nversion = 1\nspace = \"nasbench201\"\nqueries = 100\n\
                    constraints = [\"params <= 1e6\"]\nnoise = 0.5\nasync = true\n\
                    time_limit = \"1h30m\"\naugment = \"flip,pad=4\"\nwhere = \"r=224\"\n";

const SUITE: &str = "strategies = [\"random\"]\nseeds = 2\n[[task]]\nname = \"one\"\nqueries = 20\n\
                     space = \"nasbench201\"\ntable = \"$GANAS_DATA/x.csv\"\nobjective = \"a:max\"\n";

/// A text with some bytes removed, doubled or replaced.
fn damaged(text: &str, rng: &mut Rng) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..1 + rng.below(6) {
        let place = rng.below(bytes.len());
        match rng.below(4) {
            0 => {
                bytes.remove(place);
            }
            1 => bytes.insert(place, bytes[place]),
            2 => bytes[place] = rng.below(256) as u8,
            _ => bytes.truncate(place.max(1)),
        }
        if bytes.is_empty() {
            bytes.push(b'\n');
        }
    }
    bytes
}

#[test]
fn damaged_files_are_read_or_refused_in_one_line() {
    let folder = TempDir::new().unwrap();
    let json = {
        let file = folder.path().join("spec.toml");
        fs::write(&file, TOML).unwrap();
        let spec = StudySpec::read(&file).unwrap();
        serde_json::to_string_pretty(&spec).unwrap()
    };
    let mut rng = Rng::stream(0, "spec-files");
    let (mut read, mut refused) = (0, 0);
    for (text, ending) in [(TOML, "toml"), (SUITE, "toml"), (&*json, "json")] {
        for _ in 0..400 {
            let file = folder.path().join(format!("damaged.{ending}"));
            fs::write(&file, damaged(text, &mut rng)).unwrap();
            match StudySpec::read(&file) {
                // Whatever is read can be written, and read again.
                Ok(spec) => {
                    read += 1;
                    let value = spec.to_value().unwrap();
                    assert_eq!(StudySpec::from_value(value).unwrap(), spec);
                }
                Err(error) => {
                    refused += 1;
                    let line = error.to_string();
                    assert!(
                        line.contains("damaged.") || line.contains("GANAS_DATA"),
                        "{line}"
                    );
                }
            }
        }
    }
    assert!(read > 50 && refused > 500, "{read} read, {refused} refused");
}
