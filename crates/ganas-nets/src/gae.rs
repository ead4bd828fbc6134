//! Generalised advantage estimation (Schulman et al. 2016, arXiv 1506.02438, equation 16).

/// Advantages and returns of an episode's steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Advantages {
    /// The difference between the return of each step and its expected return.
    pub advantages: Vec<f32>,
    /// The return that the value of each step should have foretold.
    pub returns: Vec<f32>,
}

/// The advantages of the steps of one finished episode: an episode ends after its last reward,
/// and nothing is expected from there on. `values` and `rewards` hold a number for each step.
pub fn advantages(rewards: &[f32], values: &[f32], gamma: f32, lambda: f32) -> Advantages {
    let steps = rewards.len().min(values.len());
    let mut advantages = vec![0.0; steps];
    let (mut ahead, mut next) = (0.0, 0.0);
    for t in (0..steps).rev() {
        let delta = rewards[t] + gamma * next - values[t];
        ahead = delta + gamma * lambda * ahead;
        next = values[t];
        advantages[t] = ahead;
    }
    let returns = advantages.iter().zip(values).map(|(a, v)| a + v).collect();
    Advantages {
        advantages,
        returns,
    }
}

/// Shifts and scales numbers to mean 0 and deviation 1; to 0 if they are all the same.
pub fn standardise(values: &mut [f32]) {
    let n = values.len().max(1) as f32;
    let mean = values.iter().sum::<f32>() / n;
    let deviation = (values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / n).sqrt();
    values
        .iter_mut()
        .for_each(|v| *v = (*v - mean) / (deviation + 1e-8));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_a_worked_example() {
        // delta = [1 + 0.5 * 4 - 2, 0 + 0.5 * 6 - 4, 8 - 6] = [1, -1, 2], discount 0.5 * 0.8 = 0.4:
        // A_2 = 2, A_1 = -1 + 0.4 * 2 = -0.2, A_0 = 1 - 0.4 * 0.2 = 0.92.
        let got = advantages(&[1.0, 0.0, 8.0], &[2.0, 4.0, 6.0], 0.5, 0.8);
        let close = |a: &[f32], b: [f32; 3]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6);
        assert!(close(&got.advantages, [0.92, -0.2, 2.0]), "{got:?}");
        assert!(close(&got.returns, [2.92, 3.8, 8.0]), "{got:?}");
    }

    #[test]
    fn with_lambda_one_the_return_is_the_sum_of_rewards() {
        let got = advantages(&[1.0, 2.0, 3.0], &[0.3, -7.0, 9.0], 1.0, 1.0);
        for (got, want) in got.returns.iter().zip([6.0, 5.0, 3.0]) {
            assert!((got - want).abs() < 1e-5);
        }
    }

    #[test]
    fn equal_values_standardise_to_zero() {
        let mut values = [0.5; 4];
        standardise(&mut values);
        assert_eq!(values, [0.0; 4]);
    }
}
