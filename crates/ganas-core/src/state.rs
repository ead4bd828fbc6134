//! States as bytes: whatever can be serialised, exactly, floats that are not finite included.
//!
//! The encoding is CBOR (RFC 8949): it names fields, so that what another version of the program
//! wrote is refused instead of misread.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// A state as bytes; `None` if it cannot be serialised.
pub fn save(state: &impl Serialize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    ciborium::into_writer(state, &mut bytes).ok()?;
    Some(bytes)
}

/// The state that was saved.
///
/// # Errors
/// If the bytes are no such state.
pub fn load<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    ciborium::from_reader(bytes).map_err(|e| Error::input(format!("the saved state is none: {e}")))
}
