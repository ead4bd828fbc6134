//! Algorithm 1 of the paper, exactly: on a finite set and an explicit family, with all sums written
//! out. It shows what the theorem says (`docs/theory.md`), and searches nothing.

use ganas_core::arch::Arch;
use ganas_core::error::{Error, Result};
use ganas_core::space::{Kind, SearchSpace};
use serde::{Deserialize, Serialize};

/// Divergence that line 3 minimises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Divergence {
    /// JS(q || p), as in the paper.
    JensenShannon,
    /// KL(q || p), as in the cross-entropy method.
    KullbackLeibler,
}

impl Divergence {
    /// The divergence of two densities on the same finite set, in nats.
    pub fn of(self, q: &[f64], p: &[f64]) -> f64 {
        let term = |a: f64, b: f64| if a > 0.0 { a * (a / b).ln() } else { 0.0 };
        match self {
            Divergence::KullbackLeibler => q.iter().zip(p).map(|(q, p)| term(*q, *p)).sum(),
            Divergence::JensenShannon => q
                .iter()
                .zip(p)
                .map(|(q, p)| 0.5 * (term(*q, 0.5 * (q + p)) + term(*p, 0.5 * (q + p))))
                .sum(),
        }
    }
}

/// The products of independent categoricals in which no choice has a probability below `floor`:
/// Theta, which is compact, and on which every point has a positive probability if the floor is
/// positive.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// The choices of each factor.
    sizes: Vec<usize>,
    floor: f64,
}

/// A parameter theta: for each factor, the probability of each choice.
pub type Theta = Vec<Vec<f64>>;

/// Steps of gradient descent from each start.
const STEPS: usize = 1000;

/// Learning rate at the first step. It falls to zero, so that the descent settles.
const RATE: f64 = 0.1;

impl Family {
    /// The family over factors of these sizes.
    ///
    /// # Errors
    /// If the floor leaves a factor no room.
    pub fn new(sizes: &[usize], floor: f64) -> Result<Self> {
        let most = sizes.iter().copied().max().unwrap_or(0);
        if sizes.contains(&0) || !(0.0..1.0).contains(&(floor * most as f64)) {
            return Err(Error::input(format!(
                "a floor of {floor} leaves a factor of {most} choices no room"
            ))
            .mend("give a floor below one over the choices"));
        }
        Ok(Family {
            sizes: sizes.to_vec(),
            floor,
        })
    }

    /// The family over the op of each position of a space without free edges.
    ///
    /// # Errors
    /// If the space is not an edge cell.
    pub fn of(space: &dyn SearchSpace, floor: f64) -> Result<Self> {
        match space.kind() {
            Kind::EdgeCell => {
                let positions = space.max_nodes() - 2;
                Family::new(&vec![space.ops().len(); positions], floor)
            }
            _ => Err(Error::input(format!(
                "the space `{}` is not a product of choices",
                space.name()
            ))
            .mend("use an edge cell, as nasbench201")),
        }
    }

    /// All points, the last factor fastest.
    pub fn points(&self) -> Vec<Vec<u8>> {
        let mut points = vec![Vec::new()];
        for &size in &self.sizes {
            points = points
                .iter()
                .flat_map(|p: &Vec<u8>| {
                    (0..size).map(move |c| p.iter().copied().chain([c as u8]).collect())
                })
                .collect();
        }
        points
    }

    /// The architectures of the points of a space's family.
    pub fn archs(&self) -> Vec<Arch> {
        self.points().iter().map(|p| Arch::new(p)).collect()
    }

    /// The uniform density's parameter.
    pub fn uniform(&self) -> Theta {
        self.sizes
            .iter()
            .map(|&k| vec![1.0 / k as f64; k])
            .collect()
    }

    /// The probabilities of all points.
    pub fn density(&self, theta: &Theta) -> Vec<f64> {
        let mut density = vec![1.0];
        for factor in theta {
            density = density
                .iter()
                .flat_map(|d| factor.iter().map(move |p| d * p))
                .collect();
        }
        density
    }

    /// For each factor, the mass of each choice when points have these masses.
    fn marginals(&self, masses: &[f64]) -> Theta {
        let mut marginals: Theta = self.sizes.iter().map(|&k| vec![0.0; k]).collect();
        for (i, mass) in masses.iter().enumerate() {
            let mut code = i;
            for (factor, &size) in marginals.iter_mut().zip(&self.sizes).rev() {
                factor[code % size] += mass;
                code /= size;
            }
        }
        marginals
    }

