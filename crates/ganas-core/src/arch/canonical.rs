//! Cells with free edges, and their canonical form up to isomorphism.

use super::{Arch, INPUT, OUTPUT};

/// Largest number of vertices of a cell, input and output included. The edges are the bits of a
/// `u128`.
pub const CELL_VERTICES: usize = 16;

/// Largest number of vertices for which the canonical form is the smallest of all relabelings. For
/// larger cells, it is the smallest of the relabelings that order the vertices by a refined
/// colouring.
const EXHAUSTIVE: usize = 8;

/// Cell: a DAG with one op a vertex. Vertex 0 is the input and the last vertex is the output.
///
/// Vertices are in topological order. The edge `u -> v` is bit `u + v (v - 1) / 2` of an [`Arch`]'s
/// edges, the order in which NAS-Bench-101 was enumerated (Ying et al. 2019, arXiv 1902.09635).
///
/// The canonical form is the relabeling with the smallest edge bits and then the smallest ops. Up
/// to 8 vertices, the canonical form *is* the representative that NAS-Bench-101 lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    n: usize,
    /// Ops of the interior vertices at their own indices. Input and output carry no op.
    ops: [u8; CELL_VERTICES],
    preds: [u16; CELL_VERTICES],
}

/// Numbers of upper-triangular forms of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relabelings {
    /// Topological orders of the vertices, counted up to interchangeable twins.
    orders: u64,
    /// Orders that give the canonical form.
    ties: u64,
}

impl Relabelings {
    /// Returns the number of distinct labelled forms (ops and adjacency) of the cell.
    pub fn count(self) -> u64 {
        self.orders / self.ties
    }
}

impl Cell {
    /// Creates a cell without edges of `n` vertices (2 to [`CELL_VERTICES`]), the interior ones
    /// with the given ops.
    ///
    /// # Panics
    /// If there are more than [`CELL_VERTICES`] vertices.
    pub fn new(ops: &[u8]) -> Self {
        let mut cell = Cell {
            n: ops.len() + 2,
            ops: [0; CELL_VERTICES],
            preds: [0; CELL_VERTICES],
        };
        assert!(cell.n <= CELL_VERTICES);
        cell.ops[1..=ops.len()].copy_from_slice(ops);
        cell
    }

    /// Creates the cell of an architecture whose ops are those of the interior vertices.
    pub fn from_arch(arch: &Arch) -> Self {
        let mut cell = Cell::new(arch.ops());
        let mut edges = arch.edges();
        for v in 1..cell.n {
            cell.preds[v] = (edges & ((1 << v) - 1)) as u16;
            edges >>= v;
        }
        cell
    }

    /// Returns the architecture of this labelled cell, without canonicalising it.
    pub fn arch(&self) -> Arch {
        Arch::with_edges(&self.ops[1..self.n - 1], self.edge_bits())
    }

    /// Returns the number of vertices, input and output included.
    pub fn vertices(&self) -> usize {
        self.n
    }

    /// Returns the number of edges.
    pub fn edges(&self) -> usize {
        self.preds[..self.n]
            .iter()
            .map(|p| p.count_ones() as usize)
            .sum()
    }

    /// Returns the op of an interior vertex.
    pub fn op(&self, v: usize) -> u8 {
        self.ops[v]
    }

    /// Sets the op of an interior vertex.
    pub fn set_op(&mut self, v: usize, op: u8) {
        debug_assert!(0 < v && v < self.n - 1);
        self.ops[v] = op;
    }

    /// Returns the set of vertices that feed `v`.
    pub fn preds(&self, v: usize) -> u16 {
        self.preds[v]
    }

    /// Returns the set of vertices that `v` feeds.
    pub fn succs(&self, v: usize) -> u16 {
        (v + 1..self.n).fold(0, |set, w| set | ((self.preds[w] >> v & 1) << w))
    }

    /// Returns true if the edge `u -> v` exists.
    pub fn has_edge(&self, u: usize, v: usize) -> bool {
        self.preds[v] >> u & 1 == 1
    }

    /// Adds the edge `u -> v`, `u < v`.
    pub fn add_edge(&mut self, u: usize, v: usize) {
        debug_assert!(u < v && v < self.n);
        self.preds[v] |= 1 << u;
    }

    /// Removes the edge `u -> v`.
    pub fn remove_edge(&mut self, u: usize, v: usize) {
        self.preds[v] &= !(1 << u);
    }

    fn edge_bits(&self) -> u128 {
        (1..self.n)
            .rev()
            .fold(0, |bits, v| bits << v | self.preds[v] as u128)
    }

    /// Returns the set of vertices on a path from the input to the output. It is empty if there is
    /// no path.
    fn live(&self) -> u16 {
        let mut down = 1u16;
        for v in 1..self.n {
            if self.preds[v] & down != 0 {
                down |= 1 << v;
            }
        }
        let mut up = 1u16 << (self.n - 1);
        for v in (1..self.n).rev() {
            if up >> v & 1 == 1 {
                up |= self.preds[v];
            }
        }
        if up & 1 == 0 { 0 } else { down & up }
    }

