use ganas_core::arch::Arch;
use ganas_core::rng::Rng;
use ganas_core::space::{self, NAMES, Sampler, SearchSpace};

use crate::Drawing;
use crate::figure::{Change, Figure};
use crate::label;
use crate::scene::{Point, Rect, Scene, shown, text_width};
use crate::text::NAME;

const FILES: [&str; 6] = [
    "name = 'small'\nkind = 'edge-cell'\nnodes = 2\nops = ['none', 'only']",
    "name = 'wide <&>'\nkind = 'edge-cell'\nnodes = 8\n\
     ops = ['none', 'a', 'b<c>&\"d\"', 'a very long name of an op that nobody would type', '構造']",
    "name = 'complete'\nkind = 'edge-cell'\nnodes = 11\nops = ['conv_3x3', 'conv_5x5', 'none']",
    "name = 'large'\nkind = 'node-cell'\nmax_vertices = 16\nmax_edges = 120\n\
     ops = ['conv3x3', 'a\"b\\c', \"it's\"]",
    "name = 'sparse'\nkind = 'node-cell'\nmax_vertices = 12\nmax_edges = 30\nops = ['x', 'y']",
    "name = 'long'\nkind = 'chain'\nlength = 62\n\
     ops = ['identity', 'mb3_k3', 'skip', 'an inverted bottleneck with a long name, <&>']",
];

fn spaces() -> Vec<Box<dyn SearchSpace>> {
    let named = NAMES.iter().map(|name| space::load(name).unwrap());
    let files = FILES.iter().map(|file| {
        // A comma cannot be in a name that a table holds, but an apostrophe can.
        space::from_toml(&file.replace("name, <", "name <")).unwrap()
    });
    // Configurations are tables of values, not of ops.
    let is_config = |space: &dyn SearchSpace| matches!(space.kind(), space::Kind::Config(_));
    named
        .chain(files)
        .filter(|space| !is_config(&**space))
        .collect()
}

fn sample(space: &dyn SearchSpace, rng: &mut Rng) -> Arch {
    let samplers = space.samplers();
    let sampler: Sampler = samplers[rng.below(samplers.len())];
    space.sample(sampler, rng)
}

/// Drawings of every space: architectures, neighbours and strangers.
fn drawings(count: usize, visit: &mut dyn FnMut(&dyn SearchSpace, &Drawing)) {
    for space in spaces() {
        let space = space.as_ref();
        let mut rng = Rng::stream(0, space.name());
        for _ in 0..count {
            let (a, b) = (sample(space, &mut rng), sample(space, &mut rng));
            let near = if space.size().is_some() {
                space.mutate(&a, &mut rng)
            } else {
                b
            };
            visit(space, &Drawing::of(space, &a).unwrap());
            visit(space, &Drawing::between(space, &a, &b).unwrap());
            visit(space, &Drawing::between(space, &a, &near).unwrap());
        }
    }
}

fn overlap(a: &Rect, b: &Rect) -> bool {
    let crumb = 1e-6;
    a.x + crumb < b.right()
        && b.x + crumb < a.right()
        && a.y + crumb < b.bottom()
        && b.y + crumb < a.bottom()
}

/// The points of a route with those of its curves in between.
fn fine(route: &[Point]) -> Vec<Point> {
    let mut points = Vec::new();
    for pair in route.windows(2) {
        let (p, q) = (pair[0], pair[1]);
        for i in 0..=40 {
            let t = f64::from(i) / 40.0;
            // Of a curve with vertical ends, whose control points are at half the height.
            let smooth = t * t * (3.0 - 2.0 * t);
            let straight = p.x == q.x || p.y == q.y;
            let rise = if straight {
                t
            } else {
                1.5 * t * (1.0 - t) + t * t * t
            };
            points.push(Point {
                x: p.x + (q.x - p.x) * if straight { t } else { smooth },
                y: p.y + (q.y - p.y) * rise,
            });
        }
    }
    points
}

/// A drawing of an architecture as if the structure of its space were unknown.
fn plain(space: &dyn SearchSpace, arch: &Arch) -> Drawing {
    Drawing {
        figure: Figure::plain(space, arch),
        ..Drawing::of(space, arch).unwrap()
    }
}

#[test]
fn nothing_overlaps_and_labels_fit() {
    drawings(100, &mut nothing_overlaps);
    for space in spaces() {
        let space = space.as_ref();
        let mut rng = Rng::stream(6, space.name());
        for _ in 0..10 {
            nothing_overlaps(space, &plain(space, &sample(space, &mut rng)));
        }
    }
}

