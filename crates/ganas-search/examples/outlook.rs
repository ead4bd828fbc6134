//! Coverage of outlooks: those after some queries of longer runs, compared with the whole table.
//!
//! `cargo run --release --example outlook -- SPACE TABLE OBJECTIVE OUT.json DIR...` reads the
//! `evaluations.csv` of each folder, as `ganas bench --out` and `ganas search --out` write them.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;

use ganas_core::arch::Arch;
use ganas_core::driver::{Objective, Problem};
use ganas_core::evaluate::Outcome;
use ganas_core::ledger::Query;
use ganas_core::space::{self, Sampler};
use ganas_search::rare_event::unguarded_outlook;
use ganas_tables::Table;
use serde_json::json;

/// The queries after which a run is looked at.
const STOPS: [usize; 9] = [20, 24, 30, 40, 50, 100, 150, 200, 300];

/// An outlook at a stop, and the truth.
struct Look {
    stop: usize,
    share: f64,
    upper: f64,
    holds: bool,
    better: f64,
    found: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [space, file, metric, out, folders @ ..] = &arguments[..] else {
        return Err("name a space, its table, an objective, a file to write and the runs".into());
    };
    let (space, table) = {
        let space = space::load(space)?;
        let table = Table::open(file, &*space, None)?;
        (space, table)
    };
    let column = table.column(metric)?;
    let metrics = table.columns().to_vec();
    let objective = Objective::maximize(metric.clone());
    let problem = Problem::new(&*space, &metrics, objective, vec![], Sampler::Uniform)?;
    let row = |arch: &Arch| {
        table
            .find(arch)
            .ok_or("an architecture is not in the table")
    };
    let mut looks = Vec::new();
    for (seed, folder) in (0..).zip(folders) {
        let text = fs::read_to_string(format!("{folder}/evaluations.csv"))?;
        let mut queries: Vec<Query> = Vec::new();
        for line in text.lines().skip(1) {
            let arch = line.split(',').nth(2).ok_or("a line has no architecture")?;
            let arch = space.parse(arch)?;
            let row = row(&arch)?;
            let values = (0..metrics.len()).map(|c| table.value(row, c)).collect();
            queries.push(problem.query(arch, 1, Outcome::Done(values)));
        }
        for stop in STOPS {
            if queries.len() < 2 * stop {
                continue;
            }
            let best = |queries: &[Query]| {
                let merits = queries.iter().filter_map(Query::merit);
                merits.fold(f64::NEG_INFINITY, f64::max)
            };
            let (seen, next) = (best(&queries[..stop]), best(&queries[stop..2 * stop]));
            let outlook = unguarded_outlook(&problem, &queries[..stop], stop, seed);
            let said = outlook.and_then(|o| Some((o.share?, o.ci95?, o.better?)));
            let (share, [low, high], better) = said.ok_or("a run was too short")?;
            let at_least = table.values(column).filter(|v| *v >= seen).count();
            let exact = at_least as f64 / table.len() as f64;
            looks.push(Look {
                stop,
                share,
                upper: high,
                // Bounds are sums whose last bits depend on their order.
                holds: low <= exact * (1.0 + 1e-9) && exact <= high * (1.0 + 1e-9),
                better,
                found: next > seen,
            });
        }
    }
    let mut stops = BTreeMap::new();
    for stop in STOPS {
        let of: Vec<&Look> = looks.iter().filter(|l| l.stop == stop).collect();
        stops.insert(stop, summary(&of));
    }
    let report = json!({
        "space": space.name(),
        "objective": metric,
        "runs": folders.len(),
        "all": summary(&looks.iter().collect::<Vec<_>>()),
        "after": stops,
        "ganas": env!("CARGO_PKG_VERSION"),
        "command": arguments,
    });
    fs::write(out, serde_json::to_string_pretty(&report)? + "\n")?;
    Ok(())
}

/// Coverage of the intervals, and how the probabilities of a better one in as many queries again
/// compare with how often there was one: their means, the Brier score, and that of the constant
/// that is right on average.
fn summary(looks: &[&Look]) -> serde_json::Value {
    let mean = |of: &dyn Fn(&Look) -> f64| {
        looks.iter().map(|l| of(l)).sum::<f64>() / looks.len().max(1) as f64
    };
    let median = |of: &dyn Fn(&Look) -> f64| {
        let mut values: Vec<f64> = looks.iter().map(|l| of(l)).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    };
    let found = |l: &Look| f64::from(u8::from(l.found));
    let rate = mean(&found);
    json!({
        "looks": looks.len(),
        "covered": looks.iter().filter(|l| l.holds).count(),
        "median_share": median(&|l| l.share),
        "median_upper": median(&|l| l.upper),
        "found_better": rate,
        "said_better": mean(&|l| l.better),
        "brier": mean(&|l| (l.better - found(l)).powi(2)),
        "brier_constant": rate * (1.0 - rate),
    })
}
