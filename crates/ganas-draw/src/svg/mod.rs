//! Drawings as SVG documents.

mod legend;
mod style;

use std::fmt::Write;

use crate::Drawing;
use crate::figure::Change;
use crate::label;
use crate::scene::{Frame, Point, Rect, Scene, Shape, Tile, Wire, shown, text_width};

use legend::Legend;

/// Around everything.
const MARGIN: f64 = 20.0;
/// The line of the title.
const TITLE: f64 = 34.0;
/// The least width that a legend is wrapped to.
const LEGEND: f64 = 320.0;

/// Writes the document.
pub fn write(drawing: &Drawing) -> String {
    let mut scene = Scene::of(&drawing.figure, &drawing.ops);
    let title = shown_title(&drawing.title);
    let inner = scene.width.max(text_width(&title) * 14.0 / 12.0);
    let legend = Legend::of(drawing, inner.max(LEGEND));
    let inner = inner.max(legend.width);
    scene.shift(MARGIN + (inner - scene.width) / 2.0, MARGIN + TITLE);
    let under = MARGIN + TITLE + scene.height + MARGIN;
    let width = inner + 2.0 * MARGIN;
    let height = under + legend.height + MARGIN;

    let mut out = String::new();
    let (w, h) = (number(width.ceil()), number(height.ceil()));
    put(
        &mut out,
        format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"ganas\" role=\"img\" \
             width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\">\n\
             <title>{}</title>\n<desc>{}</desc>\n",
            label::xml(&drawing.title),
            label::xml(&drawing.notation)
        ),
    );
    let style = style::sheet(legend.ops.keys().copied());
    put(&mut out, format_args!("<style>\n{style}</style>\n"));
    put(
        &mut out,
        format_args!("<rect class=\"ganas-back\" width=\"{w}\" height=\"{h}\" rx=\"8\"/>\n"),
    );
    put(
        &mut out,
        format_args!(
            "<text class=\"ganas-title\" x=\"{}\" y=\"{}\">{}</text>\n",
            number(MARGIN),
            number(MARGIN + 13.0),
            label::xml(&title)
        ),
    );
    scene
        .frames
        .iter()
        .for_each(|frame| put_frame(&mut out, frame));
    scene.wires.iter().for_each(|wire| put_wire(&mut out, wire));
    scene.tiles.iter().for_each(|tile| put_tile(&mut out, tile));
    legend.put(&mut out, under);
    out.push_str("</svg>\n");
    out
}

fn shown_title(title: &str) -> String {
    label::clip(title, 72)
}

/// Appends formatted text.
fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(text);
}

/// A length with at most one decimal.
fn number(length: f64) -> String {
    let tenths = (length * 10.0).round() as i64;
    match tenths % 10 {
        0 => (tenths / 10).to_string(),
        _ => format!("{:.1}", tenths as f64 / 10.0),
    }
}

fn put_frame(out: &mut String, frame: &Frame) {
    let Rect { x, y, height, .. } = frame.rect;
    if frame.filled {
        put_rect(out, "ganas-frame", frame.rect, 8.0, "");
    }
    let left = if frame.filled { x + 10.0 } else { x };
    put(
        out,
        format_args!(
            "<text class=\"ganas-name\" x=\"{}\" y=\"{}\">{}</text>\n",
            number(left),
            number(if frame.filled {
                y + height / 2.0 + 4.0
            } else {
                y + 12.0
            }),
            label::xml(&frame.name)
        ),
    );
}

fn put_rect(out: &mut String, class: &str, rect: Rect, radius: f64, inside: &str) {
    let [x, y, width, height] = [rect.x, rect.y, rect.width, rect.height].map(number);
    put(
        out,
        format_args!(
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" \
             rx=\"{}\"",
            number(radius)
        ),
    );
    match inside {
        "" => out.push_str("/>\n"),
        inside => put(out, format_args!(">{inside}</rect>\n")),
    }
}

