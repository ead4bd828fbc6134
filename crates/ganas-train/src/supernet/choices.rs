//! Choices of a cell, and the cell that choices make.

use ganas_core::arch::{Arch, Cell};
use ganas_core::rng::Rng;
use ganas_core::space::{Kind, SearchSpace};

use crate::error::{Result, TrainError};
use crate::network::{Block, EDGE, edge_choice, positions};

/// The choices that make a cell: in an edge cell the op of each position; in a node cell the op of each
/// interior vertex of the largest cell, and for each edge whether it is there.
///
/// Any choice of ops is a cell, but not any choice of edges. So the edges of a node cell are chosen
/// one after another, and impossible ones are not offered. An edge is left out if the cell, pruned
/// to the vertices on a path from its input to its output, would not be in the space (cells of
/// NAS-Bench-101 have at most 9 edges). The edge from input to output comes last and is required if
/// nothing else leads to the output. Vertices on no path are left out at the end.
pub(super) struct Choices<'a> {
    space: &'a dyn SearchSpace,
    /// The number of alternatives of each.
    sizes: Vec<usize>,
    /// The vertices of the largest node cell.
    vertices: Option<usize>,
}

/// A cell, and the choices that made it.
pub(super) struct Draw {
    /// The cell.
    pub arch: Arch,
    /// The alternative taken in each choice; `None` if only one was possible.
    pub taken: Vec<Option<usize>>,
}

impl<'a> Choices<'a> {
    /// The choices of a space.
    ///
    /// # Errors
    /// If it has no cells.
    pub fn of(space: &'a dyn SearchSpace) -> Result<Self> {
        let ops = space.ops().len();
        let (sizes, vertices) = match space.kind() {
            Kind::EdgeCell => (vec![ops; positions(space)?], None),
            Kind::NodeCell => {
                let vertices = space.max_nodes();
                let mut sizes = vec![ops; vertices - 2];
                sizes.resize(edge_choice(vertices, 0, vertices), 2);
                (sizes, Some(vertices))
            }
            _ => return Err(TrainError::NoCells(space.name().to_owned())),
        };
        Ok(Choices {
            space,
            sizes,
            vertices,
        })
    }

    /// The number of alternatives of each choice.
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// Draws a cell by the probabilities of each alternative. Edges are chosen in a random order,
    /// so that a limit does not always leave out the same ones.
    pub fn draw(&self, probabilities: &[Vec<f64>], rng: &mut Rng) -> Draw {
        let mut edges = self.edges();
        rng.shuffle(&mut edges);
        self.make(&edges, &mut |choice| rng.weighted(&probabilities[choice]))
    }

    /// The cell of the likeliest alternative of each choice, zeros included. Edges are chosen from the likeliest
    /// on, so that a limit leaves out unlikely ones.
    pub fn likeliest(&self, probabilities: &[Vec<f64>]) -> Arch {
        let odds = |(u, v): (usize, usize)| probabilities[self.edge(u, v)][EDGE];
        let mut edges = self.edges();
        edges.sort_by(|&a, &b| odds(b).total_cmp(&odds(a)));
        let mut take =
            |choice: usize| largest(&probabilities[choice], &vec![false; self.sizes[choice]]);
        self.make(&edges, &mut take).arch
    }

    /// The cell of the ops of the largest weights, without zeros. A larger share of a zero makes
    /// the rest of its sum smaller, which batch normalisation undoes, so its weight has no meaning
    /// (Liu et al. 2019, arXiv 1806.09055, section 2.4). A node cell has as many edges as possible,
    /// those of the largest weights first. For the same reason, weights of edges are relative to
    /// the largest one into the same vertex.
    pub fn heaviest(&self, probabilities: &[Vec<f64>]) -> Arch {
        let weight = |(u, v): (usize, usize)| probabilities[self.edge(u, v)][EDGE];
        let relative = |(u, v): (usize, usize)| {
            let all = (0..v).map(|u| weight((u, v)));
            weight((u, v)) / all.fold(f64::MIN_POSITIVE, f64::max)
        };
        let mut edges = self.edges();
        edges.sort_by(|&a, &b| relative(b).total_cmp(&relative(a)));
        let ops = self.sizes.len() - self.vertices.map_or(0, |n| n * (n - 1) / 2);
        let zero = |op: &String| matches!(Block::of(op), Ok(Block::None));
        let zeros = Vec::from_iter(self.space.ops().iter().map(zero));
        let mut take = |choice: usize| {
            if choice < ops {
                largest(&probabilities[choice], &zeros)
            } else {
                EDGE
            }
        };
        self.make(&edges, &mut take).arch
    }

