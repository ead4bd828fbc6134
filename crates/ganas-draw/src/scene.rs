//! Geometry of a drawing, which an SVG document writes down. Lengths are pixels.

use crate::cells;
use crate::figure::{Change, Figure};
use crate::label;
use crate::rows;

/// The advance of a character of the monospace fonts in use, at most, at the size of labels.
const CHARACTER: f64 = 7.3;
/// The same for small text.
const SMALL_CHARACTER: f64 = 6.1;
/// The most columns of a label that is drawn in full.
const LABEL: usize = 30;
pub const PADDING: f64 = 20.0;
const HEIGHT: f64 = 28.0;
/// The height of a tile with a second line.
const TALL: f64 = 42.0;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

/// A box by its upper left corner and its size.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// The meaning of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// An input or output.
    End,
    /// A feature map.
    Map,
    /// An op.
    Op,
}

/// A box with a label.
#[derive(Clone, Debug)]
pub struct Tile {
    pub rect: Rect,
    pub shape: Shape,
    pub op: Option<u8>,
    /// The label in full.
    pub label: String,
    /// The op that was here before.
    pub was: Option<String>,
    pub change: Change,
    /// True if the part has no effect on the network.
    pub faint: bool,
}

/// A line with an arrow at its end, or none. Two points that share neither coordinate are joined by
/// a curve that leaves and arrives vertically.
#[derive(Clone, Debug)]
pub struct Wire {
    pub route: Vec<Point>,
    pub arrow: bool,
    pub change: Change,
    pub faint: bool,
}

/// A named area behind tiles, or only a name.
#[derive(Clone, Debug)]
pub struct Frame {
    pub rect: Rect,
    pub name: String,
    pub filled: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Scene {
    pub width: f64,
    pub height: f64,
    pub frames: Vec<Frame>,
    pub wires: Vec<Wire>,
    pub tiles: Vec<Tile>,
}

impl Scene {
    /// The scene of a figure, with the names of its ops.
    pub fn of(figure: &Figure, ops: &[String]) -> Scene {
        match figure {
            Figure::Cells(cells) => cells::scene(cells, ops),
            Figure::Chain(stages) => rows::scene(stages, ops),
        }
    }

    /// Moves everything.
    pub fn shift(&mut self, x: f64, y: f64) {
        let rects = (self.frames.iter_mut().map(|f| &mut f.rect))
            .chain(self.tiles.iter_mut().map(|t| &mut t.rect));
        for rect in rects {
            rect.x += x;
            rect.y += y;
        }
        for point in self.wires.iter_mut().flat_map(|w| &mut w.route) {
            point.x += x;
            point.y += y;
        }
    }
}

/// The width of a label in a tile.
pub fn text_width(text: &str) -> f64 {
    label::columns(text) as f64 * CHARACTER
}

/// The part of a label that is drawn.
pub fn shown(label: &str) -> String {
    label::clip(label, LABEL)
}

impl Tile {
    /// The tile of an op, not in its place yet.
    pub fn op(op: u8, change: Change, ops: &[String]) -> Tile {
        let mut tile = Tile::new(Shape::Op, ops[usize::from(op)].clone(), change);
        tile.op = Some(op);
        if let Change::Changed(before) = change {
            tile.was = Some(ops[usize::from(before)].clone());
            tile.rect.height = TALL;
            // As wide as `was ` and the other name in small text.
            let was = (label::columns(&shown(&ops[usize::from(before)])) + 4) as f64;
            tile.rect.width = tile.rect.width.max(was * SMALL_CHARACTER + PADDING);
        }
        tile
    }

    /// A tile without an op.
    pub fn new(shape: Shape, label: String, change: Change) -> Tile {
        let width = (text_width(&shown(&label)) + PADDING).max(HEIGHT);
        Tile {
            rect: Rect {
                width,
                height: HEIGHT,
                ..Rect::default()
            },
            shape,
            op: None,
            label,
            was: None,
            change,
            faint: false,
        }
    }
}

impl Rect {
    pub fn right(&self) -> f64 {
        self.x + self.width
    }

    pub fn bottom(&self) -> f64 {
        self.y + self.height
    }

    pub fn centre(&self) -> Point {
        Point {
            x: self.x + self.width / 2.0,
            y: self.y + self.height / 2.0,
        }
    }
}
