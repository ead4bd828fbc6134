//! `node-cell`: cells with free edges and one op a vertex, as NAS-Bench-101.

use std::sync::OnceLock;

use super::chain::ENUMERABLE;
use super::node_forms;
use super::{
    Costs, Duplicates, Growth, Kind, LabelSet, Link, Part, Roles, Rules, Sampler, SearchSpace,
    named_or, nothing_to_merge, op_index, too_large, vocabulary,
};
use crate::arch::{Arch, CELL_VERTICES, Cell, CellLimits, Graph, INPUT, OUTPUT, Passive, mask};
use crate::error::Result;
use crate::rng::Rng;

/// Largest number of vertices with which a space is enumerated, counted and sampled uniformly.
const FEASIBLE: usize = 8;

/// Largest number of labelled forms that are visited to count a space: a few seconds (ours).
const COUNTED: u64 = 10_000_000;

/// Space of DAG cells with limits on vertices and edges. Dead vertices are pruned, and isomorphic
/// cells are one architecture.
///
/// The notation is `op;op;...|adjacency bits`: the ops from `input` to `output`, then the upper
/// triangle of the adjacency matrix row by row. The parser also accepts the ops of the interior
/// vertices alone, the full square matrix, dictionaries with `module_adjacency` and
/// `module_operations`, lists, and NumPy's output. Tables may have the two sides in columns `ops`
/// and `adjacency`, as NAS-Bench-101 is usually exported.
pub struct NodeCell {
    name: String,
    limits: CellLimits,
    ops: Vec<String>,
    vocabulary: Vec<String>,
    costs: Box<dyn Costs>,
    samplers: Vec<Sampler>,
    spelling: Vec<Part>,
    /// Numbers of vertices and edges that cells can have.
    shapes: Vec<(usize, usize)>,
    /// Number of labelled forms of each shape, dead ones included.
    shape_weights: Vec<f64>,
    /// Number of cells, or `None` if it takes too long to count.
    size: OnceLock<Option<u128>>,
    named: Vec<(&'static str, Arch)>,
    roles: Roles,
}

impl NodeCell {
    /// Creates a space of cells of 2 to `max_vertices` vertices (input and output included, at most
    /// 16) and at most `max_edges` edges.
    pub fn new(
        name: String,
        max_vertices: usize,
        max_edges: usize,
        ops: Vec<String>,
        costs: Box<dyn Costs>,
    ) -> Self {
        debug_assert!((2..=CELL_VERTICES).contains(&max_vertices) && max_edges > 0);
        let samplers = if max_vertices <= FEASIBLE {
            vec![Sampler::Uniform, Sampler::Adjacency]
        } else {
            vec![Sampler::Adjacency]
        };
        let shapes: Vec<(usize, usize)> = (2..=max_vertices)
            .flat_map(|n| {
                let most = (n * (n - 1) / 2).min(max_edges);
                (n - 1..=most).map(move |edges| (n, edges))
            })
            .collect();
        let forms = |&(n, edges): &(usize, usize)| {
            choose(n * (n - 1) / 2, edges) as f64 * (ops.len() as f64).powi(n as i32 - 2)
        };
        NodeCell {
            shape_weights: shapes.iter().map(forms).collect(),
            shapes,
            name,
            limits: CellLimits {
                vertices: max_vertices,
                edges: max_edges,
                ops: ops.len(),
            },
            vocabulary: vocabulary(&ops),
            ops,
            costs,
            samplers,
            spelling: Part::list([("", "ops"), ("|", "adjacency")]),
            size: OnceLock::new(),
            named: Vec::new(),
            roles: Roles::default(),
        }
    }

    /// Returns the representative of a pruned cell: the smallest relabeling of the cell without
    /// passive vertices. If nothing reaches the output, it is a single absent vertex.
    fn representative(&self, cell: &Cell) -> Cell {
        if self.roles.is_empty() {
            return cell.canonical();
        }
        let passive = Passive {
            absent: &self.roles.absent,
            identity: &self.roles.identity,
            projected: self.roles.projected,
        };
        // In one order of the vertices, so that all forms of a cell end the same.
        let reduced = cell.canonical().reduced(passive).unwrap_or_else(|| {
            let mut nothing = Cell::new(&self.roles.absent[..1]);
            nothing.add_edge(0, 1);
            nothing.add_edge(1, 2);
            nothing
        });
        reduced.canonical()
    }

