//! One search.

use std::path::PathBuf;

use crate::duration::parse;
use crate::spec;
use crate::spec::field::Offer;
use crate::spec::task::TaskSpec;

spec! {
    /// A search: a strategy with a seed on a task.
    pub struct SearchSpec {
        /// Search strategy, with a preset if it is written as STRATEGY:PRESET
        strategy: String = "ga-nas".into() => |field| {
            field.value("STRATEGY").offers(Offer::Strategies)
        };
        /// Preset of the strategy
        preset: Option<String> => |field| field.value("PRESET").offers(Offer::Presets);
        /// Setting of the strategy that replaces the preset's, as `batch=8`; can be given several times
        ///
        /// The keys are those under `settings` in any result. A setting that has no effect without another
        /// one is refused, and the error names that one.
        set: Vec<String> => |field| field.value("KEY=VALUE");
        /// Distinct architectures to evaluate [default: 300; 120 where they are trained]
        queries: Option<usize> => |field| field.value("N");
        /// Cost to spend, in units of `--fidelity` such as epochs; going on with an architecture costs only the
        /// rest [default: any]
        ///
        /// The number of queries is then only limited if `--queries` is given, too.
        cost: Option<usize> => |field| field.value("N");
        /// Seed of all random streams
        seed: u64 => |field| field.value("N");
        /// CSV file of evaluations that are known, plain or compressed with gzip: the objective, and `arch`
        /// or the columns that tables of the space have in its place, as in the `evaluations.csv` of a run;
        /// they are not charged as queries
        history: Option<PathBuf> => |field| field.value("FILE.csv");
        /// Ask for the next architectures as soon as a worker would be idle, instead of in rounds; the
        /// trace then depends on which evaluations finish first
        asynchronous @ "async": bool => |field| field;
        /// Stop if the first N evaluations all fail, or later 4 N in a row fail for the same reason; 0 never
        /// stops
        ///
        /// The exit code is then 3. Mend the cause, and `ganas resume DIR --retry-failed` continues.
        /// Architectures that a table or a surrogate lacks never stop a search.
        max_failures: usize = 5 => |field| field.value("N");
        /// Time that the search may take, as `90s`, `45m`, `12h` or `1h30m`; `ganas resume` continues with a
        /// longer one [default: any]
        ///
        /// Evaluations that are running at the limit are abandoned, and made again if the search is resumed. Where
        /// networks are trained, the last training of the best one follows after the limit.
        time_limit: Option<String> => |field| field.value("DURATION").checked(|text| parse(text).map(drop));
        /// Epochs in which the best network is trained once more, on all images that are not for test
        /// [default: those of a candidate; 40 on the digits]
        winner_epochs: Option<usize> => |field| field.value("N").heading("Training");
        /// Folder for the settings, every evaluation and the result, from which `ganas resume` continues
        /// [default: none; runs/DATASET-N where networks are trained]
        out: Option<PathBuf> => |field| field.value("DIR");
        /// The least seconds between two checkpoints of the run in its folder
        checkpoint: f64 = 1.0 => |field| field.value("SECONDS");
        /// List the K best architectures in the result, with their rows in the table's file
        top: usize => |field| field.value("K");
        /// Write scalars for TensorBoard into the folder of the run, and the same as CSV
        tensorboard: bool => |field| field;
        ..task: TaskSpec;
    }
}
