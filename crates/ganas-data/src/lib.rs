//! Image datasets for the training of candidate networks: loaders, splits by seed, augmentation
//! and batches.
//!
//! Images stay bytes in one block until a batch is made of them; a [`Split`] is lists of numbers.
//! CIFAR-10 takes 184 MB that way. Everything is a function of the data and a seed.
//!
//! ```
//! use ganas_data::{BatchConfig, Batches, Normalisation, Split, SplitConfig, load};
//!
//! # fn main() -> Result<(), ganas_core::error::Error> {
//! let seed = 0;
//! let digits = load("digits")?; // or the path of CIFAR, of MNIST, of a folder of images
//! let split = Split::new(&digits, &SplitConfig::default(), seed)?;
//! assert_eq!([split.train.len(), split.validation.len(), split.test.len()], [1150, 288, 359]);
//!
//! let normalisation = Normalisation::measure(&digits, &split.train)?;
//! let config = BatchConfig::default();
//! for epoch in 0..2 {
//!     for batch in Batches::train(&digits, &split.train, &normalisation, &config, seed, epoch)? {
//!         assert_eq!(batch.shape, [64, 8, 8, 1]); // channels last
//!         assert_eq!(batch.labels.len(), 64);
//!     }
//! }
//! let seen: usize = Batches::evaluate(&digits, &split.validation, &normalisation, 100)?
//!     .map(|batch| batch.labels.len())
//!     .sum();
//! assert_eq!(seen, 288);
//! # Ok(())
//! # }
//! ```
//!
//! # Attribution
//! The built-in digits are 1,797 images of "Optical Recognition of Handwritten Digits" by
//! E. Alpaydin and C. Kaynak (1998), UCI Machine Learning Repository, doi 10.24432/C50P49, under
//! [CC BY 4.0](https://creativecommons.org/licenses/by/4.0/): its test part, as scikit-learn
//! ships it. The values are unchanged, and the encoding is new.
#![forbid(unsafe_code)]

mod augment;
mod batches;
mod cifar;
mod digits;
mod folder;
mod idx;
mod images;
mod load;
mod read;
mod split;

pub use augment::{Augment, Normalisation};
pub use batches::{Batch, BatchConfig, Batches};
pub use digits::digits;
pub use images::{Dataset, Images, Shape};
pub use load::{Resize, load, load_with};
pub use split::{Portion, Split, SplitConfig};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