    /// Sets the number of cells, so that it need not be counted.
    pub(super) fn of_size(self, size: u128) -> Self {
        NodeCell {
            size: OnceLock::from(Some(size)),
            ..self
        }
    }

    /// Names a cell of the space.
    pub(super) fn naming(mut self, name: &'static str, text: &str) -> Self {
        let arch = self.parse(text);
        debug_assert!(arch.is_ok(), "{name}: {arch:?}");
        self.named.extend(arch.map(|arch| (name, arch)));
        self
    }

    /// Returns the canonical architecture of any cell. The cell is pruned, then checked against the
    /// limits.
    fn admit(&self, cell: &Cell) -> std::result::Result<Arch, String> {
        let pruned = cell
            .pruned()
            .ok_or("the cell has no path from input to output")?;
        self.check_limits(&pruned)?;
        Ok(self.representative(&pruned).arch())
    }

    fn check_limits(&self, cell: &Cell) -> std::result::Result<(), String> {
        let CellLimits {
            vertices, edges, ..
        } = self.limits;
        if cell.vertices() > vertices {
            return Err(format!(
                "the cell has {} vertices; the space `{}` allows {vertices}",
                cell.vertices(),
                self.name
            ));
        }
        if cell.edges() > edges {
            return Err(format!(
                "the cell has {} edges; the space `{}` allows {edges}",
                cell.edges(),
                self.name
            ));
        }
        Ok(())
    }

    /// Reads a cell in the space's notation, without pruning or canonicalising it.
    ///
    /// # Errors
    ///
    /// If the text is not a cell, has an unknown op, or more vertices or edges than the space has.
    pub fn parse_cell(&self, text: &str) -> std::result::Result<Cell, String> {
        let (names, bits) = node_forms::read(text)?;
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let is = |name: Option<&&str>, end: &str| name.is_some_and(|n| n.eq_ignore_ascii_case(end));
        let framed = is(names.first(), "input") && is(names.last(), "output");
        let interior = match framed && names.len() >= 2 {
            true => &names[1..names.len() - 1],
            false => &names[..],
        };
        let n = interior.len() + 2;
        if n > self.limits.vertices {
            return Err(format!(
                "the cell has {n} vertices; the space `{}` allows {}",
                self.name, self.limits.vertices
            ));
        }
        let codes = (interior.iter().map(|name| op_index(&self.ops, name)))
            .collect::<std::result::Result<Vec<u8>, _>>()?;
        let mut cell = Cell::new(&codes);
        if bits.len() == n * n {
            for (i, _) in bits.iter().enumerate().filter(|(_, bit)| **bit) {
                let (u, v) = (i / n, i % n);
                if u >= v {
                    return Err(format!(
                        "adjacency has an edge {u} -> {v} against the order"
                    ));
                }
                cell.add_edge(u, v);
            }
        } else if bits.len() == n * (n - 1) / 2 {
            let pairs = (0..n).flat_map(|u| (u + 1..n).map(move |v| (u, v)));
            for ((u, v), _) in pairs.zip(&bits).filter(|(_, bit)| **bit) {
                cell.add_edge(u, v);
            }
        } else {
            return Err(format!(
                "{} adjacency bits where {n} vertices need {}",
                bits.len(),
                n * (n - 1) / 2
            ));
        }
        Ok(cell)
    }

    fn cell(&self, graph: &Graph) -> Option<Cell> {
        let n = graph.len();
        let interior = graph.labels.get(1..n.checked_sub(1)?)?;
        if !(2..=CELL_VERTICES).contains(&n) || interior.iter().any(|&l| l < 2) {
            return None;
        }
        let ops: Vec<u8> = interior.iter().map(|l| l - 2).collect();
        let mut cell = Cell::new(&ops);
        for v in 1..n {
            for u in (0..v).filter(|u| graph.inputs[v] >> u & 1 == 1) {
                cell.add_edge(u, v);
            }
        }
        Some(cell)
    }

