//! The device that networks are computed on, as it is typed.

use std::sync::Arc;
use std::thread;

use clap::Args;
use ganas_core::error::{Error, Result};
use ganas_train::device::Choice;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// Networks that a graphics card computes at once, if it is not said (ours): it has to hold all of
/// them in its memory.
const AT_ONCE: usize = 4;

/// Where networks are computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Args)]
pub struct DeviceArgs {
    /// What trains and scores networks: cpu, gpu (the best graphics card), or gpu:1 for the second
    /// one and so on [default: cpu]
    ///
    /// Graphics cards take a build with the feature `wgpu`, and the same seed need not give the same
    /// numbers on them.
    #[arg(long = "device", value_name = "DEVICE", help_heading = "Training")]
    pub named: Option<Choice>,
}

impl DeviceArgs {
    /// What is meant.
    pub fn choice(self) -> Choice {
        self.named.unwrap_or_default()
    }

    /// So many threads, or as many as suit the device: one a core, and no more than a few that share
    /// a graphics card.
    ///
    /// # Errors
    /// If there are none.
    pub fn pool(self, workers: Option<usize>) -> Result<Arc<ThreadPool>> {
        let threads = match (workers, self.choice()) {
            (Some(0), _) => {
                return Err(
                    Error::input("there are no workers").mend("give `--workers` at least 1")
                );
            }
            (Some(workers), _) => workers,
            (None, Choice::Cpu) => 0,
            (None, Choice::Gpu(_)) => {
                thread::available_parallelism().map_or(1, |cores| cores.get().min(AT_ONCE))
            }
        };
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|e| Error::input(format!("cannot start the workers: {e}")))?;
        Ok(Arc::new(pool))
    }
}