    /// argmin over theta of the divergence of q from p(.; theta).
    ///
    /// That of Kullback and Leibler has one solution, the marginals of q raised to the floor. That
    /// of Jensen and Shannon can have several minima: it is descended from every start, and the
    /// lowest end is taken.
    pub fn nearest(&self, divergence: Divergence, q: &[f64], starts: &[Theta]) -> Theta {
        let marginals: Theta = self
            .marginals(q)
            .iter()
            .map(|factor| raised(factor, self.floor))
            .collect();
        if divergence == Divergence::KullbackLeibler {
            return marginals;
        }
        let value = |theta: &Theta| divergence.of(q, &self.density(theta));
        let mut best = (value(&marginals), marginals.clone());
        for start in std::iter::once(&marginals).chain(starts) {
            let end = self.descend(q, start);
            let reached = value(&end);
            if reached < best.0 {
                best = (reached, end);
            }
        }
        best.1
    }

    /// Gradient descent (Adam) on JS(q || p), in logits of what is above the floor.
    fn descend(&self, q: &[f64], start: &Theta) -> Theta {
        let room = |k: usize| 1.0 - self.floor * k as f64;
        let mut logits: Theta = start
            .iter()
            .map(|f| {
                let above = |p: &f64| ((p - self.floor) / room(f.len())).max(1e-9).ln();
                f.iter().map(above).collect()
            })
            .collect();
        let theta = |logits: &Theta| -> Theta {
            logits
                .iter()
                .map(|z| {
                    let soft = softmax(z);
                    soft.iter()
                        .map(|s| self.floor + room(z.len()) * s)
                        .collect()
                })
                .collect()
        };
        let mut best = (f64::INFINITY, start.clone());
        let mut first: Theta = self.sizes.iter().map(|&k| vec![0.0; k]).collect();
        let mut second = first.clone();
        for step in 1..=STEPS {
            let rate = RATE * (1.0 - step as f64 / STEPS as f64);
            let at = theta(&logits);
            let p = self.density(&at);
            let value = Divergence::JensenShannon.of(q, &p);
            if value < best.0 {
                best = (value, at.clone());
            }
            // dJS/dp(x) = 1/2 log (p / m), and p(x) is a product: dp(x)/dtheta = p(x) / theta.
            let slopes: Vec<f64> = q
                .iter()
                .zip(&p)
                .map(|(q, p)| 0.5 * p * (2.0 * p / (p + q)).ln())
                .collect();
            let by_choice = self.marginals(&slopes);
            for (f, z) in logits.iter_mut().enumerate() {
                let soft = softmax(z);
                let slope: Vec<f64> = by_choice[f]
                    .iter()
                    .zip(&at[f])
                    .map(|(s, p)| if *p > 0.0 { s / p } else { 0.0 })
                    .collect();
                let mean: f64 = soft.iter().zip(&slope).map(|(s, g)| s * g).sum();
                for (c, z) in z.iter_mut().enumerate() {
                    let gradient = room(soft.len()) * soft[c] * (slope[c] - mean);
                    let (m, v) = (&mut first[f][c], &mut second[f][c]);
                    *m = 0.9 * *m + 0.1 * gradient;
                    // Gradients vanish on the way to the floor, so what they were is soon forgotten.
                    *v = 0.9 * *v + 0.1 * gradient * gradient;
                    let (m, v) = (
                        *m / (1.0 - 0.9f64.powi(step as i32)),
                        *v / (1.0 - 0.9f64.powi(step as i32)),
                    );
                    *z -= rate * m / (v.sqrt() + 1e-12);
                }
            }
        }
        best.1
    }
}