    /// The cell of the answers of `take` to each open choice, with the edges in this order.
    fn make(&self, edges: &[(usize, usize)], take: &mut dyn FnMut(usize) -> usize) -> Draw {
        let mut taken = vec![None; self.sizes.len()];
        let mut ask = |choice: usize| *taken[choice].insert(take(choice));
        let Some(vertices) = self.vertices else {
            let ops = Vec::from_iter((0..self.sizes.len()).map(|choice| ask(choice) as u8));
            let arch = Arch::new(&ops);
            return Draw { arch, taken };
        };
        let ops = Vec::from_iter((0..vertices - 2).map(|choice| ask(choice) as u8));
        let mut cell = Cell::new(&ops);
        let direct = (0, vertices - 1);
        for (u, v) in edges.iter().copied().filter(|edge| *edge != direct) {
            let more = with_edge(cell, u, v);
            let possible = more.pruned().is_none_or(|pruned| self.has(&pruned));
            if possible && ask(self.edge(u, v)) == EDGE {
                cell = more;
            }
        }
        let more = with_edge(cell, direct.0, direct.1);
        let pruned = match (cell.pruned(), more.pruned()) {
            (Some(without), Some(with)) if self.has(&with) => {
                match ask(self.edge(direct.0, direct.1)) {
                    EDGE => with,
                    _ => without,
                }
            }
            (Some(without), _) => without,
            (None, with) => with.unwrap_or(more),
        };
        let arch = self.space.canonical(&pruned.arch());
        Draw { arch, taken }
    }

    /// Returns true if a pruned cell is in the space.
    fn has(&self, cell: &Cell) -> bool {
        self.space.check(&cell.arch()).is_ok()
    }

    /// The edges that a cell can have.
    fn edges(&self) -> Vec<(usize, usize)> {
        let vertices = self.vertices.unwrap_or(0);
        (1..vertices)
            .flat_map(|v| (0..v).map(move |u| (u, v)))
            .collect()
    }

    /// The choice of an edge.
    fn edge(&self, u: usize, v: usize) -> usize {
        edge_choice(self.vertices.unwrap_or(0), u, v)
    }
}

fn with_edge(mut cell: Cell, u: usize, v: usize) -> Cell {
    cell.add_edge(u, v);
    cell
}

