//! When a search gives up: its evaluations fail, and by all appearances so would the rest.

/// How many times as many failures end a search in which an evaluation has succeeded.
const AFTER_SUCCESS: usize = 4;

/// Counts failed evaluations in the order in which evaluations finish.
#[derive(Debug, Default)]
pub(super) struct Failures {
    /// So many end the search; none does if it is 0.
    limit: usize,
    succeeded: bool,
    /// Failures since the last success.
    in_a_row: usize,
    /// Of those, the last ones with the same reason.
    alike: usize,
    /// That reason, without what differs between evaluations.
    reason: String,
}

impl Failures {
    pub fn new(limit: usize) -> Self {
        Failures {
            limit,
            ..Failures::default()
        }
    }

    /// An evaluation finished; why it failed, if it did.
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

    /// Whether it is no use to go on: the first ones all failed, or many in a row did for one reason.
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
