//! The drawing of levels and estimates.

use std::fmt::Write;

use ganas_study::rare_event::{Record, Report};

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 360.0;
const COLOURS: [(&str, &str); 3] = [
    ("monte-carlo", "#777777"),
    ("cross-entropy", "#2a6fbb"),
    ("ga-nas", "#c2571a"),
];

/// A panel: where it is, and the ranges of its axes.
struct Panel {
    left: f64,
    width: f64,
    x: [f64; 2],
    y: [f64; 2],
}

const TOP: f64 = 44.0;
const DEPTH: f64 = 250.0;

impl Panel {
    fn x(&self, value: f64) -> f64 {
        self.left + self.width * (value - self.x[0]) / (self.x[1] - self.x[0]).max(1e-300)
    }

    fn y(&self, value: f64) -> f64 {
        let share = (value - self.y[0]) / (self.y[1] - self.y[0]).max(1e-300);
        TOP + DEPTH * (1.0 - share.clamp(0.0, 1.0))
    }

    fn frame(&self, out: &mut String, title: &str, below: &str) {
        let right = self.left + self.width;
        let bottom = TOP + DEPTH;
        put(
            out,
            format_args!(
                "<path class=\"axis\" d=\"M{:.1} {TOP:.1}V{bottom:.1}H{right:.1}\"/>\n",
                self.left
            ),
        );
        put(
            out,
            format_args!(
                "<text class=\"title\" x=\"{:.1}\" y=\"28\">{title}</text>\n",
                self.left
            ),
        );
        put(
            out,
            format_args!(
                "<text x=\"{right:.1}\" y=\"{:.1}\" text-anchor=\"end\">{below}</text>\n",
                bottom + 18.0
            ),
        );
    }

    fn mark(&self, out: &mut String, value: f64, text: &str) {
        put(
            out,
            format_args!(
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>\n",
                self.left - 6.0,
                self.y(value) + 4.0
            ),
        );
    }

    fn rule(&self, out: &mut String, value: f64) {
        put(
            out,
            format_args!(
                "<path class=\"exact\" d=\"M{:.1} {:.1}h{:.1}\"/>\n",
                self.left,
                self.y(value),
                self.width
            ),
        );
    }
}

/// The document: on the left how gamma rises with the queries of each method's first seed, on the
/// right each seed's estimate and interval, on a logarithmic axis.
pub fn draw(report: &Report) -> String {
    let mut out = String::new();
    put(
        &mut out,
        format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{WIDTH}\" height=\"{HEIGHT}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\">\n\
             <title>Rare-event estimates on {}</title>\n\
             <style>text{{font:12px sans-serif;fill:#333}}.title{{font-weight:bold}}.axis{{fill:none;stroke:#333}}.exact{{fill:none;stroke:#333;stroke-dasharray:5 4}}.level{{fill:none;stroke-width:1.6}}.bar{{stroke-width:1.2;stroke-opacity:0.6}}</style>\n\
             <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n",
            report.space
        ),
    );
    levels(&mut out, report);
    estimates(&mut out, report);
    let shown = COLOURS
        .iter()
        .filter(|(m, _)| report.estimates.iter().any(|r| r.method == *m));
    for (i, (method, colour)) in shown.enumerate() {
        let x = 70.0 + 140.0 * i as f64;
        put(
            &mut out,
            format_args!(
                "<rect x=\"{x:.1}\" y=\"334\" width=\"12\" height=\"12\" fill=\"{colour}\"/><text x=\"{:.1}\" y=\"344\">{method}</text>\n",
                x + 18.0
            ),
        );
    }
    put(
        &mut out,
        format_args!(
            "<text x=\"500\" y=\"344\">dashed: alpha, and the exact value</text>\n</svg>\n"
        ),
    );
    out
}

fn levels(out: &mut String, report: &Report) {
    let first: Vec<&Record> = (COLOURS.iter())
        .filter_map(|(m, _)| report.estimates.iter().find(|r| r.method == *m))
        .collect();
    let gammas = || {
        first
            .iter()
            .flat_map(|r| &r.levels)
            .map(|l| l.gamma)
            .chain([report.alpha])
    };
    let panel = Panel {
        left: 70.0,
        width: 330.0,
        x: [0.0, report.settings.queries as f64],
        y: [
            gammas().fold(f64::MAX, f64::min),
            gammas().fold(f64::MIN, f64::max),
        ],
    };
    panel.frame(
        out,
        "Level gamma",
        &format!("{} queries", report.settings.queries),
    );
    for end in panel.y {
        panel.mark(out, end, &short(end));
    }
    panel.rule(out, report.alpha);
    for record in first {
        let points: Vec<String> = (record.levels.iter())
            .map(|l| format!("{:.1},{:.1}", panel.x(l.queries as f64), panel.y(l.gamma)))
            .collect();
        let colour = colour(record.method);
        put(
            out,
            format_args!(
                "<polyline class=\"level\" stroke=\"{colour}\" points=\"{}\"/>\n",
                points.join(" ")
            ),
        );
    }
}

fn estimates(out: &mut String, report: &Report) {
    let logs = || {
        (report.estimates.iter())
            .flat_map(|r| [r.estimate.estimate, r.estimate.ci95[1]])
            .chain(report.exact)
            .filter(|p| *p > 0.0)
            .map(f64::log10)
    };
    let panel = Panel {
        left: 480.0,
        width: 350.0,
        x: [-0.5, report.estimates.len() as f64 - 0.5],
        y: [
            logs().fold(f64::MAX, f64::min).floor(),
            logs().fold(f64::MIN, f64::max).ceil(),
        ],
    };
    panel.frame(
        out,
        "Estimates of l(alpha) with 95 % intervals",
        "seeds of each method",
    );
    let mut decade = panel.y[0];
    while decade <= panel.y[1] {
        panel.mark(out, decade, &format!("1e{decade:.0}"));
        decade += 1.0;
    }
    if let Some(exact) = report.exact.filter(|p| *p > 0.0) {
        panel.rule(out, exact.log10());
    }
    let at = |p: f64| panel.y(if p > 0.0 { p.log10() } else { f64::MIN });
    for (i, record) in report.estimates.iter().enumerate() {
        let (x, e, colour) = (panel.x(i as f64), &record.estimate, colour(record.method));
        let [low, high] = e.ci95;
        put(
            out,
            format_args!(
                "<path class=\"bar\" stroke=\"{colour}\" d=\"M{x:.1} {:.1}V{:.1}\"/><circle cx=\"{x:.1}\" cy=\"{:.1}\" r=\"2\" fill=\"{colour}\"/>\n",
                at(low),
                at(high),
                at(e.estimate)
            ),
        );
    }
}

fn colour(method: &str) -> &'static str {
    (COLOURS.iter())
        .find(|(m, _)| *m == method)
        .map_or("#000000", |(_, c)| c)
}

/// A number with five significant digits.
fn short(value: f64) -> String {
    let digits = 4 - value.abs().max(1e-9).log10().floor() as i32;
    format!("{value:.*}", digits.clamp(0, 9) as usize)
}

/// Appends formatted text.
fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(text);
}
