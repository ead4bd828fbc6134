//! Memory layout of images and windows.

/// The layout of an image in a padded frame of zeros.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// Height, width and channels of the image.
    pub image: [usize; 3],
    /// Height and width of the frame.
    pub size: [usize; 2],
    /// The row and column of the image's first pixel.
    pub offset: usize,
    /// The distance of neighbouring pixels of the image in the frame.
    pub spread: usize,
}

impl Frame {
    fn len(&self) -> usize {
        self.size[0] * self.size[1] * self.image[2]
    }

    fn is_image(&self) -> bool {
        self.size == [self.image[0], self.image[1]] && self.spread == 1
    }

    /// Writes an image into a frame; the zeros around its pixels are not touched.
    fn fill(&self, image: &[f32], frame: &mut [f32]) {
        let [_, width, channels] = self.image;
        let pitch = self.size[1] * channels;
        for (y, row) in image.chunks_exact(width * channels).enumerate() {
            let at = (self.offset + y * self.spread) * pitch + self.offset * channels;
            if self.spread == 1 {
                frame[at..][..row.len()].copy_from_slice(row);
                continue;
            }
            for (x, pixel) in row.chunks_exact(channels).enumerate() {
                frame[at + x * self.spread * channels..][..channels].copy_from_slice(pixel);
            }
        }
    }
}

/// The images of a batch in frames, one after another.
pub(super) struct Frames<'a> {
    frame: Frame,
    images: std::slice::ChunksExact<'a, f32>,
    scratch: Vec<f32>,
}

impl<'a> Frames<'a> {
    pub fn new(frame: Frame, images: &'a [f32]) -> Self {
        let scratch = if frame.is_image() { 0 } else { frame.len() };
        Frames {
            frame,
            images: images.chunks_exact(frame.image.iter().product()),
            scratch: vec![0.0; scratch],
        }
    }

    #[inline(always)]
    pub fn next(&mut self) -> Option<&[f32]> {
        let image = self.images.next()?;
        if self.frame.is_image() {
            return Some(image);
        }
        self.frame.fill(image, &mut self.scratch);
        Some(&self.scratch)
    }
}

/// The window of a convolution on framed images.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// Height and width of the kernel.
    pub kernel: [usize; 2],
    /// The distance of neighbouring windows.
    pub stride: usize,
    /// Height, width and channels of the output.
    pub output: [usize; 3],
}

/// The positions of windows in a frame, as indices.
pub(super) struct Steps {
    /// From one row of the frame to the next.
    pub pitch: usize,
    /// The length of a window's row.
    pub segment: usize,
    /// The first number of each window.
    pub starts: Vec<usize>,
    /// A window's rows, in parts whose weights stay in the cache for all pixels of an image.
    pub parts: Vec<Vec<Run>>,
}

/// A run of a window's numbers.
#[derive(Clone, Copy)]
pub(super) struct Run {
    /// The distance from the window's first number.
    pub offset: usize,
    pub len: usize,
}

/// The most numbers of a window in a part: weights of 24 KiB for a pair of vectors of 64 bytes,
/// half of a usual first-level cache.
const PART: usize = 192;

/// The rows of a window cut and gathered to parts of at most [`PART`] numbers.
fn parts(rows: usize, pitch: usize, segment: usize) -> Vec<Vec<Run>> {
    let mut parts: Vec<Vec<Run>> = Vec::new();
    let mut room = 0;
    for row in 0..rows {
        for start in (0..segment).step_by(PART) {
            let run = Run {
                offset: row * pitch + start,
                len: PART.min(segment - start),
            };
            match parts.last_mut() {
                Some(part) if run.len <= room => part.push(run),
                _ => {
                    parts.push(vec![run]);
                    room = PART;
                }
            }
            room -= run.len;
        }
    }
    parts
}

impl Steps {
    pub fn new(frame: &Frame, window: &Window) -> Self {
        let channels = frame.image[2];
        let pitch = frame.size[1] * channels;
        let [height, width, _] = window.output;
        let start = |y, x| window.stride * (y * pitch + x * channels);
        Steps {
            pitch,
            segment: window.kernel[1] * channels,
            starts: (0..height)
                .flat_map(|y| (0..width).map(move |x| start(y, x)))
                .collect(),
            parts: parts(window.kernel[0], pitch, window.kernel[1] * channels),
        }
    }
}
