//! Tensors in safetensors files.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::Path;

use ganas_core::{read_regular, write_whole};
use ganas_tensor::{Device, Tensor};
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
        let numbers = (*tensor).clone().into_vec().map_err(|e| {
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
    let mut header = header.unwrap_or_default();
    header.insert(CHECKSUM.to_owned(), checksum(&header, &views));
    let bytes = safetensors::serialize(views, Some(header))
        .map_err(|e| damaged(path, e.to_string()))
        .and_then(|bytes| sorted(bytes).ok_or_else(|| damaged(path, "its header is not JSON")))?;
    Ok(write_whole(path, |mut file| file.write_all(&bytes))?)
}

/// The metadata with the checksum of all others, and of the tensors. Files of older versions have
/// none.
const CHECKSUM: &str = "ganas-crc32c";

/// The checksum (CRC-32C) of the metadata and the tensors of a file: names and shapes as JSON, and
/// the tensors' bytes, both in the order of the names.
fn checksum(metadata: &HashMap<String, String>, tensors: &[(&str, TensorView)]) -> String {
    let others: BTreeMap<_, _> = (metadata.iter())
        .filter(|(name, _)| *name != CHECKSUM)
        .collect();
    let mut tensors: Vec<_> = tensors.iter().collect();
    tensors.sort_by_key(|(name, _)| *name);
    let shapes: Vec<_> = (tensors.iter())
        .map(|(name, view)| (name, view.shape()))
        .collect();
    let names = serde_json::to_vec(&(others, shapes)).expect("texts and numbers are JSON");
    let crc = tensors
        .iter()
        .fold(crc32c::crc32c(&names), |crc, (_, view)| {
            crc32c::crc32c_append(crc, view.data())
        });
    format!("{crc:08x}")
}

/// The same file with the fields of its header in order, so that the same tensors always make the
/// same file.
fn sorted(mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    let length = usize::try_from(u64::from_le_bytes(*bytes.first_chunk()?)).ok()?;
    let header = bytes.get_mut(8..8 + length)?;
    let fields: serde_json::Value = serde_json::from_slice(header).ok()?;
    let mut ordered = serde_json::to_vec(&fields).ok()?;
    // Spaces at its end align the tensors.
    ordered.resize(length, b' ');
    header.copy_from_slice(&ordered);
    Some(bytes)
}

/// The bytes of a file.
///
/// # Errors
/// If it cannot be read.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>> {
    read_regular(path).map_err(|cause| TrainError::Io {
        path: path.to_owned(),
        cause,
    })
}

/// Checks that a file is as it was written, if it has a checksum.
fn check(path: &Path, bytes: &[u8], file: &SafeTensors) -> Result<()> {
    let (_, metadata) =
        SafeTensors::read_metadata(bytes).map_err(|e| damaged(path, e.to_string()))?;
    let Some(metadata) = metadata.metadata() else {
        return Ok(());
    };
    let views: Vec<_> = file.iter().collect();
    let changed = (metadata.get(CHECKSUM)).is_some_and(|crc| *crc != checksum(metadata, &views));
    if changed {
        return Err(damaged(
            path,
            "the file was changed since it was written: its checksum is another; copy it again, or \
             make it anew",
        ));
    }
    Ok(())
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
    /// If it is not a safetensors file.
    pub fn new(path: &'a Path, bytes: &'a [u8]) -> Result<Self> {
        let file = SafeTensors::deserialize(bytes)
            .map_err(|e| damaged(path, format!("not a safetensors file: {e}")))?;
        check(path, bytes, &file)?;
        Ok(Tensors { path, file })
    }

    /// Returns true if there is a tensor of this name.
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
        Ok(Tensor::new(values, shape, device))
    }
}
