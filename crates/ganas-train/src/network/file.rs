//! Tensors in safetensors files.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use ganas_core::write_whole;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::error::{Result, TrainError};

/// The error of a file that holds something else than it should.
pub(crate) fn damaged(path: &Path, what: impl Into<String>) -> TrainError {
    TrainError::File {
        path: path.to_owned(),
        what: what.into(),
    }
}

/// Writes tensors by name, with a header: the whole file or nothing.
///
/// # Errors
/// If the file cannot be written.
pub(crate) fn write(
    path: &Path,
    tensors: &[(String, &Tensor<4>)],
    header: Option<HashMap<String, String>>,
) -> Result<()> {
    let mut blocks = Vec::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        let numbers = ((*tensor).clone().try_into_vec_as::<f32>()).map_err(|e| {
            damaged(
                path,
                format!("`{name}` cannot be read from the device: {e:?}"),
            )
        })?;
        let bytes: Vec<u8> = numbers.iter().flat_map(|v| v.to_le_bytes()).collect();
        blocks.push((name, tensor.dims().to_vec(), bytes));
    }
    let views = (blocks.iter())
        .map(|(name, shape, bytes)| {
            TensorView::new(Dtype::F32, shape.clone(), bytes).map(|view| (name.as_str(), view))
        })
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|e| damaged(path, e.to_string()))?;
    let bytes = safetensors::serialize(views, header).map_err(|e| damaged(path, e.to_string()))?;
    let written = write_whole(path, |mut file| {
        file.write_all(&bytes)?;
        file.sync_all()
    });
    written.map_err(|source| TrainError::Io {
        path: path.to_owned(),
        source,
    })
}

/// The bytes of a file.
///
/// # Errors
/// If it cannot be read.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|source| TrainError::Io {
        path: path.to_owned(),
        source,
    })
}

/// The tensors of a file.
pub(crate) struct Tensors<'a> {
    path: &'a Path,
    file: SafeTensors<'a>,
}

impl<'a> Tensors<'a> {
    /// The tensors in the bytes of a file.
    ///
    /// # Errors
    /// If it is no safetensors file.
    pub fn new(path: &'a Path, bytes: &'a [u8]) -> Result<Self> {
        let file = SafeTensors::deserialize(bytes)
            .map_err(|e| damaged(path, format!("not a safetensors file: {e}")))?;
        Ok(Tensors { path, file })
    }

    /// Whether there is one of this name.
    pub fn has(&self, name: &str) -> bool {
        self.file.tensor(name).is_ok()
    }

    /// The tensor of a name, on a device.
    ///
    /// # Errors
    /// If there is none, or it has another shape.
    pub fn read(&self, name: &str, shape: [usize; 4], device: &Device) -> Result<Tensor<4>> {
        let damaged = |what: String| damaged(self.path, what);
        let view = (self.file.tensor(name)).map_err(|_| damaged(format!("no weight `{name}`")))?;
        if view.dtype() != Dtype::F32 || view.shape() != shape {
            return Err(damaged(format!(
                "`{name}` is {:?} {:?} where the network has F32 {shape:?}",
                view.dtype(),
                view.shape()
            )));
        }
        let (quads, _) = view.data().as_chunks::<4>();
        let values: Vec<f32> = quads.iter().map(|b| f32::from_le_bytes(*b)).collect();
        Ok(Tensor::from_data(TensorData::new(values, shape), device))
    }
}
