//! Pretraining: Algorithm 2 on tasks whose results are known, so that no query is spent.

use ganas_core::Prior;
use ganas_core::arch::{Arch, Graph};
use ganas_core::error::{Error, Result};
use ganas_core::rng::Rng;
use ganas_core::space::SearchSpace;
use ganas_nets::{Dims, Discriminator, DiscriminatorState, Generator, Ppo, Rollout};

use super::config::GaNasConfig;
use super::fault;
use super::pretrained::{Origin, Pretrained};
use super::reward::{graphs, rewards};

/// Share of a task's architectures from which truth sets are drawn (ours).
const ELITE: f64 = 0.02;

/// Other architectures of a task that the discriminator ranks in a round (ours).
const OTHERS: usize = 71;

/// Best architectures of each task that the discriminator compares others with in the first set (ours).
const BEST: usize = 10;

/// Share of the ranking head in what the generator is paid (ours).
pub(super) const RANK_SHARE: f32 = 0.5;

/// Settings of a pretraining.
#[derive(Clone, Debug)]
pub struct PretrainConfig {
    /// Rounds of Algorithm 2; the tasks take turns.
    pub rounds: usize,
    /// Seed of all random streams.
    pub seed: u64,
    /// Program that writes the file.
    pub written_by: String,
}

/// A task: architectures, best first, with scores from 0 to 1.
struct Task {
    name: String,
    archs: Vec<Arch>,
    scores: Vec<f32>,
}

impl Task {
    fn new(prior: &Prior) -> Self {
        let mut rows: Vec<(f64, Arch)> = (prior.values().iter().copied())
            .zip(prior.archs().iter().copied())
            .collect();
        rows.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let last = rows.len().max(2) as f32 - 1.0;
        Task {
            name: prior.name().to_owned(),
            scores: (0..rows.len())
                .map(|place| 1.0 - place as f32 / last)
                .collect(),
            archs: rows.into_iter().map(|(_, arch)| arch).collect(),
        }
    }
}

/// Networks that are being trained.
struct Training<'a> {
    config: GaNasConfig,
    space: &'a dyn SearchSpace,
    generator: Generator,
    ppo: Ppo,
    discriminator: Option<DiscriminatorState>,
    rng: Rng,
}

/// Trains generator and discriminator on tasks of a space. `observe` takes the number of finished rounds, and
/// returns false to stop.
///
/// # Errors
/// If a task has too few architectures, or the networks fail on this space.
pub fn pretrain(
    space: &dyn SearchSpace,
    priors: &[Prior],
    config: &PretrainConfig,
    observe: &mut dyn FnMut(usize) -> bool,
) -> Result<Option<Pretrained>> {
    let settings = GaNasConfig::paper_setup1();
    let tasks: Vec<Task> = priors.iter().map(Task::new).collect();
    for task in &tasks {
        if task.archs.len() < settings.truth {
            return Err(Error::input(format!(
                "`{}` has {} architectures, and pretraining takes at least {}",
                task.name,
                task.archs.len(),
                settings.truth
            ))
            .mend("name a task with more results"));
        }
    }
    let mut rng = Rng::stream(config.seed, "pretrain");
    let dims = Dims::of(space);
    let mut training = Training {
        generator: Generator::new(settings.generator.clone(), dims, &mut rng),
        ppo: Ppo::new(settings.ppo.clone()),
        config: settings,
        space,
        discriminator: None,
        rng,
    };
    for round in 0..config.rounds {
        training.round(&tasks[round % tasks.len()])?;
        if !observe(round + 1) {
            return Ok(None);
        }
    }
    let Some(discriminator) = training.discriminator else {
        return Err(
            Error::input("networks cannot be trained without rounds and tasks")
                .mend("give `--prior`, and `--rounds` at least 1"),
        );
    };
    let origin = Origin {
        written_by: config.written_by.clone(),
        priors: tasks.iter().map(|task| task.name.clone()).collect(),
        seed: config.seed,
        rounds: config.rounds,
    };
    let mut truth: Vec<Arch> = Vec::new();
    for arch in tasks.iter().flat_map(|task| task.archs.iter().take(BEST)) {
        if !truth.contains(arch) {
            truth.push(*arch);
        }
    }
    let networks = Pretrained::new(origin, space, &truth, training.generator, discriminator);
    Ok(Some(networks))
}

impl Training<'_> {
    /// One round of Algorithm 2 on a task.
    fn round(&mut self, task: &Task) -> Result<()> {
        // Line 3: a part of the best, so that every round has another truth set.
        let size = self.config.truth;
        let elite = ((task.archs.len() as f64 * ELITE) as usize).max(2 * size);
        let elite = elite.min(task.archs.len());
        let mut rows = self.rng.distinct(elite, size);
        let truth: Vec<Graph> = self.graphs(task, &rows);
        rows.extend(
            self.rng
                .distinct(task.archs.len(), OTHERS.min(task.archs.len())),
        );
        let evaluated: Vec<Graph> = self.graphs(task, &rows);
        let scores: Vec<f32> = rows.iter().map(|row| task.scores[*row]).collect();
        // Lines 4 and 5.
        let fakes = self.fakes(truth.len())?;
        let truth: Vec<&Graph> = truth.iter().collect();
        let fakes: Vec<&Graph> = fakes.iter().collect();
        let evaluated: Vec<&Graph> = evaluated.iter().collect();
        let fitted = Discriminator::fit_from(
            self.discriminator.as_ref(),
            &self.config.discriminator,
            Dims::of(self.space),
            &truth,
            &fakes,
            Some((&evaluated, &scores)),
            &mut self.rng,
        );
        let (discriminator, _) = fitted.map_err(fault)?;
        self.discriminator = Some(discriminator.state());
        // Line 6.
        for _ in 0..self.config.updates {
            self.update(&discriminator)?;
        }
        Ok(())
    }

    fn graphs(&self, task: &Task, rows: &[usize]) -> Vec<Graph> {
        let rows = rows.iter();
        rows.map(|row| self.space.graph(&task.archs[*row]))
            .collect()
    }

    /// Graphs of the generator, in the form that architectures have.
    fn fakes(&mut self, count: usize) -> Result<Vec<Graph>> {
        let grown = self.sample(count)?;
        let archs = grown.iter().filter_map(|r| self.space.arch(&r.graph).ok());
        let mut fakes: Vec<Graph> = archs.map(|arch| self.space.graph(&arch)).collect();
        if fakes.is_empty() {
            let arch = self.space.sample(self.space.samplers()[0], &mut self.rng);
            fakes.push(self.space.graph(&arch));
        }
        Ok(fakes)
    }

    fn sample(&mut self, count: usize) -> Result<Vec<Rollout>> {
        let rules = self.config.rules;
        let sampled = self
            .generator
            .sample(self.space, rules, count, &mut self.rng);
        sampled.map_err(fault)
    }

    /// One update of the generator.
    fn update(&mut self, discriminator: &Discriminator) -> Result<()> {
        let episodes = self.sample(self.config.episodes)?;
        let scores = discriminator.scores(&graphs(&episodes)).map_err(fault)?;
        let scores = scores.blend(RANK_SHARE);
        let paid = rewards(self.space, self.config.step_reward, &episodes, &scores);
        let updated = (self.ppo).update(&mut self.generator, &episodes, &paid, &mut self.rng);
        updated.map_err(fault).map(drop)
    }
}
