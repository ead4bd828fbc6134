//! Trainings of networks: their recipe, images and device.

use std::path::PathBuf;

use ganas_data::Augment;
use ganas_train::device::Choice;

use crate::spec;

spec! {
    /// Recipe of trainings. A field that is left out has the dataset's default.
    pub struct TrainingSpec {
        /// TOML file with settings of the training, as `epochs = 12`; the options below go before it
        recipe: Option<PathBuf> => |field| field.value("FILE").heading("Training");
        /// Passes over the training images
        /// [default: 10 for the digits; else 12, or as many as 300 steps take]
        epochs: Option<usize> => |field| field.value("N").heading("Training");
        /// Images a step [default: 16 for the digits; else up to 128, smaller where images are few]
        batch: Option<usize> => |field| field.value("N").heading("Training");
        /// Optimiser: sgd (stochastic gradient descent with Nesterov momentum) or adamw (Adam with
        /// decoupled weight decay)
        optimizer: Option<String> => |field| {
            field.value("NAME").choices(&["sgd", "adamw"]).heading("Training")
        };
        /// Highest learning rate
        learning_rate: Option<f64> => |field| field.value("RATE").heading("Training");
        /// Learning rate after the warm-up: cosine (down to zero along half a cosine) or constant
        schedule: Option<String> => |field| {
            field.value("NAME").choices(&["cosine", "constant"]).heading("Training")
        };
        /// Weight decay
        weight_decay: Option<f64> => |field| field.value("RATE").heading("Training");
        /// Random changes of training images: none, or some of flip, pad=N (black pixels around, out of
        /// which a part is cut) and cutout=N (the side of a square that is blanked), as in
        /// flip,pad=4,cutout=16 [default: as suits the dataset]
        augment: Option<String> => |field| {
            field.value("CHANGES").parsed::<Augment>().heading("Training")
        };
        /// Channels of the stem
        width: Option<usize> => |field| field.value("N").heading("Training");
        /// Cells a stage; in chains, how often each block is repeated
        depth: Option<usize> => |field| field.value("N").heading("Training");
        /// Trainings of each architecture, whose metrics are averaged
        /// [default: 1; 3 with fewer than 100 validation images, but for the digits]
        repeats: Option<usize> => |field| field.value("N").heading("Training");
    }
}

spec! {
    /// Images that networks are trained on.
    pub struct ImagesSpec {
        /// Validation images: a share of those that are not for test, or a number
        /// [default: 0.2; 0.5 of the digits; those of the dataset, if it has such a part]
        validation: Option<String> => |field| field.value("SHARE|N").heading("Training");
        /// Side of the square that images of folders are scaled to [default: 32]
        image_size: Option<usize> => |field| field.value("PIXELS").heading("Training");
    }
}

spec! {
    /// Device that networks are computed on.
    pub struct DeviceSpec {
        /// Device that trains and scores networks: cpu, gpu (the best graphics card), or gpu:1 for the
        /// second one and so on [default: cpu]
        ///
        /// Graphics cards take a build with the feature `wgpu`, and the same seed need not give the same
        /// numbers on them.
        device: Option<String> => |field| {
            field.value("DEVICE").parsed::<Choice>().heading("Training")
        };
    }
}
