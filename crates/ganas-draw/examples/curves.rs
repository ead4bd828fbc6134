//! Draws the best value so far against queries: the mean over all runs of a strategy with one
//! standard deviation to each side, as in the paper's Figure 1.
//!
//! `cargo run --release --example curves -- results/figure1_darts.json > curves.svg`. Further files
//! add their strategies.

use std::error::Error;
use std::fmt::Write;

use serde_json::Value;

/// Width and height of the drawing, and of the margin around the plot.
const SIZE: [f64; 2] = [720.0, 400.0];
const MARGIN: [f64; 2] = [56.0, 40.0];

/// The fewest queries that are drawn: before them all strategies draw at random.
const FIRST: f64 = 20.0;

const COLOURS: [&str; 6] = [
    "#0969da", "#bc4c00", "#1a7f37", "#8250df", "#6e7781", "#bf3989",
];

/// The best values of a run: from which query on, and how good.
type Steps = Vec<(f64, f64)>;

/// All runs of a strategy, and how many queries each may spend.
struct Strategy {
    name: String,
    runs: Vec<Steps>,
    queries: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut strategies = Vec::new();
    for file in std::env::args().skip(1) {
        let file: Value = serde_json::from_str(&std::fs::read_to_string(file)?)?;
        strategies.extend(read(&file).ok_or("that is no file of `ganas bench --json`")?);
    }
    let last = strategies.iter().map(|s| s.queries).fold(FIRST, f64::max);
    let curves: Vec<Vec<[f64; 3]>> = strategies.iter().map(curve).collect();
    let points = curves.iter().flatten();
    let (low, high) = points.fold((f64::MAX, f64::MIN), |(low, high), [_, mean, std]| {
        (low.min(mean - std), high.max(mean + std))
    });
    let place = |queries: f64, value: f64| {
        let along = (queries / FIRST).ln() / (last / FIRST).ln();
        let up = (value - low) / (high - low).max(1e-9);
        [
            MARGIN[0] + along * (SIZE[0] - 2.0 * MARGIN[0]),
            SIZE[1] - MARGIN[1] - up * (SIZE[1] - 2.0 * MARGIN[1]),
        ]
    };
    let [width, height] = SIZE;
    println!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"monospace\" font-size=\"12\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>"
    );
    let ticks = [20.0, 50.0, 100.0, 200.0, 500.0, 1e3, 2e3, 5e3, 1e4];
    for queries in ticks.into_iter().filter(|queries| *queries <= last) {
        let [x, bottom] = place(queries, low);
        println!(
            "<path d=\"M{x:.1} {bottom:.1}V{:.1}\" stroke=\"#d1d9e0\"/>\n\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{queries}</text>",
            MARGIN[1],
            bottom + 18.0
        );
    }
    for step in 0..=5 {
        let value = low + f64::from(step) / 5.0 * (high - low);
        let [left, y] = place(FIRST, value);
        println!(
            "<path d=\"M{left:.1} {y:.1}H{:.1}\" stroke=\"#d1d9e0\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{value:.2}</text>",
            width - MARGIN[0],
            left - 6.0,
            y + 4.0
        );
    }
    for (i, (strategy, curve)) in strategies.iter().zip(&curves).enumerate() {
        let colour = COLOURS[i % COLOURS.len()];
        let path = |sign: f64, points: &mut dyn Iterator<Item = &[f64; 3]>| {
            let mut path = String::new();
            for [queries, mean, std] in points {
                let [x, y] = place(*queries, mean + sign * std);
                write!(path, " {x:.1} {y:.1}")?;
            }
            Ok::<String, std::fmt::Error>(path)
        };
        let (above, below) = (
            path(1.0, &mut curve.iter())?,
            path(-1.0, &mut curve.iter().rev())?,
        );
        println!(
            "<path d=\"M{above} L{below}Z\" fill=\"{colour}\" fill-opacity=\"0.15\"/>\n\
             <path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\n\
             <text x=\"{}\" y=\"22\" fill=\"{colour}\">{}</text>",
            path(0.0, &mut curve.iter())?,
            MARGIN[0] + 110.0 * i as f64,
            strategy.name
        );
    }
    println!(
        "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">queries</text>\n</svg>",
        width - 4.0,
        height - 6.0
    );
    Ok(())
}

/// The strategies of a file, in its order.
fn read(file: &Value) -> Option<Vec<Strategy>> {
    let queries = file["provenance"]["queries"].as_f64()?;
    let mut strategies: Vec<Strategy> = Vec::new();
    for run in file["runs"].as_array()? {
        let name = run["strategy"].as_str()?;
        let steps = run["steps"].as_array()?.iter();
        let steps = steps.map(|step| Some((step[0].as_f64()?, step[1].as_f64()?)));
        let steps = steps.collect::<Option<Steps>>()?;
        match strategies.iter_mut().find(|known| known.name == name) {
            Some(known) => known.runs.push(steps),
            None => strategies.push(Strategy {
                name: name.to_owned(),
                runs: vec![steps],
                queries,
            }),
        }
    }
    Some(strategies)
}

/// Queries, the mean of the best values by then and their standard deviation, at queries that
/// follow each other in even steps of their logarithm.
fn curve(strategy: &Strategy) -> Vec<[f64; 3]> {
    let steps = 240;
    let at =
        |step: u32| FIRST * (strategy.queries / FIRST).powf(f64::from(step) / f64::from(steps));
    let point = |queries: f64| {
        let mut best = Vec::new();
        for run in &strategy.runs {
            let so_far = run.iter().take_while(|(query, _)| *query <= queries);
            best.extend(so_far.last().map(|(_, value)| *value));
        }
        let mean = best.iter().sum::<f64>() / best.len() as f64;
        let squares: f64 = best.iter().map(|value| (value - mean).powi(2)).sum();
        [
            queries,
            mean,
            (squares / (best.len().max(2) - 1) as f64).sqrt(),
        ]
    };
    (0..=steps).map(|step| point(at(step).floor())).collect()
}
