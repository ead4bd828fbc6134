//! `node-cell`: cells with free edges and one op a vertex, as NAS-Bench-101.

mod count;
mod forms;
mod growth;
mod notation;
mod sample;

use std::sync::OnceLock;

use super::chain::ENUMERABLE;
use super::{
    Costs, Duplicates, Growth, Kind, Part, Roles, Sampler, SearchSpace, named_or, nothing_to_merge,
    too_large, vocabulary,
};
use crate::arch::{Arch, CELL_VERTICES, Cell, CellLimits, Graph, INPUT, OUTPUT, Passive};
use crate::error::Result;
use crate::rng::Rng;
use count::{Visitor, choose};

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
    /// Architectures of the file with which a search starts.
    pub(super) start: Vec<String>,
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
            start: Vec::new(),
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
        let cell = Cell::from_arch(arch);
        self.check_limits(&cell)?;
        if cell.is_pruned() {
            Ok(())
        } else {
            Err("the cell has vertices on no path from input to output".into())
        }
    }

    fn canonical(&self, arch: &Arch) -> Arch {
        self.representative(&Cell::from_arch(arch)).arch()
    }

    fn start(&self) -> &[String] {
        &self.start
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
        Cell::from_arch(arch).graph()
    }

    fn constructions(&self, arch: &Arch) -> Option<Vec<Graph>> {
        // The forms of one network with all its idle vertices are too many.
        (self.limits.vertices <= FEASIBLE && self.roles.is_empty()).then(|| {
            let forms = Cell::from_arch(arch).forms();
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
        self.written(arch)
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
        let edits = Cell::from_arch(arch).edits(self.limits);
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
        let (a, b) = (links(&Cell::from_arch(a)), links(&Cell::from_arch(b)));
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