fn nothing_overlaps(space: &dyn SearchSpace, drawing: &Drawing) {
    let scene = Scene::of(&drawing.figure, &drawing.ops);
    let what = || format!("{}: {}", space.name(), drawing.notation);
    let tiles = &scene.tiles;
    for (i, tile) in tiles.iter().enumerate() {
        let Rect { x, y, width, .. } = tile.rect;
        assert!(x >= -1e-6 && y >= -1e-6, "{}", what());
        assert!(tile.rect.right() <= scene.width + 1e-6, "{}", what());
        assert!(tile.rect.bottom() <= scene.height + 1e-6, "{}", what());
        assert!(text_width(&shown(&tile.label)) < width, "{}", what());
        for other in &tiles[i + 1..] {
            assert!(!overlap(&tile.rect, &other.rect), "{}", what());
        }
    }
    for wire in &scene.wires {
        let (start, end) = (wire.route[0], wire.route[wire.route.len() - 1]);
        assert_ne!(start, end);
        for point in fine(&wire.route) {
            let inside = |r: &Rect| {
                r.x + 0.5 < point.x
                    && point.x < r.right() - 0.5
                    && r.y + 0.5 < point.y
                    && point.y < r.bottom() - 0.5
            };
            assert!(!tiles.iter().any(|t| inside(&t.rect)), "{}", what());
        }
    }
}

#[test]
fn every_wire_ends_at_boxes() {
    drawings(20, &mut |space, drawing| {
        let scene = Scene::of(&drawing.figure, &drawing.ops);
        for wire in &scene.wires {
            for end in [wire.route[0], wire.route[wire.route.len() - 1]] {
                let touches = |r: &Rect| {
                    r.x - 1e-6 <= end.x
                        && end.x <= r.right() + 1e-6
                        && r.y - 1e-6 <= end.y
                        && end.y <= r.bottom() + 1e-6
                };
                assert!(
                    scene.tiles.iter().any(|t| touches(&t.rect)),
                    "{}",
                    space.name()
                );
            }
        }
    });
}

#[test]
fn documents_are_well_formed_and_show_every_op() {
    drawings(40, &mut |space, drawing| {
        let svg = drawing.svg();
        let document = roxmltree::Document::parse(&svg).unwrap();
        let root = document.root_element();
        assert_eq!(root.tag_name().name(), "svg");
        assert!(!svg.contains("href"));
        let texts: Vec<&str> = (root.descendants())
            .filter(|n| n.has_tag_name(("http://www.w3.org/2000/svg", "title")))
            .filter_map(|n| n.text())
            .collect();
        for op in drawn_ops(drawing) {
            let name = &drawing.ops[usize::from(op)];
            assert!(
                texts.iter().any(|t| t.starts_with(name.as_str())),
                "{}",
                space.name()
            );
            let quoted = label::dot(name);
            assert!(drawing.dot().contains(&quoted[1..quoted.len() - 1]));
        }
        for rect in root.descendants().filter(|n| n.attribute("x").is_some()) {
            for name in ["x", "y", "width", "height"] {
                if let Some(value) = rect.attribute(name) {
                    assert!(value.parse::<f64>().unwrap() >= 0.0, "{name}={value}");
                }
            }
        }
    });
}

fn drawn_ops(drawing: &Drawing) -> Vec<u8> {
    match &drawing.figure {
        Figure::Cells(cells) => (cells.iter())
            .flat_map(|c| {
                c.nodes
                    .iter()
                    .map(|n| n.op)
                    .chain(c.edges.iter().map(|e| e.op))
            })
            .flatten()
            .collect(),
        Figure::Chain(stages) => (stages.iter().flat_map(|s| &s.layers))
            .map(|layer| layer.op)
            .collect(),
    }
}

