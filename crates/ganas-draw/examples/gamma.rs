//! Draws how gamma_t of a search rose: the score that every member of the truth set has at least.
//!
//! `cargo run --release --example gamma -- runs/first/rounds.jsonl > gamma.svg`. Rounds in which
//! everything that was evaluated is in the truth set are left out: their gamma_t is the worst score
//! of all.

use std::error::Error;
use std::fmt::Write;

use serde_json::Value;

/// Width and height of the drawing, and of the margin around the plot.
const SIZE: [f64; 2] = [640.0, 300.0];
const MARGIN: [f64; 2] = [60.0, 40.0];

/// The drawn values of a round.
struct Point {
    queries: f64,
    gamma: f64,
    best: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args()
        .nth(1)
        .ok_or("name a file `rounds.jsonl`")?;
    let mut points = Vec::new();
    for line in std::fs::read_to_string(file)?.lines() {
        points.extend(point(&serde_json::from_str(line)?));
    }
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return Err("no round has a truth set that is smaller than all it was chosen from".into());
    };
    // Gamma never falls, and the best is never below it.
    let queries = [first.queries, last.queries];
    let scores = [first.gamma, last.best];
    let place = |queries_now: f64, score: f64| {
        let share = |value: f64, [low, high]: [f64; 2]| (value - low) / (high - low).max(1e-9);
        [
            MARGIN[0] + share(queries_now, queries) * (SIZE[0] - 2.0 * MARGIN[0]),
            SIZE[1] - MARGIN[1] - share(score, scores) * (SIZE[1] - 2.0 * MARGIN[1]),
        ]
    };
    let mut svg = String::new();
    let [width, height] = SIZE;
    writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"monospace\" font-size=\"12\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>"
    )?;
    for step in 0..=4 {
        let share = f64::from(step) / 4.0;
        let [score, queries] = [scores, queries].map(|[low, high]| low + share * (high - low));
        let ([left, y], [right, _]) = (place(first.queries, score), place(last.queries, score));
        let [x, bottom] = place(queries, first.gamma);
        writeln!(
            svg,
            "<path d=\"M{left:.1} {y:.1}H{right:.1}\" stroke=\"#d1d9e0\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{score:.2}</text>\n\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{queries:.0}</text>",
            left - 6.0,
            y + 4.0,
            bottom + 18.0,
        )?;
    }
    type Curve = (&'static str, &'static str, fn(&Point) -> f64);
    let curves: [Curve; 2] = [
        ("best so far", "#0969da", |point| point.best),
        ("gamma_t", "#bc4c00", |point| point.gamma),
    ];
    for (i, (name, colour, value)) in curves.into_iter().enumerate() {
        let mut path = String::new();
        for point in &points {
            let [x, y] = place(point.queries, value(point));
            if path.is_empty() {
                write!(path, "M{x:.1} {y:.1}")?;
            } else {
                write!(path, "H{x:.1}V{y:.1}")?;
            }
        }
        let [x, y] = [MARGIN[0] + 130.0 * i as f64, 22.0];
        writeln!(
            svg,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\n\
             <text x=\"{x}\" y=\"{y}\" fill=\"{colour}\">{name}</text>"
        )?;
    }
    println!(
        "{svg}<text x=\"{}\" y=\"22\" text-anchor=\"end\">queries below</text>\n</svg>",
        width - MARGIN[0]
    );
    Ok(())
}

/// The point of a line of the file, if the line has one.
fn point(round: &Value) -> Option<Point> {
    let gauge = |name: &str| {
        let gauges = round["gauges"].as_array()?;
        gauges.iter().find(|gauge| gauge[0] == name)?[1].as_f64()
    };
    (gauge("rho")? < 1.0).then_some(())?;
    Some(Point {
        queries: round["queries"].as_f64()?,
        gamma: gauge("gamma")?,
        best: round["best"].as_f64()?,
    })
}
