//! Benchmark tables that are part of the program.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Component, Path};

use flate2::read::ZlibDecoder;
use ganas_core::error::{Error, Result, nearest};
use ganas_core::space::SearchSpace;

use crate::csv;
use crate::import::Reading;
use crate::staged::Indexed;

/// Values are stored as whole multiples of this part of a percent: means of one, two or three accuracies
/// of 10,000 images.
pub const STEPS: f64 = 600.0;

/// Benchmark table that is part of the program.
#[derive(Debug, PartialEq, Eq)]
pub struct Embedded {
    /// Name of the table: `--table NAME` opens it.
    pub name: &'static str,
    /// Name of its space.
    pub space: &'static str,
    /// Its only metric.
    pub column: &'static str,
    /// Source and licence, which every copy of the program has to carry.
    pub notice: &'static str,
    /// Multiples of 1 / [`STEPS`], two little-endian bytes each, in the order in which the space enumerates
    /// its architectures; compressed with zlib.
    packed: &'static [u8],
}

/// The embedded tables; `data/NOTICE` names their sources and licences.
pub const EMBEDDED: [Embedded; 1] = [Embedded {
    name: "nasbench201",
    space: "nasbench201",
    column: "cifar10_test",
    notice: include_str!("../data/NOTICE"),
    packed: include_bytes!("../data/nasbench201.bin"),
}];

impl Embedded {
    /// Returns the embedded table that a table argument names. A path with a folder, such as
    /// `./nasbench201`, names a file.
    pub fn named(table: &Path) -> Option<&'static Embedded> {
        const { &EMBEDDED }
            .iter()
            .find(|e| e.name == table.as_os_str())
    }

    /// Returns the error about a misspelt name of an embedded table: there is no such file, and a name is
    /// near.
    pub fn misspelt(table: &Path) -> Option<Error> {
        let near = Embedded::near(table).filter(|_| !table.exists())?;
        let what = "there is no such file, and no table of the program has this name";
        let error = Error::input(what).mend(format!("did you mean `{near}`?"));
        Some(error.in_file(table))
    }

    fn near(table: &Path) -> Option<&'static str> {
        let mut parts = table.components();
        let (Some(Component::Normal(word)), None) = (parts.next(), parts.next()) else {
            return None;
        };
        let word = word.to_str().filter(|word| !word.contains('.'))?;
        nearest(word, const { &EMBEDDED }.iter().map(|e| e.name))
    }

    /// Checks that a folder has no file of the same name, which could be meant.
    ///
    /// # Errors
    /// If it has one.
    pub fn check_alone(&self, folder: &Path) -> Result<()> {
        let name = self.name;
        if !folder.join(name).is_file() {
            return Ok(());
        }
        Err(Error::input(format!(
            "`{name}` is a table of the program and also a file here"
        ))
        .mend(format!(
            "write `./{name}` for the file, or rename it to use the table of the program"
        )))
    }

    /// Reads the table, as any other is read.
    ///
    /// # Errors
    /// If a file of the same name is in this folder, or the space is another one.
    pub(crate) fn read(&self, space: &dyn SearchSpace, reading: &Reading) -> Result<Indexed> {
        self.check_alone(Path::new(""))?;
        if space.name() != self.space {
            let what = format!(
                "the table is of the space `{}`, not `{}`",
                self.space,
                space.name()
            );
            return Err(Error::input(what)
                .mend(format!("leave the space out, or name `{}`", self.space))
                .in_file(self.name));
        }
        let text = self.text()?;
        let staged = csv::read_from(text.as_bytes(), Path::new(self.name), space, reading)?;
        Ok(staged.indexed(reading.clone()))
    }

    /// Returns the table as CSV.
    ///
    /// # Errors
    /// If the program itself is damaged.
    pub fn text(&self) -> Result<String> {
        let damaged =
            |what: String| Error::bug(format!("the table `{}` is damaged ({what})", self.name));
        let mut bytes = Vec::new();
        ZlibDecoder::new(self.packed)
            .read_to_end(&mut bytes)
            .map_err(|e| damaged(e.to_string()))?;
        // Each row is the architecture itself, also where the search merges isomorphic ones.
        let space = ganas_core::space::load(self.space)?;
        let mut text = format!("arch,{}\n", self.column);
        let mut values = bytes.chunks_exact(2);
        let mut missing = false;
        space.enumerate(&mut |arch| {
            let Some(value) = values.next() else {
                missing = true;
                return;
            };
            let steps = u16::from_le_bytes([value[0], value[1]]);
            let line = writeln!(
                text,
                "{},{:.6}",
                space.format(&arch),
                f64::from(steps) / STEPS
            );
            line.expect("a string can be written");
        })?;
        if missing || values.len() > 0 {
            return Err(damaged("it has another number of rows".into()));
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_exact_and_near_ones_are_found() {
        let name = |text: &str| Embedded::named(Path::new(text)).map(|e| e.name);
        assert_eq!(name("nasbench201"), Some("nasbench201"));
        for other in [
            "./nasbench201",
            "a/nasbench201",
            "nasbench201.csv",
            "nasbench201/",
        ] {
            assert_eq!(name(other), None, "{other}");
        }
        assert_eq!(Embedded::near(Path::new("nasbench21")), Some("nasbench201"));
        for other in ["nasbench21.csv", "./nasbench21", "measured", ""] {
            assert_eq!(Embedded::near(Path::new(other)), None, "{other}");
        }
    }

    #[test]
    fn the_table_is_the_published_one() {
        let text = EMBEDDED[0].text().unwrap();
        let rows: Vec<(&str, f64)> = (text.lines().skip(1))
            .map(|line| line.rsplit_once(',').unwrap())
            .map(|(arch, value)| (arch, value.parse().unwrap()))
            .collect();
        assert_eq!(rows.len(), 15_625);
        let best = rows.iter().map(|row| row.1).fold(0.0, f64::max);
        assert_eq!(best, 94.373333);
        let optima: Vec<&str> = (rows.iter())
            .filter(|row| row.1 == best)
            .map(|row| row.0)
            .collect();
        let start = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0";
        assert_eq!(
            optima,
            [
                format!("{start}|nor_conv_1x1~1|nor_conv_3x3~2|"),
                format!("{start}|nor_conv_3x3~1|nor_conv_1x1~2|")
            ]
        );
    }
}