    /// Counts the cells in which every vertex has a layer and feeds the next. No two of their
    /// labelled forms are isomorphic, so a formula counts them.
    fn strung(&self) -> u128 {
        let CellLimits {
            vertices,
            edges,
            ops,
        } = self.limits;
        let ops = (0..ops as u8).filter(|op| !self.roles.has(*op)).count();
        (2..=vertices.min(edges + 1))
            .map(|n| {
                let further = n * (n - 1) / 2 - (n - 1);
                let edgings: u128 = (0..=further.min(edges + 1 - n))
                    .map(|k| choose(further, k))
                    .sum();
                edgings.saturating_mul((ops as u128).saturating_pow(n as u32 - 2))
            })
            .fold(0, u128::saturating_add)
    }

    /// Counts the cells, if `forms` labelled forms suffice.
    fn count(&self, forms: u64) -> Option<u128> {
        if self.limits.vertices > FEASIBLE || self.strung() > u128::from(forms) {
            return None;
        }
        let mut count = 0;
        let mut visitor = Visitor {
            space: self,
            forms,
            visit: &mut |_| count += 1,
        };
        visitor.visit_all().then_some(count)
    }

    /// Draws uniformly over the distinct cells. A uniform labelled form is kept with a probability
    /// of one over the number of forms of its cell.
    fn sample_uniform(&self, rng: &mut Rng) -> Arch {
        loop {
            let (n, edges) = self.shapes[rng.weighted(&self.shape_weights)];
            let Some(mut cell) = random_edges(n, edges, rng) else {
                continue;
            };
            for v in 1..n - 1 {
                cell.set_op(v, rng.below(self.ops.len()) as u8);
            }
            let (canonical, forms) = cell.canonical_with_count();
            if rng.below(forms.count() as usize) == 0
                && self.representative(&canonical) == canonical
            {
                return canonical.arch();
            }
        }
    }

    fn sample_adjacency(&self, rng: &mut Rng) -> Arch {
        let n = self.limits.vertices;
        loop {
            let ops: Vec<u8> = (2..n).map(|_| rng.below(self.ops.len()) as u8).collect();
            let mut cell = Cell::new(&ops);
            for v in 1..n {
                for u in 0..v {
                    if rng.bits() >> 63 == 1 {
                        cell.add_edge(u, v);
                    }
                }
            }
            if let Ok(arch) = self.admit(&cell) {
                return arch;
            }
        }
    }
}

/// Visitor of every canonical cell. It visits each labelling that is smallest among its
/// relabelings, for each unlabelled cell that is smallest among its own. It stops after a number of
/// labelled forms.
struct Visitor<'a> {
    space: &'a NodeCell,
    /// Remaining forms.
    forms: u64,
    visit: &'a mut dyn FnMut(Arch),
}

impl Visitor<'_> {
    /// Visits all cells; returns false if the forms ran out.
    fn visit_all(&mut self) -> bool {
        (2..=self.space.limits.vertices).all(|n| self.extend(Cell::new(&vec![0; n - 2]), 1))
    }

    /// Counts a form; returns false if none remains.
    fn look(&mut self) -> bool {
        let left = self.forms.checked_sub(1);
        self.forms = left.unwrap_or(0);
        left.is_some()
    }

    fn extend(&mut self, cell: Cell, v: usize) -> bool {
        let n = cell.vertices();
        if v == n {
            if !self.look() {
                return false;
            }
            let smallest = (0..n - 1).all(|u| cell.succs(u) != 0) && cell.canonical() == cell;
            return !smallest || self.label(cell);
        }
        // Each later vertex needs an edge of its own.
        let spare = (self.space.limits.edges + v + 1).saturating_sub(n + cell.edges());
        for preds in 1u16..1 << v {
            if preds.count_ones() as usize <= spare {
                let mut next = cell;
                for u in (0..v).filter(|u| preds >> u & 1 == 1) {
                    next.add_edge(u, v);
                }
                if !self.extend(next, v + 1) {
                    return false;
                }
            }
        }
        true
    }

    fn label(&mut self, cell: Cell) -> bool {
        let interior = cell.vertices() - 2;
        let base = self.space.ops.len();
        for mut code in 0..base.pow(interior as u32) {
            if !self.look() {
                return false;
            }
            let mut labelled = cell;
            for v in (1..=interior).rev() {
                labelled.set_op(v, (code % base) as u8);
                code /= base;
            }
            if self.space.representative(&labelled) == labelled {
                (self.visit)(labelled.arch());
            }
        }
        true
    }
}

