//! Opening and querying NAS-Bench-101: `GANAS_DATA=.. cargo bench -p ganas-tables --bench table`.

use std::hint::black_box;
use std::path::PathBuf;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use ganas_core::arch::{Arch, Cell};
use ganas_core::rng::Rng;
use ganas_core::space::nasbench101;
use ganas_tables::{Import, Table};

/// Cells that are looked up in one iteration.
const QUERIES: usize = 10_000;

fn table(c: &mut Criterion) {
    let Some(data) = std::env::var_os("GANAS_DATA").map(PathBuf::from) else {
        eprintln!("GANAS_DATA names no folder: nothing to measure");
        return;
    };
    let space = nasbench101();
    let source = data.join("nasbench101.csv.gz");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let compiled = folder.path().join("nasbench101.gtab");
    let mut group = c.benchmark_group("table");
    group.sample_size(10);
    group.bench_function("import", |b| {
        b.iter(|| Table::compile(&source, &space, &Import::default(), Some(&compiled)).unwrap())
    });
    group.bench_function("open", |b| {
        b.iter(|| Table::open(&compiled, &space, None).unwrap().len())
    });

    let table = Table::open(&compiled, &space, None).unwrap();
    let mut rng = Rng::stream(0, "bench");
    let mut cells = || -> Vec<Cell> {
        (0..QUERIES)
            .map(|_| {
                relabelled(
                    &Cell::from_arch(&table.arch(rng.below(table.len()))),
                    &mut rng,
                )
            })
            .collect()
    };
    group.throughput(Throughput::Elements(QUERIES as u64));
    group.bench_function("query a fresh cell", |b| {
        b.iter_batched(
            &mut cells,
            |cells| -> f64 {
                (cells.iter())
                    .filter_map(|cell| table.find(&cell.canonical().arch()))
                    .map(|row| table.value(row, 0))
                    .sum()
            },
            BatchSize::LargeInput,
        )
    });
    group.bench_function("canonicalise only", |b| {
        b.iter_batched(
            &mut cells,
            |cells| {
                cells.iter().for_each(|cell| {
                    black_box(cell.canonical());
                })
            },
            BatchSize::LargeInput,
        )
    });
    group.bench_function("find only", |b| {
        b.iter_batched(
            || -> Vec<Arch> { cells().iter().map(|c| c.canonical().arch()).collect() },
            |archs| archs.iter().filter_map(|a| table.find(a)).sum::<usize>(),
            BatchSize::LargeInput,
        )
    });
    group.finish();
}

/// The same cell with its vertices in a random topological order.
fn relabelled(cell: &Cell, rng: &mut Rng) -> Cell {
    let n = cell.vertices();
    let mut order = vec![0];
    while order.len() < n - 1 {
        let placed = order.iter().fold(0u16, |set, v| set | 1 << v);
        let available: Vec<usize> = (1..n - 1)
            .filter(|v| placed >> v & 1 == 0 && cell.preds(*v) & !placed == 0)
            .collect();
        order.push(*rng.choose(&available));
    }
    order.push(n - 1);
    let ops: Vec<u8> = order[1..n - 1].iter().map(|&v| cell.op(v)).collect();
    let mut other = Cell::new(&ops);
    for (i, &v) in order.iter().enumerate() {
        for (j, _) in (order[..i].iter().enumerate()).filter(|(_, u)| cell.has_edge(**u, v)) {
            other.add_edge(j, i);
        }
    }
    other
}

criterion_group!(benches, table);
criterion_main!(benches);
