//! Split of a dataset into training, validation and test images.

use std::collections::BTreeMap;
use std::ops::Range;
use std::str::FromStr;

use ganas_core::error::{Error, Result};
use ganas_core::rng::Rng;
use serde::{Deserialize, Serialize};

use crate::images::Dataset;

/// A part of some images: a whole number counts them, a number with a point is a share.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Portion {
    /// A number of images.
    Count(usize),
    /// A share in `[0, 1)`, rounded to whole images.
    Share(f64),
}

impl Portion {
    /// The number of images out of `n`. Errors name the part as `part`.
    ///
    /// # Errors
    /// If the share is outside `[0, 1)`.
    pub fn of(self, n: usize, part: &str) -> Result<usize> {
        match self {
            Portion::Count(count) => Ok(count),
            Portion::Share(share) if (0.0..1.0).contains(&share) => {
                Ok((share * n as f64).round() as usize)
            }
            Portion::Share(share) => Err(Error::input(format!("a {part} share of {share:?}"))
                .mend("give a share from 0.0 to under 1.0, or a whole number of images")),
        }
    }
}

impl FromStr for Portion {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let count = text.parse().map(Portion::Count).ok();
        (count.or_else(|| text.parse().map(Portion::Share).ok())).ok_or_else(|| {
            Error::input(format!("'{text}' is not a part of a dataset"))
                .mend("give a share as 0.2, or a number of images as 10000")
        })
    }
}

/// The sizes of the parts of a [`Split`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SplitConfig {
    /// Share of the images that are not for test. A dataset with a validation part ignores it.
    /// Default 0.2: 10,000 of CIFAR-10's 50,000 (NAS-Bench-101, Ying et al. 2019, arXiv
    /// 1902.09635).
    pub validation: Portion,
    /// Share of all images outside a validation part of the dataset. A dataset with a test part
    /// ignores it. Default 0.2 (ours).
    pub test: Portion,
}

impl Default for SplitConfig {
    fn default() -> Self {
        SplitConfig {
            validation: Portion::Share(0.2),
            test: Portion::Share(0.2),
        }
    }
}

/// Three parts of a dataset without a common image: the numbers of their images, ascending.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// To fit weights.
    pub train: Vec<u32>,
    /// To compare networks.
    pub validation: Vec<u32>,
    /// To report, and for nothing else.
    pub test: Vec<u32>,
}

impl Split {
    /// Splits a dataset.
    ///
    /// The dataset's own test and validation parts stay as they are. Otherwise the test part is cut
    /// from all other images, and then the validation part from the rest. Both cuts are random by
    /// the seed and keep the shares of the classes to within one image. The test part does not
    /// depend on the size of the validation part.
    ///
    /// # Errors
    /// If a share is out of its range, or a part is so large that a class could be left without a
    /// training image.
    pub fn new(dataset: &Dataset, config: &SplitConfig, seed: u64) -> Result<Self> {
        let labels = dataset.images().labels();
        let numbers = |part: Range<usize>| part.map(|i| i as u32).collect();
        let all = numbers(dataset.own_train());
        let (rest, test) = match dataset.own_test() {
            Some(part) => (all, numbers(part)),
            None => {
                let mut rng = Rng::stream(seed, "data/test");
                cut(labels, all, config.test, "test", &mut rng)?
            }
        };
        let (train, validation) = match dataset.own_validation() {
            Some(part) => (rest, numbers(part)),
            None => {
                let mut rng = Rng::stream(seed, "data/validation");
                cut(labels, rest, config.validation, "validation", &mut rng)?
            }
        };
        Ok(Split {
            train,
            validation,
            test,
        })
    }
}

/// Divides images into a rest and a taken part, with the same share of each class.
fn cut(
    labels: &[u16],
    from: Vec<u32>,
    portion: Portion,
    part: &str,
    rng: &mut Rng,
) -> Result<(Vec<u32>, Vec<u32>)> {
    let n = from.len();
    let take = portion.of(n, part)?;
    let mut classes: BTreeMap<u16, Vec<u32>> = BTreeMap::new();
    for i in from {
        classes.entry(labels[i as usize]).or_default().push(i);
    }
    let mut classes: Vec<Vec<u32>> = classes.into_values().collect();
    let most = n - classes.len();
    if take > most {
        return Err(Error::input(format!(
            "a {part} part of {take} out of {n} images in {} classes leaves a class without a training image",
            classes.len()
        ))
        .mend(format!("take at most {most}")));
    }
    let sizes: Vec<usize> = classes.iter().map(Vec::len).collect();
    let (mut left, mut taken) = (Vec::with_capacity(n - take), Vec::with_capacity(take));
    for (class, k) in classes.iter_mut().zip(shares(&sizes, take)) {
        rng.shuffle(class);
        taken.extend_from_slice(&class[..k]);
        left.extend_from_slice(&class[k..]);
    }
    left.sort_unstable();
    taken.sort_unstable();
    Ok((left, taken))
}

/// `take` in proportion to sizes by the largest remainders, and never all of a size.
///
/// `take` is at most the sum of the sizes, less one for each.
fn shares(sizes: &[usize], take: usize) -> Vec<usize> {
    let n: usize = sizes.iter().sum();
    let quota = |size: usize| take as u128 * size as u128;
    // Under the size, because `take` is under `n`.
    let mut shares: Vec<usize> = (sizes.iter())
        .map(|&s| (quota(s) / n.max(1) as u128) as usize)
        .collect();
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|&c| std::cmp::Reverse(quota(sizes[c]) % n.max(1) as u128));
    let mut left = take - shares.iter().sum::<usize>();
    // There is room for all: see the bound on `take`.
    for &c in order.iter().cycle().take(sizes.len() * (left + 1)) {
        if left > 0 && shares[c] + 1 < sizes[c] {
            shares[c] += 1;
            left -= 1;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_fair_and_leave_one_of_each_class() {
        assert_eq!(shares(&[10, 10, 10], 7), [3, 2, 2]);
        assert_eq!(shares(&[1, 100], 99), [0, 99]);
        assert_eq!(shares(&[2, 1, 1], 1), [1, 0, 0]);
        assert_eq!(shares(&[3, 3, 9], 12), [2, 2, 8]);
        assert_eq!(shares(&[], 0), [0; 0]);
    }
}
