//! Architectures as fixed-width keys.

use ganas_core::arch::{Arch, MAX_OPS};

/// Largest length of a key in bytes.
const MAX_WIDTH: usize = 1 + MAX_OPS + size_of::<u128>();

/// Encoding of the architectures of one table: one byte for the number of ops, then the ops and the
/// little-endian edge bits, both zero-padded to a fixed width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Codec {
    ops: usize,
    edges: usize,
}

/// Encoded architecture.
pub(crate) struct Key {
    bytes: [u8; MAX_WIDTH],
    width: usize,
}

impl Key {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.width]
    }
}

impl Codec {
    /// Creates a codec of given widths in bytes, if an [`Arch`] can fill them.
    pub(crate) fn new(ops: usize, edges: usize) -> Option<Self> {
        (ops <= MAX_OPS && edges <= size_of::<u128>()).then_some(Codec { ops, edges })
    }

    /// Returns the narrowest codec that holds all these architectures.
    pub(crate) fn narrowest(archs: &[Arch]) -> Self {
        let ops = archs.iter().map(|a| a.ops().len()).max().unwrap_or(0);
        let edges = archs.iter().fold(0, |all, a| all | a.edges());
        let bits = (u128::BITS - edges.leading_zeros()) as usize;
        Codec {
            ops,
            edges: bits.div_ceil(8),
        }
    }

    /// Returns the bytes for ops and the bytes for edges.
    pub(crate) fn widths(self) -> (usize, usize) {
        (self.ops, self.edges)
    }

    /// Returns the bytes of a key.
    pub(crate) fn width(self) -> usize {
        1 + self.ops + self.edges
    }

    /// Returns the key of an architecture, or `None` if it is too large to be in the table.
    pub(crate) fn encode(self, arch: &Arch) -> Option<Key> {
        let ops = arch.ops();
        let edges = arch.edges().to_le_bytes();
        if ops.len() > self.ops || edges[self.edges..].iter().any(|&b| b != 0) {
            return None;
        }
        let mut key = Key {
            bytes: [0; MAX_WIDTH],
            width: self.width(),
        };
        if self.is_fixed() && ops.len() != self.ops {
            return None;
        }
        key.bytes[0] = if self.is_fixed() { 0 } else { ops.len() as u8 };
        key.bytes[1..=ops.len()].copy_from_slice(ops);
        key.bytes[1 + self.ops..self.width()].copy_from_slice(&edges[..self.edges]);
        Some(key)
    }

    /// Returns true if all architectures have all ops, because a byte cannot count them. Only spaces whose
    /// architectures have the same number of ops have so many.
    fn is_fixed(self) -> bool {
        self.ops > usize::from(u8::MAX)
    }

    /// Returns the ops of a key, or `None` if it has too many.
    pub(crate) fn ops(self, key: &[u8]) -> Option<&[u8]> {
        let (len, rest) = key.split_first()?;
        let len = if self.is_fixed() {
            self.ops
        } else {
            usize::from(*len)
        };
        rest.get(..self.ops)?.get(..len)
    }

    /// Returns the architecture of a key, or `None` if the key has too many ops.
    pub(crate) fn decode(self, key: &[u8]) -> Option<Arch> {
        let ops = self.ops(key)?;
        let edge_bytes = key.get(1 + self.ops..)?;
        let mut edges = [0; size_of::<u128>()];
        edges
            .get_mut(..edge_bytes.len())?
            .copy_from_slice(edge_bytes);
        Some(Arch::with_edges(ops, u128::from_le_bytes(edges)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_as_narrow_as_the_table_and_come_back() {
        let archs = [
            Arch::with_edges(&[2, 0, 1], 0b1_0000_0001),
            Arch::with_edges(&[1], 1),
        ];
        let codec = Codec::narrowest(&archs);
        assert_eq!(codec.width(), 1 + 3 + 2);
        for arch in archs {
            let key = codec.encode(&arch).unwrap();
            assert_eq!(codec.decode(key.bytes()), Some(arch));
        }
        assert!(codec.encode(&Arch::new(&[0; 4])).is_none());
        assert!(codec.encode(&Arch::with_edges(&[0], 1 << 16)).is_none());
    }

    #[test]
    fn more_ops_than_a_byte_counts_come_back() {
        let long: Vec<u8> = (0..MAX_OPS).map(|i| (i % 250) as u8).collect();
        let archs = [Arch::new(&long), Arch::new(&[7; MAX_OPS])];
        let codec = Codec::narrowest(&archs);
        for arch in archs {
            let key = codec.encode(&arch).unwrap();
            assert_eq!(codec.decode(key.bytes()), Some(arch));
        }
        // A shorter one could not be told from them.
        assert!(codec.encode(&Arch::new(&[7; 256])).is_none());
    }
}