/// Every op of an architecture is in its figure as often as in its positions. Exceptions are `none`
/// edges of edge cells and left-out layers.
#[test]
fn every_op_of_an_architecture_is_drawn() {
    for space in spaces() {
        let space = space.as_ref();
        let mut rng = Rng::stream(3, space.name());
        for _ in 0..100 {
            let arch = sample(space, &mut rng);
            let drawing = Drawing::of(space, &arch).unwrap();
            let mobile = matches!(&drawing.figure, Figure::Chain(s) if !s[0].name.is_empty());
            let cell = matches!(space.kind(), ganas_core::space::Kind::EdgeCell);
            let absent = |op: u8| {
                let name = space.ops()[usize::from(op)].as_str();
                cell && name == "none" || mobile && name == "skip"
            };
            let mut expected: Vec<u8> = arch.ops().to_vec();
            expected.retain(|&op| !absent(op));
            expected.sort_unstable();
            let mut drawn = drawn_ops(&drawing);
            drawn.sort_unstable();
            assert_eq!(drawn, expected, "{}", space.name());
            let text = drawing.text();
            for op in expected {
                let name = label::clip(&drawing.ops[usize::from(op)], NAME);
                assert!(text.contains(&name), "{text}");
            }
        }
    }
}

#[test]
fn text_is_narrow_and_plain() {
    drawings(60, &mut |space, drawing| is_narrow(space, &drawing.text()));
    for space in spaces() {
        let space = space.as_ref();
        let mut rng = Rng::stream(8, space.name());
        is_narrow(space, &plain(space, &sample(space, &mut rng)).text());
    }
}

fn is_narrow(space: &dyn SearchSpace, text: &str) {
    for line in text.lines() {
        assert!(label::columns(line) <= 80, "{}: {line}", space.name());
        assert!(!line.contains('\u{1b}') && line == line.trim_end());
    }
}

#[test]
fn the_same_architectures_give_the_same_bytes() {
    let all = || {
        let mut bytes = Vec::new();
        drawings(5, &mut |_, d| bytes.push((d.svg(), d.dot(), d.text())));
        bytes
    };
    assert_eq!(all(), all());
}

#[test]
fn stages_are_those_of_the_space() {
    let space = space::load("ofa-mobilenetv3").unwrap();
    let mut rng = Rng::stream(1, "test");
    for _ in 0..50 {
        let arch = sample(space.as_ref(), &mut rng);
        let text = space.format(&arch);
        let depths = text.rsplit("d=").next().unwrap();
        let Figure::Chain(stages) = Figure::of(space.as_ref(), &arch) else {
            panic!("not a chain");
        };
        let drawn: String = stages.iter().map(|s| s.layers.len().to_string()).collect();
        assert_eq!(drawn, depths);
    }
}

/// A difference shows exactly the parts that an edit changes, under any numbering of the vertices.
#[test]
fn a_single_edit_is_a_small_difference() {
    for (name, most) in [
        ("nasbench101", 8),
        ("nasbench201", 1),
        ("nasbench301", 2),
        ("ofa-mobilenetv3", 1),
        ("proxylessnas", 1),
    ] {
        let space = space::load(name).unwrap();
        let space = space.as_ref();
        let mut rng = Rng::stream(2, name);
        let mut sizes = Vec::new();
        for _ in 0..100 {
            let arch = sample(space, &mut rng);
            let near = space.mutate(&arch, &mut rng);
            let tally = Drawing::between(space, &arch, &near)
                .unwrap()
                .tally
                .unwrap();
            sizes.push(tally.added + tally.removed + tally.changed);
            let none = Drawing::between(space, &arch, &arch).unwrap();
            assert_eq!(none.tally.unwrap().to_string(), "no difference");
        }
        sizes.sort_unstable();
        assert!(
            sizes[90] <= most && sizes[50] <= most.min(4),
            "{name}: {sizes:?}"
        );
    }
}

/// The matching of small cells is exact, so the number of changes is a distance.
#[test]
fn differences_of_small_cells_are_symmetric() {
    for name in ["nasbench101", "nasbench301"] {
        let space = space::load(name).unwrap();
        let mut rng = Rng::stream(9, name);
        for _ in 0..100 {
            let [a, b] = [(); 2].map(|()| sample(space.as_ref(), &mut rng));
            let size = |from, to| {
                let drawing = Drawing::between(space.as_ref(), from, to).unwrap();
                let tally = drawing.tally.unwrap();
                tally.added + tally.removed + tally.changed
            };
            assert_eq!(size(&a, &b), size(&b, &a));
        }
    }
}

