//! Costs of a space that a table gives for each op.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use super::{Duplicates, Growth, Kind, LabelSet, Link, Part, Roles, Rules, Sampler, SearchSpace};
use crate::arch::{Arch, Graph};
use crate::error::{Error, Result};
use crate::rng::Rng;

/// Random architectures of which the table has to know every op.
const CHECKED: usize = 300;

/// Costs of ops, such as measured latencies, that add up over an architecture.
///
/// The table is a CSV file: the columns `op` and, if costs depend on it, `place`, and one column for each
/// cost, whose header is the cost's name. The place is that of the op in the architecture, counted from 1. A
/// row without a place holds for all places that have no row of their own.
pub struct CostTable {
    names: Vec<String>,
    /// Costs of each op by place; at place 0, of all other places.
    costs: HashMap<String, HashMap<usize, Vec<f64>>>,
}

impl CostTable {
    /// Reads a table.
    ///
    /// # Errors
    /// If the file cannot be read, or a row is not an op with its costs.
    pub fn read(file: &Path) -> Result<CostTable> {
        let text = fs::read_to_string(file).map_err(|e| {
            Error::input(format!("cannot be read ({e})"))
                .mend("name a CSV file with the columns `op`, `place` and the costs")
                .in_file(file)
        })?;
        CostTable::parse(&text).map_err(|e| e.in_file(file))
    }

    /// Reads the text of a table.
    ///
    /// # Errors
    /// If a line is not an op with its costs.
    pub fn parse(text: &str) -> Result<CostTable> {
        let mut lines = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty());
        let cells = |line: &str| -> Vec<String> {
            line.split(',')
                .map(|cell| cell.trim().trim_matches('"').to_owned())
                .collect()
        };
        let header = lines
            .next()
            .map(|(_, line)| cells(line))
            .unwrap_or_default();
        let place = header.iter().position(|name| name == "place");
        let op = header
            .iter()
            .position(|name| name == "op" || name == "block");
        let columns: Vec<usize> = (0..header.len())
            .filter(|&i| Some(i) != place && Some(i) != op)
            .collect();
        let (Some(op), false) = (op, columns.is_empty()) else {
            return Err(Error::input("the header names no op or no cost")
                .mend("begin with `op,place,latency_ms`, or without `place`")
                .on_line(1));
        };
        let mut costs: HashMap<String, HashMap<usize, Vec<f64>>> = HashMap::new();
        for (i, line) in lines {
            let refused =
                |what: String, mend: &str| Err(Error::input(what).mend(mend).on_line(i as u64 + 1));
            let row = cells(line);
            if row.len() != header.len() {
                let what = format!("{} cells where the header has {}", row.len(), header.len());
                return refused(what, "give each row a cell for each column");
            }
            let at = place.map_or("", |place| &*row[place]);
            let Ok(at) = (if at.is_empty() {
                Ok(0)
            } else {
                at.parse::<usize>()
            }) else {
                return refused(format!("`{at}` is not a place"), "count places from 1");
            };
            let mut values = Vec::with_capacity(columns.len());
            for &column in &columns {
                match row[column].parse::<f64>() {
                    Ok(value) if value.is_finite() => values.push(value),
                    _ => {
                        let what = format!("`{}` is not a cost", row[column]);
                        return refused(what, "give a number");
                    }
                }
            }
            let of_op = costs.entry(row[op].clone()).or_default();
            if of_op.insert(at, values).is_some() {
                let what = format!("`{}` has two rows for the same place", row[op]);
                return refused(what, "leave one of them out");
            }
        }
        let names = columns.iter().map(|&i| header[i].clone()).collect();
        Ok(CostTable { names, costs })
    }

    /// Costs of an op at a place, counted from 1.
    fn of(&self, op: &str, place: usize) -> Option<&[f64]> {
        let costs = self.costs.get(op)?;
        costs
            .get(&place)
            .or_else(|| costs.get(&0))
            .map(Vec::as_slice)
    }
}

/// Space with further costs, which a table gives for each op.
pub struct Costed {
    space: Box<dyn SearchSpace>,
    table: CostTable,
    names: Vec<String>,
}

