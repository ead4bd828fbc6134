//! Wall time of the parts of a round.

use std::time::Instant;

use ganas_core::strategy::Gauge;

/// The wall time of the parts of a round, in seconds.
#[derive(Default)]
pub struct Stopwatch {
    last: Option<Instant>,
    laps: Vec<Gauge>,
}

impl Stopwatch {
    /// Begins a round.
    pub fn start(&mut self) {
        self.laps.clear();
        self.last = Some(Instant::now());
    }

    /// Ends a part of it: all since the part before.
    pub fn lap(&mut self, part: &'static str) {
        let now = Instant::now();
        let before = self.last.replace(now).unwrap_or(now);
        self.laps.push((part, (now - before).as_secs_f64()));
    }

    /// The parts so far.
    pub fn laps(&self) -> Vec<Gauge> {
        self.laps.clone()
    }
}
