//! Proxies of many architectures, as `ganas proxies` computes them.

use std::path::PathBuf;

use crate::spec;
use crate::spec::field::Offer;
use crate::spec::task::ReadingSpec;
use crate::spec::training::ImagesSpec;

spec! {
    /// Proxies, the architectures to compute them for, and the images to compute them with.
    pub struct ProxiesSpec {
        /// Search space: a name that `ganas space list` shows, or a TOML file
        space: String = "nasbench201".to_owned() => |field| field.value("NAME|FILE").offers(Offer::Spaces);
        /// Proxy to compute: nwot, synflow, jacov, snip, grad-norm or zen; can be given several times
        /// [default: all]
        proxies: Vec<String> => |field| field.value("PROXY").option("proxy");
        /// Take the architectures of a table
        table: Option<PathBuf> => |field| field.value("FILE|NAME");
        /// Take N random architectures
        sample: Option<usize> => |field| field.value("N");
        /// Dataset of the images: digits (built in), or a folder, as for `ganas search --train`
        data: String = "digits".to_owned() => |field| field.value("DATASET");
        /// Images of the batch, drawn from those that networks are trained on
        images: usize = 64 => |field| field.value("N");
        /// Channels of the stem [default: those of the benchmark]
        width: Option<usize> => |field| field.value("N");
        /// Cells a stage; in chains, how often each block is repeated [default: as in the benchmark]
        depth: Option<usize> => |field| field.value("N");
        /// Seed of the images, weights and architectures that are drawn
        seed: u64 = 0 => |field| field.value("N");
        /// Networks that are computed at once; results do not depend on their number [default: one a core]
        workers: Option<usize> => |field| field.value("N");
        /// CSV file with a row for each architecture; what it holds already is not computed again
        /// [default: proxies.csv]
        out: Option<PathBuf> => |field| field.value("FILE");
        ..reading: ReadingSpec;
        ..split: ImagesSpec;
    }
}
