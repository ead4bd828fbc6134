//! Generator and PPO together: training works, repeats exactly, and continues from a saved state.

#[path = "toy/mod.rs"]
mod toy;

use ganas_core::rng::Rng;
use ganas_core::space::{Growth, Rules};
use ganas_nets::{
    Dims, Discriminator, DiscriminatorConfig, Generator, GeneratorConfig, GeneratorState, Policy,
    Ppo, PpoConfig, Rollout,
};

struct Run {
    generator: Generator,
    ppo: Ppo,
    rng: Rng,
}

impl Run {
    fn new(growth: &dyn Growth, seed: u64) -> Self {
        let mut rng = Rng::stream(seed, "training");
        Run {
            generator: Generator::new(GeneratorConfig::default(), Dims::of(growth), &mut rng),
            ppo: Ppo::new(PpoConfig::default()),
            rng,
        }
    }

    /// One update; returns the mean reward before it.
    fn update(&mut self, growth: &dyn Growth, worth: fn(&Rollout) -> f32) -> f32 {
        let Run {
            generator,
            ppo,
            rng,
        } = self;
        let rollouts = generator.sample(growth, Rules::Enforced, 64, rng).unwrap();
        let mut total = 0.0;
        let reward = |r: &Rollout| {
            let mut rewards = vec![0.0; r.steps.len()];
            rewards[r.steps.len() - 1] = worth(r);
            total += worth(r);
            rewards
        };
        let rewards: Vec<_> = rollouts.iter().map(reward).collect();
        let report = ppo.update(generator, &rollouts, &rewards, rng).unwrap();
        assert_eq!(report.skipped, 0);
        total / rollouts.len() as f32
    }

    fn bits(&self) -> Vec<u32> {
        self.generator
            .params()
            .values()
            .iter()
            .map(|v| v.to_bits())
            .collect()
    }
}

fn threes(r: &Rollout) -> f32 {
    let of = r.graph.labels.iter().filter(|&&l| l == 3).count();
    of as f32 / (r.graph.len() - 2) as f32
}

fn edges(r: &Rollout) -> f32 {
    r.graph.edges() as f32 / 10.0
}

#[test]
fn learns_to_use_a_label() {
    let chain = toy::Chain::new(8, 7);
    let mut run = Run::new(&chain, 0);
    let rewards: Vec<f32> = (0..30).map(|_| run.update(&chain, threes)).collect();
    assert!(rewards[0] < 0.35 && rewards[29] > 0.8, "{rewards:?}");
}

#[test]
fn learns_to_use_edges() {
    let cell = toy::Cell::new(7, 5, 3);
    let mut run = Run::new(&cell, 1);
    let rewards: Vec<f32> = (0..30).map(|_| run.update(&cell, edges)).collect();
    assert!(rewards[29] > rewards[0] + 0.35, "{rewards:?}");
}

#[test]
fn the_same_seed_gives_the_same_bits_on_any_thread() {
    let work = |seed: u64| {
        let cell = toy::Cell::new(6, 5, 2);
        let mut run = Run::new(&cell, seed);
        (0..3).for_each(|_| {
            run.update(&cell, edges);
        });
        let rollouts = run
            .generator
            .sample(&cell, Rules::Enforced, 40, &mut run.rng)
            .unwrap();
        let graphs: Vec<_> = rollouts.iter().map(|r| &r.graph).collect();
        let config = DiscriminatorConfig::default();
        let scores: Vec<f32> = rollouts.iter().map(edges).collect();
        let evaluated = Some((&graphs[..], &scores[..]));
        let (truth, fake) = graphs.split_at(20);
        let dims = Dims::of(&cell);
        let fitted = Discriminator::fit(&config, dims, truth, fake, evaluated, &mut run.rng);
        let (d, report) = fitted.unwrap();
        let scores = d.scores(&graphs).unwrap();
        let mut bits = run.bits();
        bits.extend(
            scores
                .real
                .iter()
                .chain(&scores.rank.unwrap())
                .map(|v| v.to_bits()),
        );
        bits.push(report.loss.to_bits());
        bits
    };
    let (zero, one) = (work(0), work(1));
    assert_ne!(zero, one);
    let threads: Vec<_> = [0, 1, 0, 1]
        .map(|s| std::thread::spawn(move || work(s)))
        .into();
    for (i, thread) in threads.into_iter().enumerate() {
        assert!(
            thread.join().unwrap()
                == if i % 2 == 0 {
                    zero.clone()
                } else {
                    one.clone()
                }
        );
    }
}

#[test]
fn a_saved_run_goes_on_as_if_it_had_not_stopped() {
    let cell = toy::Cell::new(6, 5, 2);
    let mut run = Run::new(&cell, 7);
    run.update(&cell, edges);
    let text = serde_json::to_string(&(run.generator.state(), &run.ppo, &run.rng)).unwrap();
    let (state, ppo, rng): (GeneratorState, Ppo, Rng) = serde_json::from_str(&text).unwrap();
    let generator = Generator::load(&state).unwrap();
    let mut other = Run {
        generator,
        ppo,
        rng,
    };
    assert!(run.bits() == other.bits());
    run.update(&cell, edges);
    other.update(&cell, edges);
    assert!(run.bits() == other.bits());
}

#[test]
fn a_state_of_another_size_is_refused() {
    let mut state = Run::new(&toy::Chain::new(5, 4), 0).generator.state();
    state.dims.labels += 1;
    assert!(Generator::load(&state).is_err());
}
