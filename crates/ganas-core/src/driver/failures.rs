//! Stop of a search whose trials keep failing.

/// Factor of the limit once a trial has succeeded.
const AFTER_SUCCESS: usize = 4;

/// Counter of failed trials, in the order in which trials finish.
#[derive(Debug, Default)]
pub(super) struct Failures {
    /// Number that ends the search; 0 is no limit.
    limit: usize,
    succeeded: bool,
    /// Failures since the last success.
    in_a_row: usize,
    /// Number of the last of them that have the same reason.
    alike: usize,
    /// Outline of this reason.
    reason: String,
}

impl Failures {
    pub fn new(limit: usize) -> Self {
        Failures {
            limit,
            ..Failures::default()
        }
    }

    /// Counts a finished trial, with the reason of its failure if it failed.
    pub fn count(&mut self, failure: Option<&str>) {
        let Some(failure) = failure else {
            self.succeeded = true;
            self.in_a_row = 0;
            self.alike = 0;
            return;
        };
        let reason = outline(failure);
        self.in_a_row += 1;
        self.alike = if reason == self.reason {
            self.alike + 1
        } else {
            1
        };
        self.reason = reason;
    }

    /// Returns true if the first trials all failed, or many in a row failed for one reason.
    pub fn too_many(&self) -> bool {
        if self.limit == 0 {
            return false;
        }
        if !self.succeeded {
            return self.in_a_row >= self.limit;
        }
        self.alike >= self.limit.saturating_mul(AFTER_SUCCESS)
    }
}

/// The first line of a reason without its numbers.
fn outline(reason: &str) -> String {
    let line = reason.lines().next().unwrap_or_default();
    line.chars().filter(|c| !c.is_ascii_digit()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_ones_end_it_and_later_many_alike() {
        let mut failures = Failures::new(2);
        failures.count(Some("no card"));
        assert!(!failures.too_many());
        failures.count(Some("no data"));
        assert!(failures.too_many());

        let mut failures = Failures::new(2);
        failures.count(None);
        for i in 0..7 {
            failures.count(Some(&format!("out of memory: {i} MiB\nat line {i}")));
            assert!(!failures.too_many());
        }
        failures.count(Some("no card"));
        assert!(!failures.too_many());
        for i in 0..8 {
            assert!(!failures.too_many());
            failures.count(Some(&format!("out of memory: {i} MiB")));
        }
        assert!(failures.too_many());
        failures.count(None);
        assert!(!failures.too_many());

        let mut never = Failures::new(0);
        (0..99).for_each(|_| never.count(Some("no card")));
        assert!(!never.too_many());
    }
}
