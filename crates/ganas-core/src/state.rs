//! Serialisation of states, exact even for floats that are not finite.
//!
//! The encoding is CBOR (RFC 8949). It names fields, so the state of another version of the program
//! is refused rather than misread.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// Serialises a state. Returns `None` if it cannot be serialised.
pub fn save(state: &impl Serialize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    ciborium::into_writer(state, &mut bytes).ok()?;
    Some(bytes)
}

/// Deserialises a state.
///
/// # Errors
/// If the bytes are not a state of this type.
pub fn load<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    ciborium::from_reader(bytes)
        .map_err(|e| Error::input(format!("the saved state cannot be read: {e}")))
}
