//! Drawings of random architectures of each space: `cargo bench -p ganas-draw --bench draw`.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use ganas_core::arch::Arch;
use ganas_core::rng::Rng;
use ganas_core::space::load;
use ganas_draw::Drawing;

/// Spaces of cells on vertices, of cells on edges, of two cells, and of blocks in rows.
const SPACES: [&str; 4] = ["nasbench101", "nasbench201", "darts", "ofa-mobilenetv3"];

/// Architectures that are drawn in turn.
const ARCHS: usize = 100;

fn draw(c: &mut Criterion) {
    for name in SPACES {
        let space = load(name).expect("it is built in");
        let mut rng = Rng::stream(0, "bench");
        let archs: Vec<Arch> = (0..ARCHS)
            .map(|_| space.sample(space.samplers()[0], &mut rng))
            .collect();
        let mut group = c.benchmark_group(name);
        group.sample_size(20);
        group.warm_up_time(Duration::from_secs(1));
        group.measurement_time(Duration::from_secs(2));
        let mut next = archs.iter().cycle();
        let mut drawing = || {
            let arch = next.next().expect("there are some");
            Drawing::of(&*space, arch).expect("it is of the space")
        };
        group.bench_function("svg", |b| b.iter(|| black_box(drawing().svg())));
        group.bench_function("dot", |b| b.iter(|| black_box(drawing().dot())));
        group.bench_function("text", |b| b.iter(|| black_box(drawing().text())));
    }
}

criterion_group!(benches, draw);
criterion_main!(benches);
