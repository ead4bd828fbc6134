//! Knowledge before a search: results of other tasks on the space, and metrics that are free.

use crate::arch::Arch;

/// Numbers of architectures that are known before a search.
///
/// A strategy may look at them for every architecture. They are no evaluations of the task, and are not
/// charged.
#[derive(Clone, Debug, PartialEq)]
pub struct Prior {
    name: String,
    is_directed: bool,
    objective: usize,
    /// Architectures in ascending order.
    archs: Vec<Arch>,
    values: Vec<f64>,
}

impl Prior {
    /// Results of another task on the same space, turned so that larger is better. They are about the first
    /// objective; [`about`](Self::about) names another.
    pub fn task(name: impl Into<String>, rows: impl IntoIterator<Item = (Arch, f64)>) -> Self {
        Prior::new(name.into(), true, rows)
    }

    /// Metric that costs nothing. Its direction is not known.
    pub fn metric(name: impl Into<String>, rows: impl IntoIterator<Item = (Arch, f64)>) -> Self {
        Prior::new(name.into(), false, rows)
    }

    /// Numbers of canonical architectures. Of equal ones the first counts, and rows without a number are
    /// left out.
    fn new(name: String, is_directed: bool, rows: impl IntoIterator<Item = (Arch, f64)>) -> Self {
        let mut rows: Vec<(Arch, f64)> = rows.into_iter().filter(|row| !row.1.is_nan()).collect();
        rows.sort_by_key(|row| row.0);
        rows.dedup_by_key(|row| row.0);
        let (archs, values) = rows.into_iter().unzip();
        Prior {
            name,
            is_directed,
            objective: 0,
            archs,
            values,
        }
    }

    /// Makes the results of a task tell of the objective at this place of the problem's objectives.
    pub fn about(mut self, objective: usize) -> Self {
        self.objective = objective;
        self
    }

    /// Returns true if the numbers tell of the objective at this place. Metrics tell of all.
    pub fn informs(&self, objective: usize) -> bool {
        !self.is_directed || self.objective == objective
    }

    /// Name in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns true if larger values are better; otherwise the direction is not known.
    pub fn is_directed(&self) -> bool {
        self.is_directed
    }

    /// Architectures in ascending order.
    pub fn archs(&self) -> &[Arch] {
        &self.archs
    }

    /// Values in the order of the architectures.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Place of a canonical architecture, if it has a value.
    pub fn find(&self, arch: &Arch) -> Option<usize> {
        self.archs.binary_search(arch).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_by_their_architecture() {
        let arch = |op: u8| Arch::new(&[op, 1]);
        let rows = [(3, 1.0), (1, f64::NAN), (2, 5.0), (3, 7.0)];
        let prior = Prior::task("t", rows.map(|(op, value)| (arch(op), value)));
        assert_eq!(prior.archs(), [arch(2), arch(3)]);
        assert_eq!(prior.find(&arch(3)).map(|i| prior.values()[i]), Some(1.0));
        assert_eq!(prior.find(&arch(1)), None);
        assert!(prior.is_directed() && !Prior::metric("m", []).is_directed());
    }

    #[test]
    fn a_task_informs_one_objective_and_a_metric_all() {
        let task = Prior::task("t", []).about(1);
        assert!(task.informs(1) && !task.informs(0));
        let metric = Prior::metric("m", []);
        assert!(metric.informs(0) && metric.informs(1));
    }
}
