//! Layout of chains.

use crate::figure::{Change, Stage};
use crate::scene::{Frame, PADDING, Point, Rect, Scene, Shape, Tile, Wire, text_width};

/// A row is full at this width.
const WIDTH: f64 = 860.0;
/// The gap between two tiles, and between two rows.
const ACROSS: f64 = 28.0;
const DOWN: f64 = 30.0;
/// Between a stage's frame and its tiles.
const MARGIN: f64 = 10.0;

/// Tiles side by side, of one stage.
struct Row {
    stage: Option<usize>,
    tiles: Vec<Tile>,
}

/// The rows of a chain, from its input to its output, without positions.
fn rows(stages: &[Stage], ops: &[String]) -> Vec<Row> {
    let input = Tile::new(Shape::End, "input".into(), Change::Same);
    let output = Tile::new(Shape::End, "output".into(), Change::Same);
    let mut rows = vec![Row {
        stage: None,
        tiles: vec![input],
    }];
    let of_stage = |stage: &Stage| -> Vec<Tile> {
        (stage.layers.iter())
            .map(|layer| Tile::op(layer.op, layer.change, ops))
            .collect()
    };
    let tiles: Vec<Vec<Tile>> = stages.iter().map(of_stage).collect();
    // All as wide as the widest, so that they stand in columns.
    let width = (tiles.iter().flatten()).fold(0.0, |most: f64, t| most.max(t.rect.width));
    for (s, (stage, mut tiles)) in stages.iter().zip(tiles).enumerate() {
        tiles.iter_mut().for_each(|tile| tile.rect.width = width);
        push(&mut rows, (!stage.name.is_empty()).then_some(s), tiles);
    }
    push(&mut rows, None, vec![output]);
    rows
}

/// The scene of a chain. A stage begins a new row, and so does a tile that does not fit.
pub fn scene(stages: &[Stage], ops: &[String]) -> Scene {
    let mut rows = rows(stages, ops);

    let titles = stages.iter().map(|stage| text_width(&stage.name));
    let widest = titles.fold(0.0, f64::max);
    let left = if widest > 0.0 {
        widest + PADDING + MARGIN
    } else {
        0.0
    };
    let mut scene = Scene::default();
    let mut bands: Vec<(Option<usize>, f64, f64)> = Vec::new();
    let mut y = 0.0;
    for (i, row) in rows.iter_mut().enumerate() {
        let height = row.tiles.iter().map(|t| t.rect.height).fold(28.0, f64::max);
        if i > 0 {
            y += DOWN;
        }
        let mut x = left;
        for (j, tile) in row.tiles.iter_mut().enumerate() {
            if j > 0 {
                x += ACROSS;
            }
            tile.rect.x = x;
            tile.rect.y = y + (height - tile.rect.height) / 2.0;
            x += tile.rect.width;
        }
        scene.width = scene.width.max(x);
        match bands
            .last_mut()
            .filter(|band| row.stage.is_some() && band.0 == row.stage)
        {
            Some(band) => band.2 = y + height,
            None => bands.push((row.stage, y, y + height)),
        }
        y += height;
    }
    scene.height = y;
    if widest > 0.0 {
        scene.width += MARGIN;
    }
    for (stage, top, bottom) in bands {
        if let Some(stage) = stage {
            scene.frames.push(Frame {
                rect: Rect {
                    x: 0.0,
                    y: top - MARGIN,
                    width: scene.width,
                    height: bottom - top + 2.0 * MARGIN,
                },
                name: stages[stage].name.clone(),
                filled: true,
            });
        }
    }
    scene.tiles = rows.into_iter().flat_map(|row| row.tiles).collect();
    scene.wires = scene
        .tiles
        .windows(2)
        .map(|pair| wire(&pair[0], &pair[1]))
        .collect();
    scene
}

/// Appends tiles to the last row, if it is of the same stage, or to further ones.
fn push(rows: &mut Vec<Row>, stage: Option<usize>, tiles: Vec<Tile>) {
    for tile in tiles {
        let fits = |row: &&mut Row| {
            let width: f64 = row.tiles.iter().map(|t| t.rect.width + ACROSS).sum();
            row.stage == stage && width + tile.rect.width <= WIDTH
        };
        match rows.last_mut().filter(fits) {
            Some(row) => row.tiles.push(tile),
            None => rows.push(Row {
                stage,
                tiles: vec![tile],
            }),
        }
    }
}

/// The wire from a tile to the next: across, or down to the start of the next row.
fn wire(from: &Tile, to: &Tile) -> Wire {
    let (a, b) = (from.rect.centre(), to.rect.centre());
    let route = if from.rect.right() <= to.rect.x && (a.y - b.y).abs() < 1e-6 {
        vec![
            Point {
                x: from.rect.right(),
                y: a.y,
            },
            Point {
                x: to.rect.x,
                y: b.y,
            },
        ]
    } else if (from.rect.x..=from.rect.right()).contains(&b.x) {
        vec![
            Point {
                x: b.x,
                y: from.rect.bottom(),
            },
            Point {
                x: b.x,
                y: to.rect.y,
            },
        ]
    } else {
        let middle = to.rect.y - DOWN / 2.0;
        vec![
            Point {
                x: a.x,
                y: from.rect.bottom(),
            },
            Point { x: a.x, y: middle },
            Point { x: b.x, y: middle },
            Point {
                x: b.x,
                y: to.rect.y,
            },
        ]
    };
    let removed = [from, to].iter().any(|t| t.change == Change::Removed);
    Wire {
        route,
        arrow: true,
        change: if removed {
            Change::Removed
        } else {
            Change::Same
        },
        faint: false,
    }
}
