//! The compiled form of a table: one block of bytes that is searched where it lies.
//!
//! All numbers are little-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | magic |
//! | 4, 4 | version, length of the header |
//! | 8 | length of the file |
//! | 8 | XXH3-64 of everything else |
//! | | the header, in JSON |
//! | rows x key width | architectures, see [`Codec`] |
//! | rows x 4 | place of each row in the source |
//! | columns x rows x 8 | metrics, one column after another |
//! | slots x 4 | index: row + 1, or 0; a key starts at its XXH3-64 modulo the slots and probes linearly |

use std::io::{self, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::codec::Codec;
use crate::import::Reading;
use crate::staged::{Ignored, Indexed, Unit, slots_for};
use ganas_core::space::SearchSpace;

/// First bytes of a compiled table.
pub(crate) const MAGIC: [u8; 8] = *b"GANAStbl";

/// Version of the format. Other versions are not read.
pub(crate) const VERSION: u32 = 2;

/// Bytes before the header.
const PREAMBLE: usize = 32;

/// Bytes of the checksum in the preamble.
const CHECKSUM: std::ops::Range<usize> = 24..32;

/// Header of a compiled table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) space: String,
    /// [`fingerprint`] of the space.
    pub(crate) fingerprint: String,
    pub(crate) reading: Reading,
    pub(crate) source: PathBuf,
    pub(crate) unit: Unit,
    pub(crate) columns: Vec<String>,
    pub(crate) ignored: Vec<Ignored>,
    pub(crate) rows: u32,
    pub(crate) folded: u64,
    pub(crate) merged: u64,
    pub(crate) op_width: u16,
    pub(crate) edge_width: u8,
    /// XXH3-64 of columns, architectures and metrics.
    pub(crate) digest: String,
}

/// Returns a hash of everything about a space that decides how keys read: its name, ops, size and
/// roles.
pub(crate) fn fingerprint(space: &dyn SearchSpace) -> String {
    let parts = (space.name(), space.ops(), space.max_nodes());
    let roles = space.roles();
    let text = if roles.is_empty() {
        serde_json::to_vec(&parts)
    } else {
        serde_json::to_vec(&(parts, &roles.absent, &roles.identity, &roles.stages))
    };
    let text = text.expect("texts and numbers have a JSON form");
    format!("{:016x}", xxh3_64(&text))
}

/// Offsets of the sections of a compiled table.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) rows: usize,
    pub(crate) archs: usize,
    pub(crate) lines: usize,
    pub(crate) metrics: usize,
    pub(crate) index: usize,
    pub(crate) slots: usize,
    end: usize,
}

impl Layout {
    /// Computes the layout from a header; `None` if the sizes overflow.
    fn new(header: &Header, header_len: usize, codec: Codec) -> Option<Self> {
        let rows = header.rows as usize;
        let archs = PREAMBLE.checked_add(header_len)?;
        let lines = archs.checked_add(rows.checked_mul(codec.width())?)?;
        let metrics = lines.checked_add(rows.checked_mul(4)?)?;
        let cells = rows.checked_mul(header.columns.len())?;
        let index = metrics.checked_add(cells.checked_mul(8)?)?;
        let slots = slots_for(rows);
        Some(Layout {
            rows,
            archs,
            lines,
            metrics,
            index,
            slots,
            end: index.checked_add(slots.checked_mul(4)?)?,
        })
    }
}

/// Faults of a compiled table.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// Cut off or changed.
    Damaged,
    /// Written in another version of the format.
    Version(u32),
}

