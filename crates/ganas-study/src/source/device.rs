//! The device that networks are computed on.

use std::sync::Arc;
use std::thread;

use ganas_core::error::{Error, Result};
use ganas_train::device::Choice;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::spec::DeviceSpec;

/// Networks that a graphics card computes at once, if it is not said (ours): it has to hold all of
/// them in its memory.
const AT_ONCE: usize = 4;

impl DeviceSpec {
    /// The choice that is named, or the processor.
    ///
    /// # Errors
    /// If it does not name a device.
    pub fn choice(&self) -> Result<Choice> {
        self.device
            .as_deref()
            .map_or(Ok(Choice::default()), str::parse)
    }

    /// Starts a pool of `workers` threads. The default suits the device: one a core, and at most a few that
    /// share a graphics card.
    ///
    /// # Errors
    /// If there are none.
    pub fn pool(&self, workers: Option<usize>) -> Result<Arc<ThreadPool>> {
        let threads = match (workers, self.choice()?) {
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