    /// Returns true if every vertex is on a path from the input to the output.
    pub fn is_pruned(&self) -> bool {
        self.live() == ((1u32 << self.n) - 1) as u16
    }

    /// Removes the vertices that are on no path from the input to the output. Returns `None` if
    /// there is no such path.
    pub fn pruned(&self) -> Option<Cell> {
        let live = self.live();
        if live == 0 {
            return None;
        }
        let order: Vec<usize> = (0..self.n).filter(|&v| live >> v & 1 == 1).collect();
        Some(self.permuted(&order))
    }

    /// Returns the cell whose vertex `i` is this one's vertex `order[i]`. Vertices that are not in
    /// `order` are removed.
    fn permuted(&self, order: &[usize]) -> Cell {
        let mut cell = Cell {
            n: order.len(),
            ops: [0; CELL_VERTICES],
            preds: [0; CELL_VERTICES],
        };
        for (i, &v) in order.iter().enumerate() {
            cell.ops[i] = self.ops[v];
            for (j, &u) in order[..i].iter().enumerate() {
                cell.preds[i] |= (self.preds[v] >> u & 1) << j;
            }
        }
        cell.ops[0] = 0;
        cell.ops[order.len() - 1] = 0;
        cell
    }

    /// Sorts any acyclic edge relation over `n` vertices topologically into a cell. `preds` may
    /// contain edges in both index directions. Returns `None` if there is a cycle.
    pub(super) fn sorted(ops: &[u8], preds: &[u16]) -> Option<Cell> {
        let n = preds.len();
        let mut raw = Cell {
            n,
            ops: [0; CELL_VERTICES],
            preds: [0; CELL_VERTICES],
        };
        raw.ops[..n].copy_from_slice(ops);
        raw.preds[..n].copy_from_slice(preds);
        let mut placed = 0u16;
        let mut order = Vec::with_capacity(n);
        while order.len() < n {
            // The output goes last even where something else is left over beside it.
            let next = (0..n).find(|&v| {
                placed >> v & 1 == 0
                    && preds[v] & !placed == 0
                    && (v != n - 1 || order.len() == n - 1)
            })?;
            placed |= 1 << next;
            order.push(next);
        }
        (order[0] == 0).then(|| raw.permuted(&order))
    }

    /// Returns the canonical form of a pruned cell.
    pub fn canonical(&self) -> Cell {
        self.canonical_with_count().0
    }

    /// Returns the canonical form and the number of labelled forms of the cell. The number is exact
    /// up to 8 vertices and a lower bound beyond.
    pub fn canonical_with_count(&self) -> (Cell, Relabelings) {
        let mut search = Relabel::new(self);
        search.place(1, 1, 0);
        let mut cell = Cell {
            n: self.n,
            ops: search.best.1,
            preds: [0; CELL_VERTICES],
        };
        let mut edges = search.best.0;
        for v in 1..self.n {
            cell.preds[v] = (edges & ((1 << v) - 1)) as u16;
            edges >>= v;
        }
        let count = Relabelings {
            orders: search.orders,
            ties: search.ties,
        };
        (cell, count)
    }

    /// Returns all labelled forms of the cell, sorted and distinct: the relabelings whose vertices
    /// are in topological order. Their number is [`Relabelings::count`], up to (n - 2)! for `n`
    /// vertices.
    pub fn forms(&self) -> Vec<Cell> {
        let mut found = Vec::new();
        let mut order = vec![0];
        self.extend_order(&mut order, &mut found);
        found.sort_unstable_by_key(|cell| (cell.edge_bits(), cell.ops));
        found.dedup();
        found
    }

    /// Adds the forms whose order of the interior vertices begins with `order`.
    fn extend_order(&self, order: &mut Vec<usize>, found: &mut Vec<Cell>) {
        if order.len() == self.n - 1 {
            order.push(self.n - 1);
            found.push(self.permuted(order));
            order.pop();
            return;
        }
        let placed = order.iter().fold(0u16, |set, v| set | 1 << v);
        for v in 1..self.n - 1 {
            if placed >> v & 1 == 0 && self.preds[v] & !placed == 0 {
                order.push(v);
                self.extend_order(order, found);
                order.pop();
            }
        }
    }

    /// Returns the labels and input sets of the cell's graph. Op `i` has label `2 + i`.
    pub fn graph(&self) -> super::Graph {
        let mut graph = super::Graph::default();
        for v in 0..self.n {
            let label = match v {
                0 => INPUT,
                v if v == self.n - 1 => OUTPUT,
                v => self.ops[v] + 2,
            };
            graph.push(label, self.preds[v] as u64);
        }
        graph
    }
}

