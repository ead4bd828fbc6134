//! The legend below a drawing.

use std::collections::BTreeMap;

use super::{MARGIN, number, put, put_rect};
use crate::Drawing;
use crate::figure::Figure;
use crate::label;
use crate::scene::{Rect, text_width};

/// The height of a line of the legend, and between two of its entries.
const ENTRY: f64 = 22.0;
const BETWEEN: f64 = 22.0;
/// A swatch with the blank after it.
const SWATCH: f64 = 22.0;

/// An entry of the legend: its text and its class.
struct Entry {
    class: String,
    text: String,
    x: f64,
    line: usize,
}

/// The colours of the ops, with the count of each op unless the drawing is a difference.
pub struct Legend {
    pub ops: BTreeMap<u8, usize>,
    entries: Vec<Entry>,
    pub width: f64,
    pub height: f64,
}

impl Legend {
    /// The legend of a drawing, wrapped to a width in pixels.
    pub fn of(drawing: &Drawing, width: f64) -> Legend {
        let ops = count(&drawing.figure);
        let named = ops.iter().map(|(&op, &times)| {
            let name = label::clip(&drawing.ops[usize::from(op)], 60);
            let text = match drawing.tally {
                None => format!("{name} ×{times}"),
                Some(_) => name,
            };
            (format!("ganas-op ganas-op{op}"), text)
        });
        let changes = drawing.tally.map_or_else(Vec::new, |tally| {
            let kinds = [
                ("added", tally.added),
                ("removed", tally.removed),
                ("changed", tally.changed),
            ];
            (kinds.iter())
                .filter(|(_, count)| *count > 0)
                .map(|(kind, _)| (format!("ganas-end ganas-{kind}"), kind.to_string()))
                .collect()
        });
        let mut legend = Legend {
            entries: Vec::new(),
            width: 0.0,
            height: 0.0,
            ops: ops.clone(),
        };
        let (mut x, mut line) = (0.0, 0);
        for (class, text) in named.chain(changes) {
            let entry = SWATCH + text_width(&text);
            if x > 0.0 && x + entry > width {
                (x, line) = (0.0, line + 1);
            }
            legend.entries.push(Entry {
                class,
                text,
                x,
                line,
            });
            legend.width = legend.width.max(x + entry);
            legend.height = (line + 1) as f64 * ENTRY;
            x += entry + BETWEEN;
        }
        legend
    }

    /// Writes the legend from this height on.
    pub fn put(&self, out: &mut String, top: f64) {
        for entry in &self.entries {
            let (x, y) = (MARGIN + entry.x, top + entry.line as f64 * ENTRY);
            let swatch = Rect {
                x: x + 1.0,
                y: y + 3.0,
                width: 14.0,
                height: 14.0,
            };
            put_rect(out, &entry.class, swatch, 3.0, "");
            put(
                out,
                format_args!(
                    "<text x=\"{}\" y=\"{}\">{}</text>\n",
                    number(x + SWATCH),
                    number(y + 14.0),
                    label::xml(&entry.text)
                ),
            );
        }
    }
}

/// The number of times that each op is drawn.
fn count(figure: &Figure) -> BTreeMap<u8, usize> {
    let mut ops = BTreeMap::new();
    let mut add = |op: u8| *ops.entry(op).or_insert(0) += 1;
    match figure {
        Figure::Cells(cells) => {
            for cell in cells {
                cell.nodes.iter().filter_map(|n| n.op).for_each(&mut add);
                cell.edges.iter().filter_map(|e| e.op).for_each(&mut add);
            }
        }
        Figure::Chain(stages) => {
            (stages.iter().flat_map(|s| &s.layers)).for_each(|layer| add(layer.op));
        }
    }
    ops
}
