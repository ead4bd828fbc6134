//! Sums of the costs of a network's layers.

/// Trainable weights and multiply-adds of a network on square images, layer by layer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub params: usize,
    pub macs: usize,
    /// Set if operations without weights are charged as well, as the counters behind some tables
    /// do: four operations an element of batch norm, and one an element of average pooling (global
    /// pooling: one more a channel).
    pub elementwise: bool,
}

impl Tally {
    /// Adds a bare convolution without bias; `groups` divides both channel counts. The image is the
    /// side of the output.
    pub fn conv(
        &mut self,
        kernel: usize,
        from: usize,
        to: usize,
        groups: usize,
        image: usize,
    ) -> &mut Self {
        let weights = kernel * kernel * from * to / groups;
        self.params += weights;
        self.macs += weights * image * image;
        self
    }

    /// Adds a batch norm with scale and shift.
    pub fn norm(&mut self, channels: usize, image: usize) -> &mut Self {
        self.params += 2 * channels;
        if self.elementwise {
            self.macs += 4 * channels * image * image;
        }
        self
    }

    /// Adds a convolution and its batch norm.
    pub fn conv_norm(
        &mut self,
        kernel: usize,
        from: usize,
        to: usize,
        groups: usize,
        image: usize,
    ) -> &mut Self {
        self.conv(kernel, from, to, groups, image).norm(to, image)
    }

    /// Adds an average pooling that keeps the image.
    pub fn average(&mut self, channels: usize, image: usize) -> &mut Self {
        if self.elementwise {
            self.macs += channels * image * image;
        }
        self
    }

    /// Adds an average over the whole image.
    pub fn pool(&mut self, channels: usize, image: usize) -> &mut Self {
        if self.elementwise {
            self.macs += channels * (image * image + 1);
        }
        self
    }

    /// Adds a linear layer with bias. The bias is not a multiply-add.
    pub fn linear(&mut self, from: usize, to: usize) -> &mut Self {
        self.params += (from + 1) * to;
        self.macs += from * to;
        self
    }
}