/// Draws a random cell of exactly `edges` edges. Returns `None` if a vertex is dead.
fn random_edges(n: usize, edges: usize, rng: &mut Rng) -> Option<Cell> {
    let mut cell = Cell::new(&[0; CELL_VERTICES][..n - 2]);
    let mut left = edges;
    let mut pairs = n * (n - 1) / 2;
    let mut fed = 0u32;
    for v in 1..n {
        let before = left;
        for u in 0..v {
            if rng.below(pairs) < left {
                cell.add_edge(u, v);
                fed |= 1 << u;
                left -= 1;
            }
            pairs -= 1;
        }
        if left == before {
            return None;
        }
    }
    (fed == (1 << (n - 1)) - 1).then_some(cell)
}

/// Returns the ops at both ends of each edge, sorted.
fn links(cell: &Cell) -> Vec<(u8, u8)> {
    let n = cell.vertices();
    let label = |v: usize| match v {
        0 => u8::MAX,
        v if v == n - 1 => u8::MAX - 1,
        v => cell.op(v),
    };
    let mut links: Vec<(u8, u8)> = (1..n)
        .flat_map(|v| (0..v).map(move |u| (u, v)))
        .filter(|&(u, v)| cell.has_edge(u, v))
        .map(|(u, v)| (label(u), label(v)))
        .collect();
    links.sort_unstable();
    links
}

/// Returns the binomial coefficient.
fn choose(n: usize, k: usize) -> u128 {
    (0..k as u128).fold(1, |c, i| c * (n as u128 - i) / (i + 1))
}

impl Growth for NodeCell {
    fn vocabulary(&self) -> &[String] {
        &self.vocabulary
    }

    fn max_nodes(&self) -> usize {
        self.limits.vertices
    }

    fn labels(&self, partial: &Graph, rules: Rules) -> LabelSet {
        let t = partial.len();
        if t == 0 {
            return 1 << INPUT;
        }
        if t == self.limits.vertices || partial.labels[t - 1] == OUTPUT {
            return 0;
        }
        let ops: LabelSet = ((1 << self.ops.len()) - 1) << 2;
        let output: LabelSet = 1 << OUTPUT;
        match rules {
            Rules::Learned => ops | output,
            // Another vertex takes one edge at least, and the output one for each loose end.
            Rules::Enforced
                if t + 1 < self.limits.vertices && committed(partial) < self.limits.edges =>
            {
                ops | output
            }
            Rules::Enforced => output,
        }
    }

    fn link(&self, partial: &Graph, label: u8, chosen: u64, from: usize, rules: Rules) -> Link {
        if rules == Rules::Learned {
            return Link::May;
        }
        let dangling = partial.dangling();
        let loose = dangling >> from & 1 == 1;
        if label == OUTPUT && loose {
            return Link::Must;
        }
        if chosen == 0 && from + 1 == partial.len() {
            return Link::Must;
        }
        // An edge from a loose end costs nothing: it replaces the one that the output owes it.
        let extra = (chosen & !dangling).count_ones() as usize;
        let own = if label == OUTPUT { 0 } else { 1 };
        if loose || committed(partial) + own + extra < self.limits.edges {
            Link::May
        } else {
            Link::MayNot
        }
    }