impl Costed {
    /// A space with the costs of a table.
    ///
    /// # Errors
    /// If the space has a cost of the same name, or the table lacks an op.
    pub fn new(space: Box<dyn SearchSpace>, table: CostTable) -> Result<Costed> {
        let own = space.costs();
        if let Some(name) = table.names.iter().find(|name| own.contains(name)) {
            return Err(
                Error::input(format!("the space has a cost `{name}` already"))
                    .mend("give the column of the cost table another name"),
            );
        }
        let mut names = own.to_vec();
        names.extend(table.names.iter().cloned());
        let costed = Costed {
            space,
            table,
            names,
        };
        let sampler = Sampler::feasible(&*costed.space, None)?;
        let mut rng = Rng::stream(0, "cost-table");
        for _ in 0..CHECKED {
            let graph = costed.space.graph(&costed.space.sample(sampler, &mut rng));
            for (place, op) in costed.ops_of(&graph) {
                if costed.table.of(op, place).is_none() {
                    return Err(Error::input(format!(
                        "there is no cost of `{op}` at place {place}"
                    ))
                    .mend("add a row for it, without a place for all places"));
                }
            }
        }
        Ok(costed)
    }

    /// Ops of a graph with their places.
    fn ops_of<'a>(&'a self, graph: &'a Graph) -> impl Iterator<Item = (usize, &'a str)> {
        let vocabulary = self.space.vocabulary();
        // Labels 0 and 1 are the input and the output.
        let inner = graph.labels.iter().filter(|label| **label > 1);
        inner
            .enumerate()
            .map(|(i, label)| (i + 1, vocabulary[*label as usize].as_str()))
    }
}

impl Growth for Costed {
    fn vocabulary(&self) -> &[String] {
        self.space.vocabulary()
    }

    fn max_nodes(&self) -> usize {
        self.space.max_nodes()
    }

    fn labels(&self, partial: &Graph, rules: Rules) -> LabelSet {
        self.space.labels(partial, rules)
    }

    fn link(&self, partial: &Graph, label: u8, chosen: u64, from: usize, rules: Rules) -> Link {
        self.space.link(partial, label, chosen, from, rules)
    }

    fn violations(&self, graph: &Graph) -> usize {
        self.space.violations(graph)
    }
}

impl SearchSpace for Costed {
    fn name(&self) -> &str {
        self.space.name()
    }

