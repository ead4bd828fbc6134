//! Pretraining of networks on several tasks, as `ganas pretrain` does it.

use std::path::PathBuf;

use crate::spec;
use crate::spec::field::Offer;
use crate::spec::task::ReadingSpec;

spec! {
    /// Tasks that generator and discriminator are trained on, before a search of another task.
    pub struct PretrainSpec {
        /// Search space: a name that `ganas space list` shows, or a TOML file
        space: String = "nasbench201".to_owned() => |field| field.value("NAME|FILE").offers(Offer::Spaces);
        /// Results of a task on the space: a table or the folder of a run, as FILE:COLUMN or
        /// FILE:COLUMN:min; can be given several times
        prior: Vec<String> => |field| field.value("FILE:COLUMN");
        /// Rounds of Algorithm 2; the tasks take turns
        rounds: usize = 40 => |field| field.value("N");
        /// Seed of all random streams
        seed: u64 = 0 => |field| field.value("N");
        /// File for the networks
        out: Option<PathBuf> => |field| field.value("FILE");
        ..reading: ReadingSpec;
    }
}
