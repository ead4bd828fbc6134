//! What the fuzz targets do with their input: everything that reads what strangers wrote.
//!
//! The same functions run on mutated seeds in an ordinary test,
//! `crates/ganas-tables/tests/fuzz_smoke.rs`.

use ganas_core::rng::Rng;
use ganas_core::space::{Duplicates, NAMES, SearchSpace, from_toml, load, nasbench101};
use ganas_tables::{Import, Table};
use xxhash_rust::xxh3::Xxh3;

/// A small space of op sequences.
pub fn chain() -> Box<dyn SearchSpace> {
    let text = "name = 'toy'\nkind = 'chain'\nlength = 2\nops = ['a', 'b', 'c']";
    from_toml(text).expect("the text is a space")
}

/// Spaces of files: of every kind, with ops that have no layer.
const FILES: [&str; 6] = [
    "name = 'sizes'\nkind = 'chain'\nlength = 3\nops = ['8', '16', '64']",
    "name = 'layers'\nkind = 'chain'\nlength = 3\nops = ['none', 'a', 'b']\nabsent = ['none']",
    "name = 'edges'\nkind = 'edge-cell'\nnodes = 3\nops = ['none', 'skip', 'conv']\n\
     absent = ['none']\nidentity = ['skip']",
    "name = 'nodes'\nkind = 'node-cell'\nmax_vertices = 5\nmax_edges = 7\n\
     ops = ['none', 'skip', 'conv']\nabsent = ['none']\nidentity = ['skip']",
    CONFIG,
    "name = 'beside'\nkind = 'config'\nsnap = true\n\
     choice = [{ name = 'lr', low = 0.1, high = 1.0, steps = 4 }]\n\
     [cell]\nkind = 'edge-cell'\nnodes = 3\nops = ['none', 'conv']",
];

/// A space of configurations with everything that such a file can have, but a cell.
const CONFIG: &str = "name = 'net'\nkind = 'config'\nconstraints = ['units <= 32 * layers']\n\
     [[choice]]\nname = 'layers'\nlow = 1\nhigh = 3\n\
     [[choice]]\nname = 'units'\nvalues = [8, 16, 32]\nrepeat = 'layers'\nlog = true\ndefault = 8\n\
     [[choice]]\nname = 'opt'\nvalues = ['sgd', 'adam']\nweights = [1, 2]\n\
     [[choice]]\nname = 'momentum'\nlow = 0.5\nhigh = 0.9\nsteps = 4\nwhen = 'opt == sgd'\n\
     [metrics]\nsize = 'sum(units) * layers'";

fn spaces() -> impl Iterator<Item = Box<dyn SearchSpace>> {
    let known = NAMES.map(|name| load(name).expect("the space is known"));
    let files = FILES.map(|text| from_toml(text).expect("the text is a space"));
    known.into_iter().chain([chain()]).chain(files)
}

/// Looks at everything that a table says.
fn read_all(table: &Table, space: &dyn SearchSpace) {
    for row in 0..table.len() {
        let arch = table.arch(row);
        let _ = (table.find(&arch), table.line(row), space.format(&arch));
    }
    let _ = table.summary();
    for name in table.ignored_columns() {
        assert!(table.column(name).is_err());
    }
    for column in 0..table.columns().len() {
        let _ = table.check_objective(column);
    }
}

