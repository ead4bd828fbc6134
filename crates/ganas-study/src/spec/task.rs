//! The task of a search: what is searched, by which measure, and within which bounds.

use std::path::PathBuf;

use ganas_core::error::Result;

use crate::direction::ObjectiveSpec;
use crate::spec;
use crate::spec::field::Offer;
use crate::spec::training::{DeviceSpec, ImagesSpec, TrainingSpec};
use crate::spec::workers::WorkersSpec;

spec! {
    /// Task of a search or benchmark.
    pub struct TaskSpec {
        /// Search space: a name that `ganas space list` shows, or a TOML file
        /// [default: nasbench201, where networks are trained or its table is searched]
        space: Option<String> => |field| field.value("NAME|FILE").offers(Offer::Spaces);
        /// Table of evaluated architectures: a file (CSV, CSV.gz, Parquet, NAS-Bench-101's TFRecord), or
        /// `nasbench201`, which is built in; docs/tables.md says what is read
        table: Option<PathBuf> => |field| field.value("FILE|NAME");
        /// Train every candidate on a dataset: digits (built in), or a folder with CIFAR-10, CIFAR-100,
        /// files of the MNIST family, or a sub-folder of images for each class
        train: Option<String> => |field| field.value("DATASET");
        /// Score candidates by the shared weights that `ganas supernet train` left in a folder
        supernet: Option<PathBuf> => |field| field.value("DIR");
        /// Score candidates by the models that `ganas surrogate fit` wrote, or by those that a TOML file
        /// describes
        surrogate: Option<PathBuf> => |field| field.value("FILE");
        /// Evaluate candidates by an evaluator that was registered in Rust
        evaluator: Option<String> => |field| field.value("NAME");
        /// Metric to search for, as NAME, NAME:min or NAME:max: a column of the table, by default its only
        /// one; accuracy (the default) or loss of networks; can be given several times, for the front of
        /// several objectives
        ///
        /// Without a direction, `loss` is minimised and every other metric is maximised, wherever it comes
        /// from. A line on standard error says which way it goes. With several objectives the result is
        /// the front: all architectures that no other one beats in every objective. NAME:min:log
        /// measures an objective on a logarithmic scale.
        /// With `--supernet`, loss orders architectures better than accuracy, the more so the fewer the
        /// images are.
        objective: Vec<String> => |field| field.value("METRIC");
        /// Cost axis, as NAME=MIN..MAX: a trial is evaluated at one of these levels, such as a number of epochs
        ///
        /// In a table, the objective is then a template for the columns: `--objective "val_e{epochs}"
        /// --fidelity epochs=1..100` searches by `val_e1` to `val_e100`. Strategies for one fidelity run at
        /// the highest level. Results are ranked by the objective there.
        fidelity: Option<String> => |field| field.value("NAME=MIN..MAX");
        /// Reference point of the hypervolume, as NAME=VALUE for an objective; can be given several times
        ///
        /// Only architectures that are better than it in every objective add to the hypervolume. The
        /// default is, with a table, the value that 95 % of the compliant rows are at least as good as,
        /// and otherwise the worst value of the first 20 compliant evaluations.
        reference: Vec<String> => |field| field.value("NAME=VALUE");
        /// Results of another task on the same space, from which the search starts: a table or the folder of a
        /// run, as FILE, FILE:COLUMN or FILE:COLUMN:min; can be given several times
        ///
        /// How much each is worth is learned from the evaluations, so that one that misleads is soon
        /// disregarded. Without a column it is that of the objective. Without a direction it is that
        /// of the objective, too, unless the name of only one of both suggests that less is better.
        /// With several objectives, FILE tells of each that has a column of its name, and
        /// FILE:COLUMN=OBJECTIVE of one.
        prior: Vec<String> => |field| field.value("FILE[:COLUMN]");
        /// Networks that `ganas pretrain` wrote, from which the presets of `ga-nas` with networks start:
        /// paper-setup1, paper-setup2, paper-learned and adversarial
        pretrained: Option<PathBuf> => |field| field.value("FILE");
        /// Metric that costs nothing, and that strategies may look at before an evaluation: a column of the table,
        /// FILE:COLUMN, or with `--train` a zero-cost proxy, nwot, synflow, jacov, snip, grad-norm or zen, which
        /// is computed before the search; can be given several times
        ///
        /// Its direction and worth are learned from the evaluations. Proxies are computed for 300 random
        /// architectures, and a model that is fitted to them stands in for the rest.
        known: Vec<String> => |field| field.value("NAME");
        /// CSV file with costs of ops, such as measured latencies, that add up over an architecture: the
        /// columns `op`, `place` and one for each cost
        ///
        /// The costs are known before an evaluation, and can be objectives or bounds. A row without a place
        /// holds for all places without a row of their own; places count from 1.
        cost_table: Option<PathBuf> => |field| field.value("FILE.csv");
        /// Condition on a metric that declares an evaluation failed, as in `edgetpu_latency < 0`; can be
        /// given several times
        failed: Vec<String> => |field| field.value("EXPR");
        /// Stop trainings whose predicted end is unlikely to be the best; PROBABILITY is the most with which one
        /// that is stopped would have been, such as 0.05
        ///
        /// The end is predicted from the learning curves of earlier trainings, so it needs `--fidelity`, and an
        /// evaluator that reports values on the way. What was stopped costs only what it was trained for.
        stop_early: Option<f64> => |field| field.value("PROBABILITY").requires("fidelity");
        /// Column of the table to report the best architecture's value and rank in, too
        report: Option<String> => |field| field.value("COLUMN");
        /// Re-evaluate the N best that the search found in the column of `--report`, and report the
        /// best of them there; each takes one of the queries
        reevaluate: Option<usize> => |field| field.value("N").requires("report");
        /// Standard deviation of Gaussian noise that is added to the first objective from a table, drawn
        /// anew for each evaluation
        ///
        /// The value that is reported of the best architecture is without noise.
        noise: Option<f64> => |field| field.value("SIGMA").requires("table");
        /// Networks that are trained or scored at once, or workers of `--command`; results do not depend
        /// on their number [default: one a core, at most 4 on a graphics card; 1 worker]
        workers: Option<usize> => |field| field.value("N");
        /// Place of the supernet's dataset now [default: where it was]
        data: Option<String> => |field| field.value("DATASET").requires("supernet");
        /// Validation images that the supernet scores by [default: all]
        images: Option<usize> => |field| field.value("N").requires("supernet");
        /// Program that the search is embedded in, and that evaluates
        caller: Option<String> => |field| field.value("PROGRAM").hidden();
        /// Further metric that workers of `--command` send, to be kept in the journal and in
        /// `evaluations.csv`; can be given several times
        ///
        /// The objective and what constraints are about are kept anyway. A cost of the space, such as
        /// `params`, is what workers send of it if it is named here.
        metrics: Vec<String> => |field| field.value("METRIC").option("metric").heading("Workers");
        /// Architecture to evaluate first, in the space's notation or by its name; can be given several
        /// times [default: `start` in the space file]
        start: Vec<String> => |field| field.value("ARCH");
        /// Bound on a metric, as in `params <= 5.3e6`; can be given several times
        ///
        /// `params <= @start` compares with the first start, `0.9*@resnet` with an architecture
        /// that has a name. Columns of the table and the space's own costs are metrics; where both have a
        /// name, the column counts. Architectures that break a bound on a cost of the space are never
        /// evaluated; those that break another bound are evaluated, but never count as found.
        constraints: Vec<String> => |field| field.value("EXPR").option("constraint");
        /// Distribution of random architectures: uniform or adjacency [default: the space's first]
        sampler: Option<String> => |field| field.value("SAMPLER");
        /// Search for the smallest value instead of the largest, as `--objective NAME:min` does
        minimize: bool => |field| field;
        /// Stop once the objective is at least as good as this; `best` is the best that the table holds
        /// within the constraints
        target: Option<String> => |field| field.value("VALUE|best").negative();
        /// Count isomorphic strings of edge cells, as those of nasbench201, as one architecture
        ///
        /// Of the ops, `none` carries nothing and `skip_connect` passes on what it gets. Its value is the
        /// mean over the table's rows of the class.
        merge_isomorphic: bool => |field| field;
        /// Evaluate each notation by itself, even where networks are the same
        ///
        /// Where networks are trained, those that differ only by ops without a layer are one
        /// architecture: by `absent` and `identity` in the space file, and with `--train` by `none`,
        /// `skip_connect` and `identity`. The rows of a table are apart anyway.
        keep_apart: bool => |field| field;
        ..reading: ReadingSpec;
        ..worker: WorkersSpec;
        ..training: TrainingSpec;
        ..split: ImagesSpec;
        ..device: DeviceSpec;
    }
}

