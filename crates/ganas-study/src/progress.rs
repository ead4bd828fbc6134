//! Handles through which the parts of a study report.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::event::{Activity, Event, Reporter, Silent};

/// Ticks of an epoch in an activity whose steps are epochs.
const EPOCH: usize = 1000;

/// Number of the next activity.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// Shared handle to a reporter.
#[derive(Clone)]
pub struct Progress(Arc<dyn Reporter>);

impl Progress {
    /// A handle to a reporter.
    pub fn new(reporter: impl Reporter + 'static) -> Self {
        Progress(Arc::new(reporter))
    }

    /// Returns a handle that drops all events.
    pub fn silent() -> Self {
        Progress::new(Silent)
    }

    /// Reports an event.
    pub fn report(&self, event: &Event<'_>) {
        self.0.report(event);
    }

    /// Reports a line for the user.
    pub fn say(&self, text: &str) {
        self.report(&Event::Message(text));
    }

    /// Reports a line for logs.
    pub fn log(&self, text: &str) {
        self.report(&Event::Logged(text));
    }

    /// Reports something that does not stop the search.
    pub fn note(&self, text: &str) {
        self.report(&Event::Note(text));
    }

    /// Begins to wait for something, until the handle is dropped.
    pub fn waiting(&self, what: impl AsRef<str>) -> Bar {
        self.begin(Activity::Waiting(what.as_ref()))
    }

    /// Begins a benchmark of that many queries.
    pub fn queries(&self, total: usize) -> Bar {
        self.begin(Activity::Queries { total })
    }

    /// Begins a search of that many queries.
    pub fn search(&self, queries: usize) -> Bar {
        self.begin(Activity::Search { queries })
    }

    /// Begins an activity of that many steps.
    pub fn steps(&self, total: usize) -> Bar {
        self.begin(Activity::Steps { total, done: 0 })
    }

    /// Begins an activity of epochs, of which some are done.
    pub fn epochs(&self, epochs: usize, done: usize) -> Bar {
        let (total, done) = (epochs * EPOCH, done * EPOCH);
        self.begin(Activity::Steps { total, done })
    }

    fn begin(&self, kind: Activity<'_>) -> Bar {
        let activity = NEXT.fetch_add(1, Ordering::Relaxed);
        self.report(&Event::ActivityBegan { activity, kind });
        Bar(Remarks {
            progress: self.clone(),
            activity,
        })
    }
}

/// An activity that is under way. It ends when it is dropped.
pub struct Bar(Remarks);

impl Bar {
    /// Returns true if it is shown.
    pub fn is_shown(&self) -> bool {
        self.0.progress.0.is_watched()
    }

    /// Reports further steps or queries.
    pub fn advance(&self, by: usize) {
        self.0.report(&Event::Advanced {
            activity: self.0.activity,
            by,
        });
    }

    /// Reports its state in words.
    pub fn say(&self, text: impl AsRef<str>) {
        self.0.report(&Event::Status {
            activity: self.0.activity,
            text: text.as_ref(),
        });
    }

    /// Reports all steps so far.
    pub fn set(&self, done: usize) {
        self.0.report(&Event::Reached {
            activity: self.0.activity,
            done,
        });
    }

    /// Reports a step within an epoch, in an activity whose steps are epochs.
    pub fn at(&self, epoch: usize, step: usize, steps: usize) {
        self.set(epoch * EPOCH + step * EPOCH / steps.max(1));
    }

    /// A handle for remarks from other threads.
    pub fn remarks(&self) -> Remarks {
        self.0.clone()
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.report(&Event::ActivityEnded {
            activity: self.0.activity,
        });
    }
}

/// Handle for remarks on an activity.
#[derive(Clone)]
pub struct Remarks {
    progress: Progress,
    activity: u64,
}

impl Remarks {
    /// Returns a handle that drops all remarks.
    pub fn silent() -> Self {
        Progress::silent().steps(0).remarks()
    }

    /// Reports an event.
    pub fn report(&self, event: &Event<'_>) {
        self.progress.report(event);
    }

    /// Reports a remark beside the state.
    pub fn beside(&self, text: impl AsRef<str>) {
        self.report(&Event::Remark {
            activity: self.activity,
            text: text.as_ref(),
        });
    }

    /// Reports something that does not stop the search.
    pub fn note(&self, text: &str) {
        self.progress.note(text);
    }

    /// Reports the loss of a worker.
    pub fn lost(&self, worker: usize, reason: &str) {
        self.report(&Event::WorkerLost { worker, reason });
    }
}
