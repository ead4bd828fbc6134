//! Hill climbing with restarts, as a strategy of its own: `cargo run --release -- bench --strategies climb,..`

use ganas::prelude::*;

/// Edits the best architecture since the last restart, and restarts after 20 edits without a better one.
struct Climb {
    rng: Rng,
    best: Option<Query>,
    idle: usize,
}

impl Strategy for Climb {
    fn ask(&mut self, context: &Context, _: usize) -> ganas::Result<Vec<Trial>> {
        let edits = self.best.iter().flat_map(|best| context.neighbors(&best.arch));
        let new: Vec<Arch> = edits.filter(|arch| context.is_unasked(arch)).collect();
        let next = match new.len() {
            0 => context.sample_new(1, &mut self.rng),
            count => vec![new[self.rng.below(count)]],
        };
        Ok(next.into_iter().map(Trial::from).collect())
    }

    fn tell(&mut self, _: &Context, results: &[Query]) {
        for query in results {
            let before = self.best.as_ref().and_then(Query::merit);
            let better = query.merit().is_some_and(|merit| before.is_none_or(|b| merit > b));
            self.idle = if better { 0 } else { self.idle + 1 };
            if better {
                self.best = Some(query.clone());
            } else if self.idle > 20 {
                self.best = None;
            }
        }
    }
}

fn main() -> std::process::ExitCode {
    let climb = |seed: u64| -> Box<dyn Strategy> {
        let rng = Rng::stream(seed, "climb");
        Box::new(Climb { rng, best: None, idle: 0 })
    };
    let registry = Registry::builtin().with("climb", climb);
    ganas::main(registry.expect("no strategy of ganas has this name"))
}
