//! GA-NAS (Rezaei et al. 2021, "Generative Adversarial Neural Architecture Search", IJCAI,
//! doi 10.24963/ijcai.2021/307, arXiv 2105.09356).
//!
//! [`GaNas`] is Algorithm 2, written once over two traits: a [`Generator`](generators::Generator)
//! proposes architectures near the truth set, and a
//! [`Discriminator`](discriminators::Discriminator) tells what resembles the truth set. The presets
//! choose both parts:
//!
//! | preset | generator | discriminator |
//! |---|---|---|
//! | `default` | edits of the truth set | committee |
//! | `paper-setup1`, `paper-setup2`, `paper-learned` | network | pairwise network |
//! | `adversarial` | network, which makes a pool | pairwise network, which chooses from the pool |

mod algorithm;
mod apart;
mod checks;
mod config;
pub mod discriminators;
mod freeze_thaw;
pub mod generators;
mod informed;
mod parts;
mod presets;
mod pretrain;
mod pretrained;
mod reward;
mod round;
mod stopwatch;
mod truth;

use ganas_core::error::Error;
use ganas_nets::NetError;

pub use algorithm::GaNas;
pub use config::{GaNasConfig, Proposals, Reward, ScreenConfig};
pub use informed::Informed;
pub use pretrain::{PretrainConfig, pretrain};
pub use pretrained::Pretrained;
pub use reward::{StepReward, rewards};
pub use round::{Round, Streams};
pub use truth::TruthSet;

/// Turns an error of the networks into one for the user: a setting that the space does not allow,
/// or else a bug.
fn fault(error: NetError) -> Error {
    match error {
        NetError::Order(_) | NetError::TooLarge { .. } => {
            Error::input(error.to_string()).mend("set a smaller `k`")
        }
        other => Error::bug(other.to_string()),
    }
}
