//! The page: the assets with the data in them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde_json::Value;

use crate::attainment::{Attainment, attainments};
use crate::curve::{Curve, Trace, aggregate};
use crate::model::{Report, Run, State, Step, Task};
use crate::summary::{Summary, summarise};

const PAGE: &str = include_str!("../assets/page.html");
const STYLE: &str = include_str!("../assets/style.css");
const UNPACK: &str = include_str!("../assets/js/unpack.js");
/// Apache ECharts 6.1.0, the parts that `vendor-build/echarts.js` lists.
const ECHARTS: &str = include_str!("../assets/vendor/echarts.min.js");
const NOTICE: &str = include_str!("../assets/vendor/echarts.NOTICE");
/// Licences of ZRender, on which ECharts draws, and of the parts of d3 in it.
const LICENCES: [&str; 2] = [
    include_str!("../assets/vendor/zrender.LICENSE"),
    include_str!("../assets/vendor/d3.LICENSE"),
];
/// In the order in which they need each other.
const SCRIPTS: [&str; 11] = [
    include_str!("../assets/js/base.js"),
    include_str!("../assets/js/figure.js"),
    include_str!("../assets/js/curves.js"),
    include_str!("../assets/js/gauges.js"),
    include_str!("../assets/js/learning.js"),
    include_str!("../assets/js/tradeoff.js"),
    include_str!("../assets/js/fronts.js"),
    include_str!("../assets/js/choices.js"),
    include_str!("../assets/js/table.js"),
    include_str!("../assets/js/sections.js"),
    include_str!("../assets/js/main.js"),
];

/// The curves of a task by their quantity: `best`, `rank` and each gauge of the strategies.
type Curves = BTreeMap<String, Vec<Curve>>;

/// The data of a page.
#[derive(Serialize)]
struct Data<'a> {
    report: &'a Report,
    /// For each task.
    curves: Vec<Curves>,
    /// For each task.
    summaries: Vec<Vec<Summary>>,
    /// For each task.
    attainments: Vec<Vec<Attainment>>,
}

impl Report {
    /// The page: an HTML document that needs nothing beside it.
    pub fn html(&self) -> String {
        let data = Data {
            report: self,
            curves: self.tasks.iter().map(curves).collect(),
            summaries: self.tasks.iter().map(summarise).collect(),
            attainments: self.tasks.iter().map(attainments).collect(),
        };
        // Numbers, texts and maps with keys that are texts: there is nothing that JSON cannot hold,
        // and a buffer in memory takes all of it.
        let data = packed(&data).expect("the data of a page are JSON");
        let program = SCRIPTS.concat();
        let notice = [NOTICE, LICENCES[0], LICENCES[1]]
            .map(str::trim)
            .join("\n\n");
        let mut page = String::with_capacity(PAGE.len() + STYLE.len() + ECHARTS.len() + data.len());
        let mut rest = PAGE;
        while let Some((before, after)) = rest.split_once("{{") {
            page.push_str(before);
            let Some((name, after)) = after.split_once("}}") else {
                break;
            };
            page.push_str(match name {
                "style" => STYLE,
                "echarts" => ECHARTS,
                "notice" => &notice,
                "unpack" => UNPACK,
                "program" => &program,
                "data" => &data,
                _ => "",
            });
            if name == "title" {
                page.push_str(&escaped(&self.title));
            }
            rest = after;
        }
        page.push_str(rest);
        page
    }
}

/// JSON, compressed and in Base64.
fn packed(data: &impl Serialize) -> io::Result<String> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::new(7));
    let json = serde_json::to_vec(data)?;
    gzip.write_all(&json)?;
    Ok(STANDARD.encode(gzip.finish()?))
}

/// The data of a page, read again: `report`, `curves` and `summaries`. `None` if the text is not a
/// page.
pub fn unpacked(page: &str) -> Option<Value> {
    let (_, after) = page.split_once("id=\"data\">")?;
    let (text, _) = after.split_once('<')?;
    let bytes = STANDARD.decode(text.trim()).ok()?;
    serde_json::from_reader(GzDecoder::new(&bytes[..])).ok()
}

