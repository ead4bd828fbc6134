//! Speed of trainings, shown beside the bar until the first one ends.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use ganas_train::ImageTask;

use crate::progress::{Bar, Remarks};

/// Interval between two updates of the speed.
const EVERY: Duration = Duration::from_millis(250);

/// Over how long it is measured.
const WINDOW: usize = 12;

/// Shows the images per second of all trainings of a task until it is dropped.
pub struct Speed {
    _end: Option<Sender<()>>,
}

impl Speed {
    /// Shows the speed beside a bar, if the bar is shown.
    pub fn show(task: &Arc<ImageTask>, bar: &Bar) -> Speed {
        if !bar.is_shown() {
            return Speed { _end: None };
        }
        let (end, ended) = mpsc::channel();
        let (task, remarks) = (task.clone(), bar.remarks());
        // It ends with its sender; without a thread the speed is not shown, and nothing else lacks.
        let _ = thread::Builder::new().spawn(move || {
            let mut counts = vec![(Instant::now(), task.trained())];
            while ended.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                counts.push((Instant::now(), task.trained()));
                let from = counts.len().saturating_sub(WINDOW);
                counts.drain(..from);
                beside(&remarks, &counts);
            }
        });
        Speed { _end: Some(end) }
    }
}

fn beside(remarks: &Remarks, counts: &[(Instant, u64)]) {
    let [(begun, before), .., (now, after)] = counts else {
        return;
    };
    let rate = (after - before) as f64 / (*now - *begun).as_secs_f64();
    remarks.beside(format!("{rate:.0} images/s"));
}