/// A text table, read in every way: the input as it is, and as UTF-16.
pub fn csv_table(data: &[u8]) {
    let units = String::from_utf8_lossy(data);
    let wide: Vec<u8> = ([0xff, 0xfe].into_iter())
        .chain(units.encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let ways = [
        Import::default(),
        Import {
            duplicates: Some(Duplicates::Mean),
            filters: vec!["acc=1".parse().expect("this is a filter")],
            ..Import::default()
        },
        Import {
            duplicates: Some(Duplicates::First),
            arch_column: Some("cell".into()),
            ..Import::default()
        },
    ];
    let ways = [
        (data, &ways[0]),
        (data, &ways[1]),
        (data, &ways[2]),
        (&wide, &ways[0]),
    ];
    // Each space in one way, which the input decides.
    for (i, space) in spaces().enumerate() {
        let (bytes, import) = ways[(i + data.len()) % ways.len()];
        if let Ok(table) = Table::from_text(bytes, "fuzz.csv", &*space, import) {
            read_all(&table, &*space);
        }
    }
}

/// How rows are chosen and repeated ones are read, as text.
pub fn reading(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let _ = text.parse::<Duplicates>();
    if let Ok(filter) = text.parse::<ganas_tables::Filter>() {
        assert!(!filter.column.is_empty());
        let again = filter.to_string().parse().expect("it was read before");
        assert_eq!(filter, again);
    }
}

/// A TFRecord, and the input as the content of one with correct checksums.
pub fn tfrecord(data: &[u8]) {
    let space = nasbench101();
    let masked = |bytes: &[u8]| {
        let crc = crc32c::crc32c(bytes).rotate_right(15);
        crc.wrapping_add(0xa282_ead8).to_le_bytes()
    };
    let length = (data.len() as u64).to_le_bytes();
    let framed = [&length[..], &masked(&length), data, &masked(data)].concat();
    for bytes in [data, &framed] {
        if let Ok(table) = Table::from_tfrecord(bytes, "fuzz.tfrecord", &space) {
            read_all(&table, &space);
        }
    }
}

/// A compiled table, as it is and with its length and checksum put right.
pub fn compiled_table(data: &[u8]) {
    let mut fixed = data.to_vec();
    if fixed.len() >= 32 {
        let length = (fixed.len() as u64).to_le_bytes();
        fixed[16..24].copy_from_slice(&length);
        let mut hash = Xxh3::new();
        hash.update(&fixed[..24]);
        hash.update(&fixed[32..]);
        fixed[24..32].copy_from_slice(&hash.digest().to_le_bytes());
    }
    for space in spaces() {
        for bytes in [data, &fixed] {
            if let Ok(table) = Table::from_compiled(bytes.to_vec(), "fuzz.gtab", &*space) {
                read_all(&table, &*space);
            }
        }
    }
}

/// A configuration in any notation, and an expression as condition, constraint and formula of a space.
pub fn config(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    for file in &FILES[4..] {
        let mut space = from_toml(file).expect("the text is a space");
        for _ in 0..2 {
            if let Ok(arch) = space.parse(text) {
                assert_eq!(space.check(&arch), Ok(()));
                assert_eq!(space.parse(&space.format(&arch)), Ok(arch));
            }
            space.snap().expect("the space has numbers");
        }
    }
    let expression = toml_text(text);
    for file in [
        CONFIG.replace("'opt == sgd'", &expression),
        CONFIG.replace("'units <= 32 * layers'", &expression),
        CONFIG.replace("'sum(units) * layers'", &expression),
        format!("start = {expression}\n{CONFIG}"),
    ] {
        space_file(file.as_bytes());
    }
}

/// A text as a string of TOML.
fn toml_text(text: &str) -> String {
    let escaped = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c.is_control() => format!("\\u{:04X}", u32::from(c)),
        c => c.to_string(),
    };
    format!("\"{}\"", text.chars().map(escaped).collect::<String>())
}

/// A space file.
pub fn space_file(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    if let Ok(space) = from_toml(text) {
        let _ = (space.name(), space.ops(), space.max_nodes(), space.start());
        let mut rng = Rng::stream(0, "fuzz");
        let arch = space.sample(space.samplers()[0], &mut rng);
        assert_eq!(space.canonical(&arch), arch);
        assert_eq!(space.parse(&space.format(&arch)), Ok(arch));
        for cost in 0..space.costs().len() {
            let _ = space.cost(&arch, cost);
        }
        for text in ["a;b|1", "['a', 'b']", "01", "[[0, 1], ['a']]"] {
            let _ = space.parse(text);
        }
    }
}

/// An architecture in any notation.
pub fn notation(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    for space in spaces() {
        if let Ok(arch) = space.parse(text) {
            assert_eq!(space.check(&arch), Ok(()));
            assert_eq!(space.canonical(&arch), arch);
            assert_eq!(space.parse(&space.format(&arch)), Ok(arch));
        }
    }
}
