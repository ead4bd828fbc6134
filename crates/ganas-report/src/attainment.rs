//! Attainment of fronts over several runs.
//!
//! Fonseca & Fleming 1996, "On the performance assessment and comparison of stochastic multiobjective
//! optimizers", doi 10.1007/3-540-61723-X_962: for each value of one objective, the value of the other one
//! that a share of the runs reach.

use std::fmt::Write;

use serde::Serialize;

use crate::model::{Run, Task};

/// Colours of strategies, as in the page.
const COLOURS: [&str; 7] = [
    "#0072b2", "#d55e00", "#785ef0", "#882255", "#cc6677", "#662506", "#000000",
];

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 420.0;
const MARGIN: f64 = 60.0;

/// Attainment of a strategy's runs: for each value of the second objective, values of the first that a
/// quarter, half and three quarters of the runs reach there.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Attainment {
    /// The strategy.
    pub strategy: String,
    /// Number of runs.
    pub runs: usize,
    /// Values of the second objective, from the best on.
    pub x: Vec<f64>,
    /// Value of the first objective that half of the runs reach.
    pub median: Vec<Option<f64>>,
    /// Value that a quarter of the runs reach.
    pub most: Vec<Option<f64>>,
    /// Value that three quarters of the runs reach.
    pub least: Vec<Option<f64>>,
}

/// Attainment of each strategy in a task with several objectives.
pub fn attainments(task: &Task) -> Vec<Attainment> {
    let [first, second, ..] = &task.objectives[..] else {
        return Vec::new();
    };
    let turn = |minimize: bool, value: f64| if minimize { -value } else { value };
    let mut strategies: Vec<&str> = Vec::new();
    for run in task.runs.iter().filter(|run| !run.front.is_empty()) {
        if !strategies.contains(&&*run.strategy) {
            strategies.push(&run.strategy);
        }
    }
    let attained = |strategy: &&str| {
        let runs: Vec<&Run> = (task.runs.iter())
            .filter(|run| run.strategy == *strategy && !run.front.is_empty())
            .collect();
        let mut x: Vec<f64> = (runs.iter())
            .flat_map(|run| run.front.iter().map(|point| point.values[1]))
            .collect();
        x.sort_by(|a, b| turn(second.minimize, *b).total_cmp(&turn(second.minimize, *a)));
        x.dedup();
        let reached = |run: &&Run, at: f64| {
            let within =
                |values: &[f64]| turn(second.minimize, values[1]) >= turn(second.minimize, at);
            let points = run.front.iter().filter(|point| within(&point.values));
            let values = points.map(|point| turn(first.minimize, point.values[0]));
            values.fold(f64::NEG_INFINITY, f64::max)
        };
        let mut attainment = Attainment {
            strategy: (*strategy).to_owned(),
            runs: runs.len(),
            ..Attainment::default()
        };
        for &at in &x {
            let mut values: Vec<f64> = runs.iter().map(|run| reached(run, at)).collect();
            values.sort_by(|a, b| b.total_cmp(a));
            let share = |share: f64| {
                let place = (share * values.len() as f64).ceil() as usize;
                let value = values[place.clamp(1, values.len()) - 1];
                value.is_finite().then(|| turn(first.minimize, value))
            };
            attainment.most.push(share(0.25));
            attainment.median.push(share(0.5));
            attainment.least.push(share(0.75));
        }
        attainment.x = x;
        attainment
    };
    strategies.iter().map(attained).collect()
}

