//! The parts of a search round, on one thread: `cargo bench -p ganas-nets`.

#[path = "../tests/toy/mod.rs"]
mod toy;

use std::time::Instant;

use ganas_core::arch::Graph;
use ganas_core::rng::Rng;
use ganas_core::space::{Growth, Rules};
use ganas_nets::{
    Dims, Discriminator, DiscriminatorConfig, Generator, GeneratorConfig, KGnnConfig, Ppo,
    PpoConfig,
};

/// Prints the best and the median time of some runs.
fn time(name: &str, mut run: impl FnMut()) {
    let mut times: Vec<f64> = (0..15)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!(
        "{name:40} best {:7.2} ms, median {:7.2} ms",
        times[0], times[7]
    );
}

fn space(name: &str, growth: &dyn Growth) {
    let mut rng = Rng::stream(0, "bench");
    let dims = Dims::of(growth);
    let generator = Generator::new(GeneratorConfig::default(), dims, &mut rng);
    time(&format!("{name}: sample 100"), || {
        generator
            .sample(growth, Rules::Enforced, 100, &mut rng)
            .unwrap();
    });
    time(&format!("{name}: 5 PPO updates"), || {
        let mut generator = generator.clone();
        let mut ppo = Ppo::new(PpoConfig::default());
        for _ in 0..5 {
            let rollouts = generator
                .sample(growth, Rules::Enforced, 64, &mut rng)
                .unwrap();
            let rewards: Vec<_> = rollouts.iter().map(|r| vec![0.5; r.steps.len()]).collect();
            ppo.update(&mut generator, &rollouts, &rewards, &mut rng)
                .unwrap();
        }
    });
    let rollouts = generator
        .sample(growth, Rules::Enforced, 146, &mut rng)
        .unwrap();
    let graphs: Vec<&Graph> = rollouts.iter().map(|r| &r.graph).collect();
    let scores: Vec<f32> = graphs
        .iter()
        .map(|g| g.edges() as f32 + rng.unit() as f32)
        .collect();
    let (truth, fake) = (&graphs[..25], &graphs[25..50]);
    for k in 1..=3 {
        let mut config = DiscriminatorConfig::default();
        config.encoder = KGnnConfig {
            k,
            ..config.encoder
        };
        time(&format!("{name}: fit, k = {k}"), || {
            Discriminator::fit(&config, dims, truth, fake, None, &mut rng).unwrap();
        });
    }
    let config = DiscriminatorConfig::default();
    let evaluated = Some((&graphs[..], &scores[..]));
    time(&format!("{name}: fit, 96 ranked"), || {
        Discriminator::fit(&config, dims, truth, fake, evaluated, &mut rng).unwrap();
    });
    let (d, _) = Discriminator::fit(&config, dims, truth, fake, evaluated, &mut rng).unwrap();
    time(&format!("{name}: score 146"), || {
        d.scores(&graphs).unwrap();
    });
}

fn main() {
    space("cell of 7", &toy::Cell::new(7, 5, 7));
    space("chain of 8", &toy::Chain::new(8, 7));
}