/// Depth-first search over the topological orders of a cell for the smallest form.
struct Relabel<'a> {
    cell: &'a Cell,
    succs: [u16; CELL_VERTICES],
    /// Colours of a large cell's vertices. They must not fall along the order among available
    /// vertices.
    colours: Option<[u64; CELL_VERTICES]>,
    /// New index of each placed vertex.
    place_of: [u8; CELL_VERTICES],
    ops: [u8; CELL_VERTICES],
    best: (u128, [u8; CELL_VERTICES]),
    orders: u64,
    ties: u64,
}

impl<'a> Relabel<'a> {
    fn new(cell: &'a Cell) -> Self {
        let mut succs = [0; CELL_VERTICES];
        for v in 1..cell.n {
            for (u, succ) in succs.iter_mut().enumerate().take(v) {
                *succ |= (cell.preds[v] >> u & 1) << v;
            }
        }
        Relabel {
            cell,
            succs,
            colours: (cell.n > EXHAUSTIVE).then(|| refine(cell, &succs)),
            place_of: [0; CELL_VERTICES],
            ops: [0; CELL_VERTICES],
            best: (u128::MAX, [u8::MAX; CELL_VERTICES]),
            orders: 0,
            ties: 0,
        }
    }

    /// Places a vertex at index `i`, given the set of placed vertices and the edge bits of the
    /// first `i` rows.
    fn place(&mut self, i: usize, placed: u16, edges: u128) {
        let n = self.cell.n;
        if i == n - 1 {
            let edges = edges | self.row(n - 1) << (i * (i - 1) / 2);
            self.orders += 1;
            let form = (edges, self.ops);
            match form.cmp(&self.best) {
                std::cmp::Ordering::Less => {
                    self.best = form;
                    self.ties = 1;
                }
                std::cmp::Ordering::Equal => self.ties += 1,
                std::cmp::Ordering::Greater => {}
            }
            return;
        }
        let available = (1..n - 1)
            .filter(|&v| placed >> v & 1 == 0 && self.cell.preds[v] & !placed == 0)
            .fold(0u16, |set, v| set | 1 << v);
        let lowest = self.colours.and_then(|c| {
            (1..n - 1)
                .filter(|&v| available >> v & 1 == 1)
                .map(|v| c[v])
                .min()
        });
        for v in 1..n - 1 {
            if available >> v & 1 == 0
                || lowest.is_some_and(|low| self.colours.is_some_and(|c| c[v] != low))
                || self.has_earlier_twin(v, available)
            {
                continue;
            }
            self.place_of[v] = i as u8;
            self.ops[i] = self.cell.ops[v];
            let edges = edges | self.row(v) << (i * (i - 1) / 2);
            self.place(i + 1, placed | 1 << v, edges);
        }
    }

    /// Returns the in-edges of a vertex by their new indices. All its predecessors have to be
    /// placed.
    fn row(&self, v: usize) -> u128 {
        let mut preds = self.cell.preds[v];
        let mut row = 0;
        while preds != 0 {
            row |= 1 << self.place_of[preds.trailing_zeros() as usize];
            preds &= preds - 1;
        }
        row
    }

    /// Returns true if swapping `v` with an available vertex of lower index changes nothing.
    fn has_earlier_twin(&self, v: usize, available: u16) -> bool {
        let mut earlier = available & ((1 << v) - 1);
        while earlier != 0 {
            let u = earlier.trailing_zeros() as usize;
            if self.cell.ops[u] == self.cell.ops[v]
                && self.cell.preds[u] == self.cell.preds[v]
                && self.succs[u] == self.succs[v]
            {
                return true;
            }
            earlier &= earlier - 1;
        }
        false
    }
}

/// Returns colours that isomorphic vertices share, refined over in- and out-neighbours (Weisfeiler
/// and Leman). A hash collision only costs time or a tie; it never mixes up two colours between
/// isomorphic cells.
fn refine(cell: &Cell, succs: &[u16; CELL_VERTICES]) -> [u64; CELL_VERTICES] {
    let n = cell.n;
    let mix = |x: u64| {
        let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    };
    let mut colours = [0u64; CELL_VERTICES];
    for (v, colour) in colours.iter_mut().enumerate().take(n) {
        *colour = match v {
            0 => 1,
            v if v == n - 1 => 2,
            v => 3 + cell.ops[v] as u64,
        };
    }
    for _ in 0..n {
        let sum = |set: u16, salt: u64| {
            (0..n)
                .filter(|&u| set >> u & 1 == 1)
                .fold(0u64, |s, u| s.wrapping_add(mix(colours[u] ^ salt)))
        };
        let mut next = colours;
        for v in 0..n {
            next[v] = mix(colours[v]
                .wrapping_mul(3)
                .wrapping_add(sum(cell.preds[v], 0x5851_f42d))
                .wrapping_add(sum(succs[v], 0x1405_7b7e_f767_814f).rotate_left(17)));
        }
        colours = next;
    }
    colours
}