/// Taking the changes back gives the first architecture.
#[test]
fn differences_hold_both_architectures() {
    let space = space::load("nasbench201").unwrap();
    let mut rng = Rng::stream(4, "test");
    for _ in 0..100 {
        let (a, b) = (
            sample(space.as_ref(), &mut rng),
            sample(space.as_ref(), &mut rng),
        );
        let drawing = Drawing::between(space.as_ref(), &a, &b).unwrap();
        let Figure::Cells(cells) = &drawing.figure else {
            panic!("not a cell");
        };
        let (mut first, mut second) = (vec![0; 6], vec![0; 6]);
        for edge in &cells[0].edges {
            let at = edge.to * (edge.to - 1) / 2 + edge.from;
            let op = edge.op.unwrap();
            match edge.change {
                Change::Same => (first[at], second[at]) = (op, op),
                Change::Added => second[at] = op,
                Change::Removed => first[at] = op,
                Change::Changed(before) => (first[at], second[at]) = (before, op),
            }
        }
        assert_eq!((first.as_slice(), second.as_slice()), (a.ops(), b.ops()));
    }
}

#[test]
fn architectures_of_other_spaces_are_errors() {
    let (here, there) = (
        space::load("nasbench201").unwrap(),
        space::load("nasbench101").unwrap(),
    );
    let mut rng = Rng::stream(5, "test");
    let (own, other) = (
        sample(here.as_ref(), &mut rng),
        sample(there.as_ref(), &mut rng),
    );
    let other = if other.edges() == 0 {
        Arch::new(&[0])
    } else {
        other
    };
    for result in [
        Drawing::of(here.as_ref(), &other),
        Drawing::between(here.as_ref(), &own, &other),
        Drawing::between(here.as_ref(), &other, &own),
        Drawing::of(here.as_ref(), &Arch::new(&[0, 1, 2, 3, 4, 9])),
        Drawing::of(here.as_ref(), &Arch::new(&[])),
    ] {
        let message = result.unwrap_err().to_string();
        assert!(message.contains("nasbench201"), "{message}");
    }
}

#[test]
fn text_of_a_cell_of_each_kind() {
    let space = space::load("nasbench201").unwrap();
    let arch = space
        .parse("|nor_conv_3x3~0|+|skip_connect~0|none~1|+|none~0|nor_conv_1x1~1|avg_pool_3x3~2|")
        .unwrap();
    let expected = "\
from ╲ to │ 1             2             3 output
──────────┼─────────────────────────────────────────
0 input   │ nor_conv_3x3  skip_connect  ·
1         │               ·             nor_conv_1x1
2         │                             avg_pool_3x3
";
    assert_eq!(Drawing::of(space.as_ref(), &arch).unwrap().text(), expected);

    let space = space::load("nasbench101").unwrap();
    let text = "input;conv3x3-bn-relu;maxpool3x3;output|110011";
    let arch = space.parse(text).unwrap();
    let expected = "\
○     0  input
├─●   1  conv3x3-bn-relu  ← 0
● │   2  maxpool3x3       ← 0
○─╯   3  output           ← 1, 2
";
    assert_eq!(Drawing::of(space.as_ref(), &arch).unwrap().text(), expected);

    let space = space::load("accel-nasbench").unwrap();
    let stages = [
        "e1_k3_l1_se0",
        "e4_k5_l2_se1",
        "e6_k3_l3_se0",
        "e1_k3_l1_se0",
        "e1_k3_l1_se0",
        "e6_k5_l4_se1",
        "e1_k3_l1_se0",
    ];
    let from = space.parse(&stages.join(";")).unwrap();
    let expected = "\
stage 1 │ mb1_k3
stage 2 │ mb4_k5_se ×2
stage 3 │ mb6_k3 ×3
stage 4 │ mb1_k3
stage 5 │ mb1_k3
stage 6 │ mb6_k5_se ×4
stage 7 │ mb1_k3
";
    assert_eq!(Drawing::of(space.as_ref(), &from).unwrap().text(), expected);
    let to = stages.join(";").replace("e4_k5_l2_se1", "e4_k5_l1_se1");
    let to = space.parse(&to.replacen("e1_k3", "e4_k3", 1)).unwrap();
    let text = Drawing::between(space.as_ref(), &from, &to).unwrap().text();
    assert!(
        text.starts_with("stage 1 │ ~mb4_k3\nstage 2 │ mb4_k5_se ─ -mb4_k5_se\n"),
        "{text}"
    );
    let changes = "1 removed, 1 changed\n~ stage 1, layer 1: mb1_k3 → mb4_k3\n\
        - stage 2, layer 2: mb4_k5_se\n";
    assert!(text.ends_with(changes), "{text}");
}

#[test]
fn drawings_can_be_shared() {
    fn shared<T: Send + Sync>() {}
    shared::<Drawing>();
}
