//! Draws the queries that strategies need to find the best of a table: medians with their intervals.
//!
//! `cargo run -p ganas-draw --example queries -- results/first_screen.json > docs/images/queries.svg`. The file is
//! output of `ganas bench --json`. A strategy of which fewer than half of the runs found the best has no median.

use std::error::Error;
use std::fmt::Write;

use serde_json::Value;

/// Width of the drawing, and of the parts left and right of the plot.
const WIDTH: f64 = 760.0;
const LEFT: f64 = 170.0;
const RIGHT: f64 = 190.0;

/// Height of a row, and of the parts above and below the plot.
const ROW: f64 = 30.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 40.0;

/// A strategy's row.
struct Row {
    name: String,
    /// Median, with the ends of its interval.
    median: Option<[f64; 3]>,
    found: u64,
    seeds: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args()
        .nth(1)
        .ok_or("name a file of `ganas bench --json`")?;
    let results: Value = serde_json::from_slice(&std::fs::read(file)?)?;
    let queries = results["provenance"]["queries"]
        .as_f64()
        .ok_or("no count of queries")?;
    let summary = results["summary"].as_array().ok_or("no summary")?;
    let mut rows: Vec<Row> = summary.iter().filter_map(row).collect();
    if rows.is_empty() {
        return Err("no strategy has results".into());
    }
    let order = |row: &Row| row.median.map_or(f64::INFINITY, |median| median[0]);
    rows.sort_by(|a, b| order(a).total_cmp(&order(b)));
    print!("{}", draw(&rows, queries)?);
    Ok(())
}

/// Reads the row of a strategy.
fn row(summary: &Value) -> Option<Row> {
    let preset = summary["preset"].as_str()?;
    let name = summary["strategy"].as_str()?;
    let interval = &summary["median_queries_to_optimum_interval"];
    let ends = interval[0].as_f64().zip(interval[1].as_f64());
    let median = summary["median_queries_to_optimum"].as_f64().zip(ends);
    Some(Row {
        name: if preset == "default" {
            name.to_owned()
        } else {
            format!("{name}:{preset}")
        },
        median: median.map(|(median, (low, high))| [median, low, high]),
        found: summary["found_optimum"].as_u64()?,
        seeds: summary["seeds"].as_u64()?,
    })
}

fn draw(rows: &[Row], queries: f64) -> Result<String, std::fmt::Error> {
    let lows = rows
        .iter()
        .filter_map(|row| row.median)
        .map(|median| median[1]);
    let low = lows.fold(queries, f64::min).max(1.0) * 0.8;
    let place =
        |value: f64| LEFT + (value / low).ln() / (queries / low).ln() * (WIDTH - LEFT - RIGHT);
    let (height, bottom) = (
        TOP + ROW * rows.len() as f64 + BOTTOM,
        TOP + ROW * rows.len() as f64,
    );
    let mut svg = String::new();
    writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"14\" fill=\"#1f2328\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"12\" y=\"24\" font-weight=\"600\">Queries to the best of 15,625 networks (NAS-Bench-201): \
         median and 95 % interval</text>"
    )?;
    let marks = [
        10.0, 20.0, 30.0, 50.0, 100.0, 200.0, 300.0, 500.0, 1000.0, 2000.0, 5000.0,
    ];
    for mark in marks
        .into_iter()
        .filter(|mark| (low..=queries).contains(mark))
    {
        let x = place(mark);
        writeln!(
            svg,
            "<path d=\"M{x:.1} {TOP}V{bottom}\" stroke=\"#d1d9e0\"/>\n\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#59636e\">{mark}</text>",
            bottom + 20.0
        )?;
    }
    for (i, row) in rows.iter().enumerate() {
        let y = TOP + ROW * (i as f64 + 0.5);
        let colour = if i == 0 { "#0969da" } else { "#59636e" };
        writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 12.0,
            y + 5.0,
            row.name
        )?;
        let said = match row.median {
            Some([median, least, most]) => {
                let [x, left, right] = [median, least, most].map(place);
                writeln!(
                    svg,
                    "<path d=\"M{left:.1} {y}H{right:.1}\" stroke=\"{colour}\" stroke-width=\"4\" \
                     stroke-linecap=\"round\"/>\n<circle cx=\"{x:.1}\" cy=\"{y}\" r=\"6\" fill=\"{colour}\"/>"
                )?;
                format!("{median} ({least} to {most})")
            }
            None => {
                let x = place(queries);
                writeln!(
                    svg,
                    "<path d=\"M{:.1} {y}H{x:.1}m-6 -5l6 5l-6 5\" fill=\"none\" stroke=\"{colour}\" \
                     stroke-width=\"2\"/>",
                    x - 30.0
                )?;
                format!("{} of {} within {queries}", row.found, row.seeds)
            }
        };
        writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\">{said}</text>",
            WIDTH - RIGHT + 14.0,
            y + 5.0
        )?;
    }
    writeln!(svg, "</svg>")?;
    Ok(svg)
}