/// Chart of the fronts over all runs, an SVG document: lines that half of the runs attain, and areas between
/// a quarter and three quarters. `None` without several objectives.
pub fn svg(task: &Task) -> Option<String> {
    let attainments = attainments(task);
    let all = |of: fn(&Attainment) -> Vec<f64>| -> Option<[f64; 2]> {
        let values: Vec<f64> = attainments.iter().flat_map(of).collect();
        let low = values.iter().copied().reduce(f64::min)?;
        let high = values.iter().copied().reduce(f64::max)?;
        let rest = if high > low { 0.03 * (high - low) } else { 0.5 };
        Some([low - rest, high + rest])
    };
    let [left, right] = all(|a| a.x.clone())?;
    let [bottom, top] = all(|a| {
        let lines = a.median.iter().chain(&a.most).chain(&a.least);
        lines.flatten().copied().collect()
    })?;
    let across = |x: f64| MARGIN + (x - left) / (right - left) * (WIDTH - 1.5 * MARGIN);
    let down = |y: f64| HEIGHT - MARGIN - (y - bottom) / (top - bottom) * (HEIGHT - 1.5 * MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" \
         fill=\"#fff\"/>\n"
    );
    axes(&mut out, task, [left, right], [bottom, top]);
    for (i, attainment) in attainments.iter().enumerate() {
        let colour = COLOURS[i % COLOURS.len()];
        let steps = |line: &[Option<f64>]| -> Vec<[f64; 2]> {
            let mut points: Vec<[f64; 2]> = Vec::new();
            for (x, y) in attainment.x.iter().zip(line) {
                let Some(y) = y else { continue };
                if let Some([_, before]) = points.last().copied() {
                    points.push([across(*x), before]);
                }
                points.push([across(*x), down(*y)]);
            }
            points
        };
        let text = |points: &[[f64; 2]]| -> String {
            let pairs = points.iter().map(|[x, y]| format!("{x:.1},{y:.1}"));
            pairs.collect::<Vec<_>>().join(" ")
        };
        let mut area = steps(&attainment.most);
        area.extend(steps(&attainment.least).into_iter().rev());
        let _ = writeln!(
            out,
            "<polygon points=\"{}\" fill=\"{colour}\" opacity=\"0.15\"/>\n<polyline points=\"{}\" \
             fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\n<text x=\"{}\" y=\"{}\" \
             fill=\"{colour}\" text-anchor=\"end\">{} ({} runs)</text>",
            text(&area),
            text(&steps(&attainment.median)),
            WIDTH - 0.5 * MARGIN - 6.0,
            0.5 * MARGIN + 16.0 * (i as f64 + 1.0),
            escaped(&attainment.strategy),
            attainment.runs,
        );
    }
    out += "</svg>\n";
    Some(out)
}

/// The frame with its ends and names.
fn axes(out: &mut String, task: &Task, [left, right]: [f64; 2], [bottom, top]: [f64; 2]) {
    let (x0, y0) = (MARGIN, HEIGHT - MARGIN);
    let (x1, y1) = (WIDTH - 0.5 * MARGIN, 0.5 * MARGIN);
    let number = ganas_study::text::rounded;
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "<path d=\"M{x0} {y1}V{y0}H{x1}\" fill=\"none\" stroke=\"#888\"/>\n\
         <text x=\"{x0}\" y=\"{}\">{}</text>\n<text x=\"{x1}\" y=\"{}\" text-anchor=\"end\">{}</text>\n\
         <text x=\"{}\" y=\"{y0}\" text-anchor=\"end\">{}</text>\n\
         <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n\
         <text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n\
         <text x=\"{x0}\" y=\"{}\">{}</text>",
        y0 + 16.0,
        number(left),
        y0 + 16.0,
        number(right),
        x0 - 6.0,
        number(bottom),
        x0 - 6.0,
        y1 + 10.0,
        number(top),
        0.5 * (x0 + x1),
        y0 + 34.0,
        escaped(&task.objectives[1].metric),
        y1 - 8.0,
        escaped(&task.objectives[0].metric),
    );
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FrontPoint, Goal};

    fn task() -> Task {
        let goal = |metric: &str, minimize| Goal {
            metric: metric.into(),
            minimize,
        };
        let run = |points: &[[f64; 2]]| Run {
            strategy: "a<b".into(),
            front: (points.iter())
                .map(|values| FrontPoint {
                    values: values.to_vec(),
                    arch: None,
                })
                .collect(),
            ..Run::default()
        };
        Task {
            objectives: vec![goal("accuracy", false), goal("latency", true)],
            runs: vec![
                run(&[[0.9, 3.0], [0.5, 1.0]]),
                run(&[[0.8, 2.0]]),
                run(&[[0.7, 2.0], [0.95, 4.0]]),
            ],
            ..Task::default()
        }
    }

    #[test]
    fn half_of_the_runs_attain_the_median() {
        let attained = &attainments(&task())[0];
        assert_eq!(attained.x, [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(attained.median, [None, Some(0.7), Some(0.8), Some(0.9)]);
        assert_eq!(attained.most, [Some(0.5), Some(0.8), Some(0.9), Some(0.95)]);
        assert_eq!(attained.least, [None, Some(0.5), Some(0.7), Some(0.8)]);
        assert!(attainments(&Task::default()).is_empty());
    }

    #[test]
    fn the_chart_names_objectives_and_strategies() {
        let svg = svg(&task()).unwrap();
        for text in [
            "accuracy",
            "latency",
            "a&lt;b (3 runs)",
            "<polyline",
            "<polygon",
        ] {
            assert!(svg.contains(text), "{text}");
        }
    }
}