fn put_wire(out: &mut String, wire: &Wire) {
    let [.., before, end] = wire.route[..] else {
        return;
    };
    let (dx, dy) = (end.x - before.x, end.y - before.y);
    // Arrows stand on the axes, as the last piece of every route arrives.
    let (ux, uy) = if dy.abs() > 1e-6 {
        (0.0, dy.signum())
    } else {
        (dx.signum(), 0.0)
    };
    let (class, head) = match wire.change {
        Change::Same | Change::Changed(_) => ("", "ganas-head"),
        Change::Added => (" ganas-added", "ganas-head ganas-head-added"),
        Change::Removed => (" ganas-removed", "ganas-head ganas-head-removed"),
    };
    let faint = if wire.faint { " ganas-faint" } else { "" };
    let mut route = wire.route.clone();
    if let Some(last) = route.last_mut().filter(|_| wire.arrow) {
        // Under the arrow's head, not through its tip.
        *last = Point {
            x: last.x - 5.0 * ux,
            y: last.y - 5.0 * uy,
        };
    }
    put(
        out,
        format_args!(
            "<path class=\"ganas-wire{class}{faint}\" d=\"{}\"/>\n",
            path(&route)
        ),
    );
    if wire.arrow {
        let at = |along: f64, across: f64| {
            format!(
                "{} {}",
                number(end.x - along * ux - across * uy),
                number(end.y - along * uy + across * ux)
            )
        };
        put(
            out,
            format_args!(
                "<path class=\"{head}{faint}\" d=\"M{} L{} L{} Z\"/>\n",
                at(0.0, 0.0),
                at(8.0, 4.0),
                at(8.0, -4.0)
            ),
        );
    }
}

/// A route as path data: lines along the axes, curves that leave and arrive vertically elsewhere.
fn path(route: &[Point]) -> String {
    let at = |p: Point| format!("{} {}", number(p.x), number(p.y));
    let mut data = route
        .first()
        .map_or_else(String::new, |&p| format!("M{}", at(p)));
    for pair in route.windows(2) {
        let (p, q) = (pair[0], pair[1]);
        if (p.x - q.x).abs() < 0.05 || (p.y - q.y).abs() < 0.05 {
            put(&mut data, format_args!(" L{}", at(q)));
        } else {
            let y = (p.y + q.y) / 2.0;
            let (leave, arrive) = (Point { x: p.x, y }, Point { x: q.x, y });
            put(
                &mut data,
                format_args!(" C{}, {}, {}", at(leave), at(arrive), at(q)),
            );
        }
    }
    data
}

fn put_tile(out: &mut String, tile: &Tile) {
    let mut class = match tile.shape {
        Shape::End => String::from("ganas-end"),
        Shape::Map => String::from("ganas-map"),
        Shape::Op => String::from("ganas-op"),
    };
    if let Some(op) = tile.op {
        put(&mut class, format_args!(" ganas-op{op}"));
    }
    class.push_str(match tile.change {
        Change::Same => "",
        Change::Added => " ganas-added",
        Change::Removed => " ganas-removed ganas-gone",
        Change::Changed(_) => " ganas-changed",
    });
    if tile.faint {
        class.push_str(" ganas-faint");
    }
    let radius = match tile.shape {
        Shape::Op => 6.0,
        _ => tile.rect.height / 2.0,
    };
    let hint = match &tile.was {
        Some(was) => format!("{} (was {was})", tile.label),
        None => tile.label.clone(),
    };
    put_rect(
        out,
        &class,
        tile.rect,
        radius,
        &format!("<title>{}</title>", label::xml(&hint)),
    );
    let centre = tile.rect.centre();
    let (gone, faint) = (
        if tile.change == Change::Removed {
            " ganas-gone"
        } else {
            ""
        },
        if tile.faint { " ganas-faint" } else { "" },
    );
    let mut line = |class: &str, y: f64, text: &str| {
        put(
            out,
            format_args!(
                "<text class=\"ganas-label{class}{gone}{faint}\" x=\"{}\" y=\"{}\" \
                 text-anchor=\"middle\">{}</text>\n",
                number(centre.x),
                number(y),
                label::xml(text)
            ),
        );
    };
    match &tile.was {
        None => line("", centre.y + 4.0, &shown(&tile.label)),
        Some(was) => {
            line("", centre.y - 3.0, &shown(&tile.label));
            line(
                " ganas-small",
                centre.y + 13.0,
                &format!("was {}", shown(was)),
            );
        }
    }
}
