//! NAO and SemiNAS: gradient ascent in a latent space of architectures.
//!
//! Luo et al. 2018, "Neural architecture optimization", NeurIPS, arXiv 1808.07233. An encoder, a predictor and a
//! decoder are trained together on the evaluated architectures. The best of them are moved uphill by the
//! predictor's gradient, and what the decoder makes of the moved points is evaluated.
//!
//! Luo et al. 2020, "Semi-supervised neural architecture search", NeurIPS, arXiv 2002.10389: the networks are
//! trained once more on random architectures with the values that they predict themselves.
//!
//! Both differ from the papers in four things. The networks are GRUs without attention. They are kept from round
//! to round and trained further. The decisions of the space are the sequence, and only possible ones are made.
//! Values are normal quantiles of ranks, so that the unit of the objective means nothing.

mod climb;
mod plain;
mod semi;

pub use plain::{Nao, NaoConfig};
pub use semi::{Seminas, SeminasConfig};