/// The index of the largest number that is not left out, the first of equals; 0 if all are left
/// out.
fn largest(numbers: &[f64], left_out: &[bool]) -> usize {
    let larger = |&a: &usize, &b: &usize| numbers[a].total_cmp(&numbers[b]).then(b.cmp(&a));
    let places = (0..numbers.len()).filter(|&place| !left_out[place]);
    places.max_by(larger).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use ganas_core::space::{from_toml, nasbench101, nasbench201};

    use super::*;

    fn even(choices: &Choices) -> Vec<Vec<f64>> {
        let even = |&size: &usize| vec![1.0 / size as f64; size];
        choices.sizes().iter().map(even).collect()
    }

    #[test]
    fn what_is_drawn_is_of_the_space_and_of_all_sizes() {
        let space = nasbench101();
        let choices = Choices::of(&space).unwrap();
        assert_eq!(choices.sizes().len(), 5 + 21);
        let mut rng = Rng::stream(0, "draws");
        let mut edges = [0; 10];
        for _ in 0..2000 {
            let draw = choices.draw(&even(&choices), &mut rng);
            assert_eq!(space.check(&draw.arch), Ok(()));
            assert_eq!(space.canonical(&draw.arch), draw.arch);
            edges[Cell::from_arch(&draw.arch).edges()] += 1;
        }
        assert!(edges[1..].iter().all(|&count| count > 100), "{edges:?}");
    }

    #[test]
    fn few_edges_over_many_vertices_are_cells_too() {
        let file = "name = \"n\"\nkind = \"node-cell\"\nmax_vertices = 16\nmax_edges = 4\n\
                    ops = [\"conv_3x3\"]";
        let space = from_toml(file).unwrap();
        let choices = Choices::of(&*space).unwrap();
        let mut rng = Rng::stream(0, "draws");
        for _ in 0..100 {
            let draw = choices.draw(&even(&choices), &mut rng);
            assert_eq!(space.check(&draw.arch), Ok(()));
        }
        assert_eq!(space.check(&choices.heaviest(&even(&choices))), Ok(()));
    }

    /// The mean derivative of the log-probability of a draw is zero if that probability is exact.
    /// It is not zero if impossible cells are drawn again.
    #[test]
    fn the_probabilities_are_those_of_what_is_drawn() {
        let space = nasbench101();
        let choices = Choices::of(&space).unwrap();
        let mut rng = Rng::stream(1, "draws");
        let mut odds = even(&choices);
        odds[5..].iter_mut().for_each(|p| *p = vec![0.3, 0.7]);
        let draws = 20_000;
        let mut sums: Vec<Vec<f64>> = odds.iter().map(|p| vec![0.0; p.len()]).collect();
        let mut free = 0;
        for _ in 0..draws {
            for (choice, taken) in (choices.draw(&odds, &mut rng).taken.into_iter()).enumerate() {
                let Some(taken) = taken else { continue };
                free += 1;
                for (alternative, p) in odds[choice].iter().enumerate() {
                    sums[choice][alternative] += f64::from(u8::from(alternative == taken)) - p;
                }
            }
        }
        assert!(free < draws * 24, "{free}: nothing was impossible");
        // Four and a half standard deviations.
        let bound = 4.5 * (0.25 * draws as f64).sqrt();
        assert!(
            sums.iter().flatten().all(|sum| sum.abs() < bound),
            "{sums:?}"
        );
    }

    #[test]
    fn the_heaviest_have_the_ops_and_the_edges_of_most_weight() {
        let space = nasbench101();
        let choices = Choices::of(&space).unwrap();
        let goal = space
            .parse("input;conv3x3-bn-relu;maxpool3x3;conv1x1-bn-relu;conv3x3-bn-relu;conv3x3-bn-relu;output|110010000011100010101")
            .unwrap();
        let cell = Cell::from_arch(&goal);
        let mut weights = even(&choices);
        for (v, &op) in goal.ops().iter().enumerate() {
            weights[v][usize::from(op)] = 0.5;
        }
        for (u, v) in choices
            .edges()
            .into_iter()
            .filter(|&(u, v)| cell.has_edge(u, v))
        {
            weights[choices.edge(u, v)] = vec![0.2, 0.8];
        }
        assert_eq!(choices.heaviest(&weights), goal);
        // Of one vertex all are a tenth of what they were.
        for u in 0..3 {
            let edge = &mut weights[choices.edge(u, 3)];
            edge[EDGE] /= 10.0;
            edge[0] = 1.0 - edge[EDGE];
        }
        assert_eq!(choices.heaviest(&weights), goal);
        // Edges alone.
        let space = nasbench201();
        let choices = Choices::of(&space).unwrap();
        let mut weights = even(&choices);
        weights[2][3] = 0.4;
        // Op 0 is `none`, whose weight says nothing.
        weights[4][0] = 0.9;
        assert_eq!(choices.heaviest(&weights), Arch::new(&[1, 1, 3, 1, 1, 1]));
    }
}