    fn kind(&self) -> Kind<'_> {
        self.space.kind()
    }

    fn ops(&self) -> &[String] {
        self.space.ops()
    }

    fn knows_ops(&self, ops: &[u8]) -> bool {
        self.space.knows_ops(ops)
    }

    fn check(&self, arch: &Arch) -> std::result::Result<(), String> {
        self.space.check(arch)
    }

    fn canonical(&self, arch: &Arch) -> Arch {
        self.space.canonical(arch)
    }

    fn graph(&self, arch: &Arch) -> Graph {
        self.space.graph(arch)
    }

    fn arch(&self, graph: &Graph) -> std::result::Result<Arch, String> {
        self.space.arch(graph)
    }

    fn constructions(&self, arch: &Arch) -> Option<Vec<Graph>> {
        self.space.constructions(arch)
    }

    fn parse(&self, text: &str) -> std::result::Result<Arch, String> {
        self.space.parse(text)
    }

    fn format(&self, arch: &Arch) -> String {
        self.space.format(arch)
    }

    fn spelling(&self) -> &[Part] {
        self.space.spelling()
    }

    fn merged(self: Box<Self>) -> Result<Box<dyn SearchSpace>> {
        let Costed { space, table, .. } = *self;
        Ok(Box::new(Costed::new(space.merged()?, table)?))
    }

    fn roles(&self) -> &Roles {
        self.space.roles()
    }

    fn unify(&mut self, roles: &Roles) -> Result<()> {
        self.space.unify(roles)
    }

    fn snap(&mut self) -> Result<()> {
        self.space.snap()
    }

    fn snaps(&self) -> bool {
        self.space.snaps()
    }

    fn start(&self) -> &[String] {
        self.space.start()
    }

    fn repeats(&self) -> Duplicates {
        self.space.repeats()
    }

    fn named(&self) -> &[(&'static str, Arch)] {
        self.space.named()
    }

    fn samplers(&self) -> &[Sampler] {
        self.space.samplers()
    }

    fn sample(&self, sampler: Sampler, rng: &mut Rng) -> Arch {
        self.space.sample(sampler, rng)
    }

    fn has_weights(&self) -> bool {
        self.space.has_weights()
    }

    fn log_weight(&self, arch: &Arch) -> f64 {
        self.space.log_weight(arch)
    }

    fn sample_weighted(&self, rng: &mut Rng) -> Option<Arch> {
        self.space.sample_weighted(rng)
    }

    fn neighbors(&self, arch: &Arch) -> Vec<Arch> {
        self.space.neighbors(arch)
    }

    fn mutate(&self, arch: &Arch, rng: &mut Rng) -> Arch {
        self.space.mutate(arch, rng)
    }

    fn distance(&self, a: &Arch, b: &Arch) -> u32 {
        self.space.distance(a, b)
    }

    fn size(&self) -> Option<u128> {
        self.space.size()
    }

    fn at_least(&self) -> u128 {
        self.space.at_least()
    }

    fn enumerate(&self, visit: &mut dyn FnMut(Arch)) -> Result<()> {
        self.space.enumerate(visit)
    }

    fn costs(&self) -> &[String] {
        &self.names
    }

    /// NaN if the table has no cost of an op at its place.
    fn cost(&self, arch: &Arch, index: usize) -> f64 {
        let own = self.space.costs().len();
        if index < own {
            return self.space.cost(arch, index);
        }
        let graph = self.space.graph(arch);
        let cost = |(place, op): (usize, &str)| {
            self.table
                .of(op, place)
                .map_or(f64::NAN, |costs| costs[index - own])
        };
        self.ops_of(&graph).map(cost).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::nasbench201;

    const TABLE: &str = "op,place,latency_ms,energy_mj\nnone,,0,0\nskip_connect,,0.1,1\n\
                         nor_conv_1x1,,1,2\nnor_conv_3x3,,3,4\nnor_conv_3x3,6,5,6\navg_pool_3x3,,0.5,1\n";

    #[test]
    fn costs_add_up_over_an_architecture() {
        let table = CostTable::parse(TABLE).unwrap();
        let space = Costed::new(Box::new(nasbench201()), table).unwrap();
        let index = |name: &str| space.costs().iter().position(|cost| cost == name).unwrap();
        let text = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|nor_conv_3x3~2|";
        let arch = space.parse(text).unwrap();
        assert!((space.cost(&arch, index("latency_ms")) - 8.1).abs() < 1e-12);
        assert_eq!(space.cost(&arch, index("energy_mj")), 11.0);
        let own = nasbench201();
        assert_eq!(space.cost(&arch, index("params")), own.cost(&arch, 0));
    }

    #[test]
    fn inactive_choices_are_known_under_a_cost_table() {
        let text = "name = 'c'\nkind = 'config'\n[[choice]]\nname = 'a'\nlow = 0\nhigh = 1\n\
                    [[choice]]\nname = 'b'\nvalues = [1]\nwhen = 'a == 1'\n";
        let table = CostTable::parse("op,ms\ninactive,0\nvalue 0,1\nvalue 1,2\n").unwrap();
        let space = Costed::new(crate::space::from_toml(text).unwrap(), table).unwrap();
        let arch = space.parse("a=0").unwrap();
        assert!(space.knows_ops(arch.ops()) && !space.knows_ops(&[2, 0]));
        assert_eq!(space.cost(&arch, 0), 1.0);
    }

    #[test]
    fn unusable_tables_are_refused() {
        let refused = |text: &str, what: &str| {
            let read = CostTable::parse(text);
            let error = match read {
                Err(error) => error,
                Ok(table) => Costed::new(Box::new(nasbench201()), table).err().unwrap(),
            };
            assert!(error.to_string().contains(what), "{error}");
        };
        refused("", "names no op or no cost");
        refused("op\nnone\n", "names no op or no cost");
        refused("op,ms\nnone\n", "1 cells where the header has 2");
        refused("op,ms\nnone,fast\n", "`fast` is not a cost");
        refused("op,place,ms\nnone,x,1\n", "`x` is not a place");
        refused("op,ms\nnone,1\nnone,2\n", "two rows for the same place");
        refused("op,ms\nnone,1\n", "there is no cost of `");
        refused(
            &TABLE.replace("latency_ms", "params"),
            "a cost `params` already",
        );
    }
}