impl TaskSpec {
    /// The objectives that are named.
    ///
    /// # Errors
    /// If one cannot be read.
    pub fn objective_specs(&self) -> Result<Vec<ObjectiveSpec>> {
        let read = |text: &String| ObjectiveSpec::parse(text, self.minimize);
        self.objective.iter().map(read).collect()
    }
}

spec! {
    /// Options by which tables and histories are read.
    pub struct ReadingSpec {
        /// Rows of the table to read, as `r=224`: those with this value in the column; can be given
        /// several times, for rows that meet all of them
        filters @ "where": Vec<String> => |field| field.value("COLUMN=VALUE").heading("Table");
        /// Meaning of rows of one architecture with different values: `mean` takes each metric's mean,
        /// `first` the first row, `error` refuses the table
        ///
        /// The default is `error`. Where the table's space has several notations of one architecture, as
        /// mobile spaces and DARTS do, the default is `mean`, but a table is refused if another column, such as
        /// a resolution or a number of epochs, differs between such rows.
        duplicates: Option<String> => |field| field.value("mean|first|error").heading("Table");
        /// Column of the table with the architecture [default: `arch`, the parts of the space's notation,
        /// `arch_str`, `architecture` or `genotype`]
        arch_column: Option<String> => |field| field.value("COLUMN").heading("Table");
        /// Take numbers between the values of the space as the nearest value, in tables, histories and
        /// `--start` alike; without it they are refused
        snap: bool => |field| field.heading("Table");
    }
}