fn escaped(text: &str) -> String {
    (text.replace('&', "&amp;"))
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// All curves of a task.
fn curves(task: &Task) -> Curves {
    let gauges: BTreeSet<&str> = (task.runs.iter())
        .flat_map(|run| run.rounds.iter().flat_map(|r| r.gauges.keys()))
        .map(String::as_str)
        .collect();
    let mut curves = Curves::new();
    let by_cost = task.is_by_cost();
    curves.insert(
        "best".into(),
        along(task, by_cost, |run| {
            improvements(run, by_cost)
                .iter()
                .map(|s| (s.0, s.1))
                .collect()
        }),
    );
    let ranks = |run: &Run| ranks(run, by_cost);
    curves.insert("rank".into(), along(task, by_cost, ranks));
    let volumes = |run: &Run| {
        run.hypervolume
            .iter()
            .map(|(query, v)| (*query, *v))
            .collect()
    };
    curves.insert("hypervolume".into(), of(task, volumes));
    for gauge in gauges {
        let points = |run: &Run| {
            let rounds = run.rounds.iter();
            rounds
                .filter_map(|r| Some((r.queries, *r.gauges.get(gauge)?)))
                .collect()
        };
        curves.insert(gauge.to_owned(), of(task, points));
    }
    curves.retain(|_, curves| !curves.is_empty());
    curves
}

/// The improvements of a run, by cost or by query.
fn improvements(run: &Run, by_cost: bool) -> &[Step] {
    if by_cost { &run.cost_steps } else { &run.steps }
}

/// The ranks of a run's improvements, or its ranks at some budgets if only those are known.
fn ranks(run: &Run, by_cost: bool) -> Vec<(usize, f64)> {
    let steps: Vec<(usize, f64)> = (improvements(run, by_cost).iter())
        .filter_map(|step| Some((step.0, step.2? as f64)))
        .collect();
    if steps.is_empty() && !by_cost {
        run.rank_at
            .iter()
            .map(|(q, rank)| (*q, *rank as f64))
            .collect()
    } else {
        steps
    }
}

/// A curve over queries for each strategy.
fn of(task: &Task, points: impl Fn(&Run) -> Vec<(usize, f64)>) -> Vec<Curve> {
    along(task, false, points)
}

/// A curve for each strategy, over cost or over queries.
fn along(task: &Task, by_cost: bool, points: impl Fn(&Run) -> Vec<(usize, f64)>) -> Vec<Curve> {
    let mut strategies: Vec<(&str, Vec<Trace>, usize)> = Vec::new();
    for run in &task.runs {
        let spent = run.cost.filter(|_| by_cost).unwrap_or(run.queries);
        let trace = Trace {
            points: points(run)
                .into_iter()
                .filter(|(_, v)| v.is_finite())
                .collect(),
            until: (run.state != State::Finished).then_some(spent),
        };
        match strategies
            .iter_mut()
            .find(|(name, ..)| *name == run.strategy)
        {
            Some((_, traces, end)) => {
                traces.push(trace);
                *end = (*end).max(spent);
            }
            None => strategies.push((&run.strategy, vec![trace], spent)),
        }
    }
    (strategies.iter())
        .filter_map(|(name, traces, end)| aggregate(name, traces, *end))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let run = |seed, state, queries| Run {
            strategy: "random".into(),
            seed,
            state,
            queries,
            best: Some(2.0),
            steps: vec![Step(1, 1.0, Some(9)), Step(4, 2.0, Some(3))],
            ..Run::default()
        };
        Report {
            title: "a < b & {{style}}".into(),
            tasks: vec![Task {
                runs: vec![run(0, State::Finished, 10), run(1, State::Unfinished, 6)],
                ..Task::default()
            }],
            ..Report::default()
        }
    }

    #[test]
    fn the_page_holds_all_that_it_needs() {
        let page = report().html();
        assert!(page.contains("<title>a &lt; b &amp; {{style}}</title>"));
        for outside in ["src=\"", "href=\"http", "@import", "url(http", "fetch("] {
            let own = page.replace(ECHARTS, "");
            assert!(!own.contains(outside), "{outside}");
        }
        assert!(page.ends_with("</html>\n"));
    }

    #[test]
    fn curves_end_where_the_first_run_is_broken_off() {
        let data = unpacked(&report().html()).unwrap();
        let curve = &data["curves"][0]["best"][0];
        assert_eq!(curve["x"], serde_json::json!([1, 4, 6]));
        assert_eq!(curve["runs"], 2);
        assert_eq!(data["curves"][0]["rank"][0]["mean"][1], 3.0);
        assert_eq!(data["summaries"][0][0]["finished"], 1);
        assert_eq!(data["report"]["tasks"][0]["runs"][1]["state"], "unfinished");
    }

    #[test]
    fn runs_with_several_fidelities_are_compared_by_cost() {
        let mut report = report();
        for run in &mut report.tasks[0].runs {
            run.cost = Some(10 * run.queries);
            run.cost_steps = vec![Step(3, 1.0, Some(9)), Step(31, 2.0, Some(3))];
        }
        let data = unpacked(&report.html()).unwrap();
        let curves = &data["curves"][0];
        assert_eq!(curves["best"][0]["x"], serde_json::json!([3, 31, 60]));
        assert_eq!(curves["rank"][0]["x"], serde_json::json!([3, 31, 60]));
        // A run whose cost is not known cannot be placed.
        report.tasks[0].runs[0].cost = None;
        let data = unpacked(&report.html()).unwrap();
        let curve = &data["curves"][0]["best"][0];
        assert_eq!(curve["x"], serde_json::json!([1, 4, 6]));
    }

    /// The colours of a list in `base.js`, as linear red, green and blue.
    fn colours(list: &str) -> Vec<[f64; 3]> {
        let (_, after) = SCRIPTS[0].split_once(&format!("const {list} = [")).unwrap();
        let (inside, _) = after.split_once(']').unwrap();
        let channel = |text: &str| {
            let value = f64::from(u8::from_str_radix(text, 16).unwrap()) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        let hex = inside.split('"').filter(|text| text.starts_with('#'));
        hex.map(|text| [1, 3, 5].map(|i| channel(&text[i..i + 2])))
            .collect()
    }

    /// The product of a matrix and a colour, clamped to the visible range.
    fn times(matrix: &[[f64; 3]; 3], colour: [f64; 3]) -> [f64; 3] {
        matrix.map(|row| {
            let sum: f64 = row.iter().zip(colour).map(|(a, b)| a * b).sum();
            sum.clamp(0.0, 1.0)
        })
    }

    /// A colour in CIELAB.
    fn lab(colour: [f64; 3]) -> [f64; 3] {
        let xyz = times(
            &[
                [0.433_95, 0.376_22, 0.189_83],
                [0.212_67, 0.715_15, 0.072_18],
                [0.017_76, 0.109_47, 0.872_77],
            ],
            colour,
        );
        let [x, y, z] = xyz.map(|t| {
            if t > 0.008_856 {
                t.cbrt()
            } else {
                (903.3 * t + 16.0) / 116.0
            }
        });
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    /// The colours of lines are far apart for people who see three kinds of light, and for those
    /// who see no red or no green (Machado, Oliveira and Fernandes 2009, severity 1).
    #[test]
    fn colours_are_told_apart_without_red_and_without_green() {
        let seen = [
            [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            [
                [0.152_286, 1.052_583, -0.204_868],
                [0.114_503, 0.786_281, 0.099_216],
                [-0.003_882, -0.048_116, 1.051_998],
            ],
            [
                [0.367_322, 0.860_646, -0.227_968],
                [0.280_085, 0.672_501, 0.047_413],
                [-0.011_820, 0.042_940, 0.968_881],
            ],
        ];
        for list in ["LIGHT", "DARK"] {
            let colours = colours(list);
            assert!(colours.len() > 5, "{list}");
            for (i, one) in colours.iter().enumerate() {
                for (j, other) in colours.iter().enumerate().skip(i + 1) {
                    for eyes in &seen {
                        let [a, b] = [one, other].map(|c| lab(times(eyes, *c)));
                        let squares = a.iter().zip(b).map(|(a, b)| (a - b).powi(2));
                        let apart = squares.sum::<f64>().sqrt();
                        assert!(apart > 20.0, "{list}: {i} and {j} are {apart} apart");
                    }
                }
            }
        }
    }

    #[test]
    fn scripts_cannot_end_early() {
        for script in SCRIPTS.iter().chain([&ECHARTS, &UNPACK]) {
            assert!(!script.contains("</script"));
            assert!(!script.contains("<!--"));
        }
    }
}
