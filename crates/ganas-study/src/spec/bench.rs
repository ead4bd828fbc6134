//! Benchmarks of strategies, on one task or on those of a suite.

use std::path::PathBuf;

use crate::spec;
use crate::spec::field::Offer;
use crate::spec::task::TaskSpec;

spec! {
    /// Strategies and seeds of a benchmark, which all its tasks share.
    pub struct SharedSpec {
        /// Strategies to compare, each as STRATEGY or STRATEGY:PRESET, with settings of their own as in
        /// `ga-nas:paper-setup1+growth=0+ppo.entropy_coef=0.05`
        strategies: Vec<String> => |field| field.value("A,B,...").offers(Offer::Strategies);
        /// Setting that replaces those of all strategies, as `initial=40`; can be given several times
        ///
        /// A setting that has no effect without another one is refused, and the error names that one.
        set: Vec<String> => |field| field.value("KEY=VALUE");
        /// Distinct architectures that each run evaluates [default: what each task of a suite says]
        queries: Option<usize> => |field| field.value("N");
        /// Cost that each run spends, in units of `--fidelity` such as epochs [default: any]
        cost: Option<usize> => |field| field.value("N");
        /// Runs of each strategy, with seeds in a row [default: what a suite says]
        seeds: Option<u64> => |field| field.value("N");
        /// The first seed
        first_seed: u64 => |field| field.value("N");
        /// Threads; results do not depend on their number [default: all cores]
        threads: Option<usize> => |field| field.value("N");
        /// Folder for all runs: DIR/STRATEGY-PRESET/SEED holds what `search --out` writes
        ///
        /// The same command continues there after an interruption or a kill: finished runs are read, and
        /// those under way are resumed. Strategies and seeds can be added.
        out: Option<PathBuf> => |field| field.value("DIR");
    }
}

spec! {
    /// A benchmark: strategies compared over many seeds on one task.
    pub struct BenchSpec {
        ..task: TaskSpec;
        ..shared: SharedSpec;
    }
}