    fn violations(&self, graph: &Graph) -> usize {
        let n = graph.len();
        let excess = graph.edges().saturating_sub(self.limits.edges);
        let unfed = graph.inputs.iter().skip(1).filter(|m| **m == 0).count();
        if graph.labels.last() == Some(&OUTPUT) {
            let loose = (graph.dangling() & mask(n - 1)).count_ones() as usize;
            excess + unfed + loose
        } else if n == self.limits.vertices {
            // Grown to the end without an output.
            excess + unfed + 1
        } else {
            excess + unfed
        }
    }
}

/// Counts the edges of a partial cell if it were finished now: its edges, and one to the output
/// from each loose end.
fn committed(partial: &Graph) -> usize {
    partial.edges() + partial.dangling().count_ones() as usize
}

impl SearchSpace for NodeCell {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> Kind<'_> {
        Kind::NodeCell
    }

    fn ops(&self) -> &[String] {
        &self.ops
    }

    fn check(&self, arch: &Arch) -> std::result::Result<(), String> {
        let n = arch.ops().len() + 2;
        if n > CELL_VERTICES || arch.edges() >> (n * (n - 1) / 2) != 0 {
            return Err(format!("not a cell of the space `{}`", self.name));
        }
        if let Some(op) = arch.ops().iter().find(|&&op| op as usize >= self.ops.len()) {
            return Err(format!("no op has index {op}"));
        }
        let cell = Cell::of(arch);
        self.check_limits(&cell)?;
        if cell.is_pruned() {
            Ok(())
        } else {
            Err("the cell has vertices on no path from input to output".into())
        }
    }

    fn canonical(&self, arch: &Arch) -> Arch {
        self.representative(&Cell::of(arch)).arch()
    }

    fn roles(&self) -> &Roles {
        &self.roles
    }

    fn unify(&mut self, roles: &Roles) -> Result<()> {
        if self.roles != *roles {
            self.roles = roles.clone();
            self.size = OnceLock::new();
        }
        Ok(())
    }

    fn merged(self: Box<Self>) -> Result<Box<dyn SearchSpace>> {
        if self.roles.is_empty() {
            return Err(nothing_to_merge(&self.name));
        }
        Ok(self)
    }

    /// Averages, because equal networks were trained separately.
    fn repeats(&self) -> Duplicates {
        if self.roles.is_empty() {
            Duplicates::Error
        } else {
            Duplicates::Mean
        }
    }

    fn graph(&self, arch: &Arch) -> Graph {
        Cell::of(arch).graph()
    }

    fn constructions(&self, arch: &Arch) -> Option<Vec<Graph>> {
        // The forms of one network with all its idle vertices are too many.
        (self.limits.vertices <= FEASIBLE && self.roles.is_empty()).then(|| {
            let forms = Cell::of(arch).forms();
            forms.iter().map(Cell::graph).collect()
        })
    }

    fn arch(&self, graph: &Graph) -> std::result::Result<Arch, String> {
        if graph.labels.first() != Some(&INPUT) || graph.labels.last() != Some(&OUTPUT) {
            return Err("the graph does not run from an input to an output".into());
        }
        let cell = self.cell(graph).ok_or("the graph is not a cell")?;
        match self.violations(graph) {
            0 => Ok(self.representative(&cell).arch()),
            count => Err(format!("the graph breaks {count} rules of the space")),
        }
    }

    fn parse(&self, text: &str) -> std::result::Result<Arch, String> {
        named_or(&self.named, text, |text| {
            let cell = self.parse_cell(text)?;
            self.check_limits(&cell)?;
            self.admit(&cell)
        })
    }

    fn format(&self, arch: &Arch) -> String {
        let cell = Cell::of(arch);
        let n = cell.vertices();
        let mut text = String::from("input;");
        for &op in arch.ops() {
            text.push_str(&self.ops[op as usize]);
            text.push(';');
        }
        text.push_str("output|");
        for u in 0..n {
            for v in u + 1..n {
                text.push(if cell.has_edge(u, v) { '1' } else { '0' });
            }
        }
        text
    }

    fn spelling(&self) -> &[Part] {
        &self.spelling
    }

    fn named(&self) -> &[(&'static str, Arch)] {
        &self.named
    }

    fn samplers(&self) -> &[Sampler] {
        &self.samplers
    }

    fn sample(&self, sampler: Sampler, rng: &mut Rng) -> Arch {
        match sampler {
            Sampler::Uniform if self.limits.vertices <= FEASIBLE => self.sample_uniform(rng),
            _ => self.sample_adjacency(rng),
        }
    }

    fn neighbors(&self, arch: &Arch) -> Vec<Arch> {
        let edits = Cell::of(arch).edits(self.limits);
        if self.roles.is_empty() {
            return edits.iter().map(Cell::arch).collect();
        }
        let mut found: Vec<Arch> = (edits.iter())
            .map(|cell| self.representative(cell).arch())
            .collect();
        found.sort_unstable();
        found.dedup();
        found.retain(|edited| edited != arch);
        found
    }

    /// Counts the edges, by the ops at their ends, that only one of the two has.
    fn distance(&self, a: &Arch, b: &Arch) -> u32 {
        let (a, b) = (links(&Cell::of(a)), links(&Cell::of(b)));
        let (mut i, mut j, mut shared) = (0, 0, 0);
        while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
            shared += usize::from(x == y);
            i += usize::from(x <= y);
            j += usize::from(y <= x);
        }
        (a.len() + b.len() - 2 * shared) as u32
    }

    fn size(&self) -> Option<u128> {
        *self.size.get_or_init(|| self.count(COUNTED))
    }

    fn at_least(&self) -> u128 {
        self.size().unwrap_or_else(|| self.strung())
    }

    fn enumerate(&self, visit: &mut dyn FnMut(Arch)) -> Result<()> {
        if self.limits.vertices > FEASIBLE {
            let why = format!(": it has cells of more than {FEASIBLE} vertices");
            return Err(too_large(&self.name, &why));
        }
        // To count them is to visit them all.
        if self.size().is_none_or(|size| size > ENUMERABLE) {
            let why = format!(": it has more than {} cells", self.at_least());
            return Err(too_large(&self.name, &why));
        }
        Visitor {
            space: self,
            forms: u64::MAX,
            visit,
        }
        .visit_all();
        Ok(())
    }

    fn costs(&self) -> &[String] {
        self.costs.names()
    }

    fn cost(&self, arch: &Arch, index: usize) -> f64 {
        self.costs.cost(arch, index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::OpCosts;

    fn cells(vertices: usize, edges: usize, ops: usize) -> NodeCell {
        let ops = (0..ops).map(|i| format!("op{i}")).collect();
        NodeCell::new(
            "cells".into(),
            vertices,
            edges,
            ops,
            Box::<OpCosts>::default(),
        )
    }

    #[test]
    fn cells_on_a_path_are_counted_by_a_formula() {
        for space in [
            cells(6, 15, 2),
            cells(7, 9, 2),
            cells(5, 3, 3),
            cells(2, 1, 1),
        ] {
            let (mut strung, mut all) = (0, 0);
            let visit = &mut |arch| {
                let cell = Cell::of(&arch);
                strung += u128::from((1..cell.vertices()).all(|v| cell.has_edge(v - 1, v)));
                all += 1;
            };
            space.enumerate(visit).unwrap();
            // Only one order of the vertices suits the edges of such a path.
            assert_eq!(space.strung(), strung);
            assert_eq!(space.size(), Some(all));
            assert_eq!(space.at_least(), all);
        }
        assert_eq!(cells(4, 3, 1).strung(), 1 + 2 + 1);
        assert_eq!(cells(4, 6, 2).strung(), 1 + 2 * 2 + 8 * 4);
    }

    #[test]
    fn a_count_gives_up_and_then_nothing_is_enumerated() {
        let space = cells(6, 15, 2);
        assert_eq!(space.count(1_000), None);
        assert_eq!(space.count(COUNTED), space.size());
        let large = cells(7, 21, 10);
        assert_eq!((large.size(), large.at_least()), (None, 3_287_104_821));
        assert!(large.enumerate(&mut |_| panic!("visited")).is_err());
        // Neither vertices nor ops make it overflow.
        assert_eq!(cells(16, 120, 62).at_least(), u128::MAX);
    }
}