/// Reads and checks the header and every offset that lookups rely on.
pub(crate) fn open(bytes: &[u8]) -> Result<(Header, Codec, Layout), Unusable> {
    let damaged = Unusable::Damaged;
    let preamble = bytes.get(..PREAMBLE).ok_or(Unusable::Damaged)?;
    if preamble[..8] != MAGIC {
        return Err(damaged);
    }
    let version = u32_at(bytes, 8);
    if version != VERSION {
        return Err(Unusable::Version(version));
    }
    if u64_at(bytes, 16) != bytes.len() as u64 || u64_at(bytes, CHECKSUM.start) != checksum(bytes) {
        return Err(damaged);
    }
    let header_len = u32_at(bytes, 12) as usize;
    let header: Header = (bytes[PREAMBLE..].get(..header_len))
        .and_then(|json| serde_json::from_slice(json).ok())
        .ok_or(Unusable::Damaged)?;
    let codec = Codec::new(header.op_width.into(), header.edge_width.into());
    let (codec, layout) = codec
        .and_then(|codec| Some((codec, Layout::new(&header, header_len, codec)?)))
        .filter(|(_, layout)| layout.end == bytes.len())
        .ok_or(Unusable::Damaged)?;
    let keys = &bytes[layout.archs..layout.lines];
    if keys
        .chunks_exact(codec.width())
        .any(|key| codec.ops(key).is_none())
    {
        return Err(damaged);
    }
    let index = &bytes[layout.index..];
    if (0..layout.slots).any(|slot| u32_at(index, 4 * slot) > header.rows) {
        return Err(damaged);
    }
    Ok((header, codec, layout))
}

/// Returns the checksum of a compiled table that has at least a preamble.
pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(&bytes[..CHECKSUM.start]);
    hash.update(&bytes[CHECKSUM.end..]);
    hash.digest()
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(word)
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}

/// Returns a hash of the content of a table, independent of the source file.
fn digest(table: &Indexed) -> u64 {
    let mut hash = Xxh3::new();
    for (name, values) in &table.staged.columns {
        hash.update(name.as_bytes());
        hash.update(&[0]);
        for value in values {
            hash.update(&value.to_bits().to_le_bytes());
        }
    }
    for key in table.keys() {
        hash.update(key.bytes());
    }
    hash.digest()
}

/// Writes all parts of a compiled table but the checksum, in order.
fn emit(
    table: &Indexed,
    space: &dyn SearchSpace,
    put: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let staged = &table.staged;
    let (op_width, edge_width) = table.codec.widths();
    let header = Header {
        space: space.name().to_owned(),
        fingerprint: fingerprint(space),
        reading: table.reading.clone(),
        source: staged.source.clone(),
        unit: staged.unit,
        columns: staged
            .columns
            .iter()
            .map(|(name, _)| name.clone())
            .collect(),
        ignored: staged.ignored.clone(),
        rows: staged.archs.len() as u32,
        folded: staged.folded,
        merged: staged.merged,
        op_width: op_width as u16,
        edge_width: edge_width as u8,
        digest: format!("{:016x}", digest(table)),
    };
    let json = serde_json::to_vec(&header)?;
    let layout = Layout::new(&header, json.len(), table.codec)
        .ok_or_else(|| io::Error::other("the table is too large"))?;
    put(&MAGIC)?;
    put(&VERSION.to_le_bytes())?;
    put(&(json.len() as u32).to_le_bytes())?;
    put(&(layout.end as u64).to_le_bytes())?;
    put(&json)?;
    for key in table.keys() {
        put(key.bytes())?;
    }
    for line in &staged.lines {
        put(&line.to_le_bytes())?;
    }
    for value in staged.columns.iter().flat_map(|(_, values)| values) {
        put(&value.to_bits().to_le_bytes())?;
    }
    for slot in &table.index.0 {
        put(&slot.to_le_bytes())?;
    }
    Ok(())
}

/// Writes a compiled table.
pub(crate) fn write(
    table: &Indexed,
    space: &dyn SearchSpace,
    mut out: impl Write,
) -> io::Result<()> {
    let mut hash = Xxh3::new();
    emit(table, space, &mut |bytes| {
        hash.update(bytes);
        Ok(())
    })?;
    let mut at = 0;
    emit(table, space, &mut |bytes| {
        if at == CHECKSUM.start {
            out.write_all(&hash.digest().to_le_bytes())?;
        }
        at += bytes.len();
        out.write_all(bytes)
    })?;
    out.flush()
}