/// The factor nearest to a marginal in which no choice is below the floor: what is above is scaled
/// down to make room.
fn raised(marginal: &[f64], floor: f64) -> Vec<f64> {
    let mut low = vec![false; marginal.len()];
    loop {
        let raised = low.iter().filter(|l| **l).count() as f64;
        let rest: f64 = marginal
            .iter()
            .zip(&low)
            .filter(|(_, l)| !**l)
            .map(|(m, _)| m)
            .sum();
        let scale = (1.0 - raised * floor) / rest;
        let factor: Vec<f64> = marginal
            .iter()
            .zip(&low)
            .map(|(m, low)| if *low { floor } else { m * scale })
            .collect();
        let below: Vec<bool> = factor
            .iter()
            .zip(&low)
            .map(|(p, l)| *l || *p < floor)
            .collect();
        if below == low {
            return factor;
        }
        low = below;
    }
}

fn softmax(logits: &[f64]) -> Vec<f64> {
    let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let odds: Vec<f64> = logits.iter().map(|z| (z - most).exp()).collect();
    let total: f64 = odds.iter().sum();
    odds.into_iter().map(|o| o / total).collect()
}

/// Algorithm 1: its settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Algorithm1 {
    /// Divergence that line 3 minimises.
    pub divergence: Divergence,
    /// The level to reach.
    pub alpha: f64,
    /// rho_0, and the most that rho_t is.
    pub rho: f64,
    /// The least that gamma rises by, while it is below alpha.
    pub delta: f64,
}

/// Result of an iteration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Iteration {
    /// gamma(theta_t, rho_t).
    pub gamma: f64,
    /// rho_t.
    pub rho: f64,
    /// The divergence of q(., gamma_{t-1}; lambda) from p(.; theta_t).
    pub divergence: f64,
    /// The probability of S >= alpha under p(.; theta_t).
    pub reaches_alpha: f64,
}

/// End of the algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// gamma reached alpha, and a density was fitted to that level.
    Reached,
    /// No rho_t > 0 lifts gamma: p(.; theta_t) has lost every point that is good enough. It cannot
    /// happen where all of the family's densities are positive.
    Lost,
    /// No point reaches alpha.
    Empty,
}

impl Algorithm1 {
    /// Runs it with the uniform density as the prior; `scores` holds S of all the family's points.
    ///
    /// Once gamma has reached alpha, line 3 is run a last time at gamma = alpha. The paper's loop stops
    /// before that, at a density that was fitted to a lower level: its draws need not reach alpha.
    pub fn run(&self, family: &Family, scores: &[f64]) -> (Vec<Iteration>, Theta, Stop) {
        let prior = family.density(&family.uniform());
        let mass = |p: &[f64], level: f64| -> f64 {
            p.iter()
                .zip(scores)
                .filter(|(_, s)| **s >= level)
                .map(|(p, _)| p)
                .sum()
        };
        let iteration = |p: &[f64], rho: f64, divergence: f64| Iteration {
            gamma: quantile(p, scores, rho),
            rho,
            divergence,
            reaches_alpha: mass(p, self.alpha),
        };
        let mut theta = family.uniform();
        let mut trace = vec![iteration(&prior, self.rho, 0.0)];
        if mass(&prior, self.alpha) == 0.0 {
            return (trace, theta, Stop::Empty);
        }
        loop {
            let before = trace[trace.len() - 1].gamma;
            let last = before >= self.alpha;
            let gamma = before.min(self.alpha);
            let of_level = mass(&prior, gamma);
            let q: Vec<f64> = prior
                .iter()
                .zip(scores)
                .map(|(p, s)| if *s >= gamma { p / of_level } else { 0.0 })
                .collect();
            theta = family.nearest(self.divergence, &q, &[theta, family.uniform()]);
            let p = family.density(&theta);
            let goal = self.alpha.min(before + self.delta);
            // Line 4: the largest rho_t that lifts gamma far enough.
            let rho = self.rho.min(mass(&p, goal));
            if rho <= 0.0 {
                return (trace, theta, Stop::Lost);
            }
            trace.push(iteration(&p, rho, self.divergence.of(&q, &p)));
            if last {
                return (trace, theta, Stop::Reached);
            }
        }
    }
}

/// gamma(theta, rho): the largest level that is reached with probability rho at least.
fn quantile(p: &[f64], scores: &[f64], rho: f64) -> f64 {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let mut mass = 0.0;
    for i in order {
        mass += p[i];
        // Sums in another order end in other last bits.
        if mass >= rho * (1.0 - 1e-9) {
            return scores[i];
        }
    }
    f64::NEG_INFINITY
}

#[cfg(test)]
mod tests;
