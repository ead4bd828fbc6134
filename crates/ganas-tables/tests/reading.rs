//! Reading of rows, columns and encodings of the user's own files.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::SystemTime;

use flate2::Compression;
use flate2::write::GzEncoder;
use ganas_core::space::{Duplicates, SearchSpace, from_toml, load, nasbench301};
use ganas_tables::{Import, Table};

fn chain() -> Box<dyn SearchSpace> {
    from_toml("name = 'toy'\nkind = 'chain'\nlength = 2\nops = ['a', 'b', 'c']").unwrap()
}

fn read(text: impl AsRef<[u8]>, space: &dyn SearchSpace, import: &Import) -> Result<Table, String> {
    Table::from_text(text.as_ref(), "t.csv", space, import).map_err(|e| e.to_string())
}

fn where_(filters: &[&str]) -> Import {
    Import {
        filters: filters.iter().map(|f| f.parse().unwrap()).collect(),
        ..Import::default()
    }
}

fn merging(duplicates: Duplicates) -> Import {
    Import {
        duplicates: Some(duplicates),
        ..Import::default()
    }
}

#[track_caller]
fn refused(text: impl AsRef<[u8]>, space: &dyn SearchSpace, import: &Import, words: &[&str]) {
    let error = read(text, space, import).err().expect("it was accepted");
    for word in words {
        assert!(error.contains(word), "no `{word}` in: {error}");
    }
    assert!(!error.contains('\n'), "{error}");
}

/// Rows of OFA networks, whose second slots of each stage do not count.
fn ofa(rows: &[(&str, &str)]) -> String {
    let mut text = String::from("ks,e,d,r,top1\n");
    for (end, rest) in rows {
        let slots = format!("{}{end}", "3".repeat(20 - end.len()));
        text += &format!("{slots},{slots},22222,{rest}\n");
    }
    text
}

#[test]
fn rows_under_different_conditions_are_not_averaged() {
    let space = load("ofa-mobilenetv3").unwrap();
    let text = ofa(&[("3", "160,70.1"), ("3", "224,75.5"), ("3", "224,75.7")]);
    let words = [
        "t.csv:3: ",
        "is on line 2 too, with `r` 160 there and 224 here, and another `top1`",
        "`where = \"r=160\"`",
        "`duplicates = \"mean\"` or `first`",
    ];
    refused(&text, &*space, &Import::default(), &words);
    // Whether the notations are equal does not matter.
    let respelled = ofa(&[("3", "160,70.1"), ("5", "224,75.5")]);
    refused(&respelled, &*space, &Import::default(), &words[1..]);
    let table = read(&text, &*space, &where_(&["r=224.0"])).unwrap();
    assert_eq!((table.len(), table.merged_rows()), (1, 1));
    assert!((table.value(0, 1) - 75.6).abs() < 1e-9);
    let table = read(&text, &*space, &merging(Duplicates::First)).unwrap();
    assert_eq!((table.value(0, 0), table.value(0, 1)), (160.0, 70.1));
    let table = read(&text, &*space, &merging(Duplicates::Mean)).unwrap();
    assert!((table.value(0, 1) - 221.3 / 3.0).abs() < 1e-9);
}

#[test]
fn conditions_may_be_words_fractions_or_fidelities() {
    let cell = "[[(0, 0), (1, 0), (2, 2), (1, 0), (0, 0), (2, 2), (2, 2), (1, 0)], \
                [(0, 0), (1, 0), (2, 2), (1, 0), (0, 0), (2, 2), (2, 2), (1, 0)]]";
    let other = cell.replace("(0, 0)", "(0, 1)");
    let table = |column: &str, values: [&str; 2]| {
        let mut text = format!("arch,{column},acc\n");
        for (i, value) in values.into_iter().enumerate() {
            text += &format!("\"{cell}\",{value},9{i}.25\n\"{other}\",{value},8{i}.75\n");
        }
        text
    };
    for (column, values) in [
        ("epochs", ["10", "600"]),
        ("dataset", ["cifar10", "imagenet"]),
        ("lr", ["0.1", "0.01"]),
        ("seed", ["0", "1"]),
    ] {
        let word = format!("with `{column}`");
        let text = table(column, values);
        refused(
            &text,
            &nasbench301(),
            &Import::default(),
            &[&word, "`where = "],
        );
        let chosen = where_(&[&format!("{column}={}", values[1])]);
        assert_eq!(read(&text, &nasbench301(), &chosen).unwrap().len(), 2);
    }
    // Repeated measurements without any condition are one architecture with a mean.
    let repeated = format!("arch,acc\n\"{cell}\",90.5\n\"{cell}\",91.5\n");
    let table = read(&repeated, &nasbench301(), &Import::default()).unwrap();
    assert_eq!((table.merged_rows(), table.value(0, 0)), (1, 91.0));
    // Nor is a column a condition of itself, whole numbers or not.
    let whole = repeated.replace("90.5", "90").replace("91.5", "92");
    let table = read(&whole, &nasbench301(), &Import::default()).unwrap();
    assert_eq!((table.merged_rows(), table.value(0, 0)), (1, 91.0));
}

#[test]
fn several_seeds_of_one_architecture_are_a_choice() {
    let text = "arch,seed,acc\na;a,0,0.5\na;a,1,0.75\nb;b,0,1\nb;b,1,\n";
    let words = [
        "t.csv:3: `a;a` is on line 2 too, with `seed` 0 there and 1 here, and another `acc`",
        "choose rows with `where = \"seed=0\"`, or merge them with `duplicates = \"mean\"` or `first`",
    ];
    refused(text, &*chain(), &Import::default(), &words);
    refused(text, &*chain(), &merging(Duplicates::Error), &words);
    let table = read(text, &*chain(), &merging(Duplicates::Mean)).unwrap();
    assert_eq!((table.len(), table.folded_rows()), (2, 2));
    assert_eq!([0, 1].map(|row| table.value(row, 1)), [0.625, 1.0]);
    let table = read(text, &*chain(), &merging(Duplicates::First)).unwrap();
    assert_eq!([0, 1].map(|row| table.value(row, 1)), [0.5, 1.0]);
    let table = read(text, &*chain(), &where_(&["seed=1"])).unwrap();
    assert_eq!(table.value(0, 1), 0.75);
    assert!(table.value(1, 1).is_nan());
}

#[test]
fn rows_are_chosen_by_numbers_and_words() {
    let text = "arch,set,r,acc\na;a,train,224,1\na;a,test,224.0,2\nb;b,test,192,3\n";
    let rows = |filters: &[&str]| read(text, &*chain(), &where_(filters)).map(|t| t.len());
    assert_eq!(rows(&["set=test"]), Ok(2));
    assert_eq!(rows(&["set = test", "r=224"]), Ok(1));
    refused(
        text,
        &*chain(),
        &where_(&["r=200"]),
        &["t.csv: no row has r=200; `r` has 192, 224, 224.0"],
    );
    refused(
        text,
        &*chain(),
        &where_(&["sets=test"]),
        &["t.csv:1: no column `sets` to choose rows by; did you mean `set`?"],
    );
    let twice = where_(&["r=224", "r=192"]);
    refused(text, &*chain(), &twice, &["chosen by `r` twice"]);
    for broken in ["r", "=1", ""] {
        let error = broken.parse::<ganas_tables::Filter>().unwrap_err();
        assert!(error.to_string().contains("COLUMN=VALUE"), "{error}");
    }
    let error = "median".parse::<Duplicates>().unwrap_err().to_string();
    assert!(
        error.contains("`median`") && error.contains("mean"),
        "{error}"
    );
}

#[test]
fn usual_names_of_the_architecture_are_known() {
    for name in ["arch", "arch_str", "Architecture", "genotype"] {
        let table = read(
            format!("{name},acc\na;b,1\n"),
            &*chain(),
            &Import::default(),
        )
        .unwrap();
        assert_eq!(table.columns(), ["acc"]);
    }
    let text = "net,arch,acc\na;b,7,1\n";
    let named = |name: &str| Import {
        arch_column: Some(name.into()),
        ..Import::default()
    };
    assert_eq!(read(text, &*chain(), &named("net")).unwrap().len(), 1);
    let words = ["t.csv:1: no column `nets`; did you mean `net`?"];
    refused(text, &*chain(), &named("nets"), &words);
    refused(
        "cell,acc\na;b,1\n",
        &*chain(),
        &Import::default(),
        &["t.csv:1: ", "name its column with `arch_column`"],
    );
}

#[test]
fn separators_and_encodings_read_the_same() {
    let comma = "arch,note,acc\na;b,\u{e4},0.5\nc;c,x,0.25\n";
    let expected = read(comma, &*chain(), &Import::default()).unwrap();
    let semicolon = "arch;note;acc\r\n\"a;b\";\u{e4};0.5\r\n\"c;c\";x;0.25\r\n";
    let tab = "arch\tnote\tacc\na;b\t\u{e4}\t0.5\nc;c\tx\t0.25\n";
    for text in [
        comma,
        semicolon,
        tab,
        &format!("\n\n{tab}"),
        &comma.replace('\n', "\r"),
    ] {
        let little = [0xff, 0xfe]
            .into_iter()
            .chain(text.encode_utf16().flat_map(u16::to_le_bytes));
        let big = [0xfe, 0xff]
            .into_iter()
            .chain(text.encode_utf16().flat_map(u16::to_be_bytes));
        let marked = [0xef, 0xbb, 0xbf].into_iter().chain(text.bytes());
        for bytes in [
            text.as_bytes().to_vec(),
            little.collect(),
            big.collect(),
            marked.collect(),
        ] {
            for bytes in [gz(&bytes), bytes] {
                let table = read(bytes, &*chain(), &Import::default()).unwrap();
                assert_eq!(table.digest(), expected.digest(), "{text:?}");
                assert_eq!(table.ignored_columns(), ["note"]);
            }
        }
    }
}

fn gz(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// A compressed file of this start and then so many MiB of one byte.
fn bomb(start: &str, byte: u8, mib: usize) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(start.as_bytes()).unwrap();
    let block = vec![byte; 1 << 20];
    for _ in 0..mib {
        encoder.write_all(&block).unwrap();
    }
    encoder.finish().unwrap()
}

#[test]
fn rows_without_end_are_errors() {
    let words = [": a row of more than 16 MiB; check the file"];
    for (start, byte, line) in [
        ("arch,acc\na;a,1\na;b,", b'1', "t.csv:3"),
        ("arch,acc\na;a,\"", b'\n', "t.csv:2"),
        ("arch,acc\na;a,1\n", b'\n', "t.csv:3"),
        ("arch,", b'x', "t.csv:1"),
        ("", b' ', "t.csv:1"),
    ] {
        let text = bomb(start, byte, 40);
        refused(&text, &*chain(), &Import::default(), &words);
        refused(&text, &*chain(), &Import::default(), &[line]);
    }
}

#[test]
fn equal_rows_take_no_memory() {
    let row = "a;a,1\n";
    let text = gz(format!("arch,acc\n{}", row.repeat(300_000)).as_bytes());
    let table = read(&text, &*chain(), &Import::default()).unwrap();
    assert_eq!((table.len(), table.folded_rows()), (1, 299_999));
    assert_eq!(table.merged_rows(), 0);
}

#[test]
fn many_columns_are_checked_quickly_and_named_once() {
    let names = |n: usize| (0..n).map(|i| format!(",c{i}")).collect::<String>();
    let cells = ",1".repeat(100_000);
    let text = format!("arch{}\na;a{cells}\n", names(100_000));
    let table = read(&text, &*chain(), &Import::default()).unwrap();
    assert_eq!(table.columns().len(), 100_000);
    let text = format!("arch{},c7\na;a{cells},1\n", names(100_000));
    let words = ["t.csv:1: column `c7` is there twice"];
    refused(&text, &*chain(), &Import::default(), &words);
}

#[test]
fn a_file_of_equal_size_and_time_is_read_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    let import = Import {
        cache: Some(folder.path().join("cache")),
        ..Import::default()
    };
    let value = |text: &str, path: &Path| {
        fs::write(path, text).unwrap();
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        Table::open_with(path, &*chain(), &import)
            .unwrap()
            .value(0, 0)
    };
    assert_eq!(value("arch,acc\na;a,3\n", &path), 3.0);
    assert_eq!(value("arch,acc\na;a,4\n", &path), 4.0);
    assert_eq!(value("arch,acc\na;a,3\n", &path), 3.0);
    let compiled = || fs::read_dir(folder.path().join("cache")).unwrap().count();
    assert_eq!(compiled(), 2);
    // A copy is the same table, and another way to read it is not.
    assert_eq!(
        value("arch,acc\na;a,3\n", &folder.path().join("t.copy.csv")),
        3.0
    );
    assert_eq!(compiled(), 2);
    let import = Import {
        cache: import.cache.clone(),
        ..where_(&["acc=3"])
    };
    Table::open_with(&path, &*chain(), &import).unwrap();
    assert_eq!(compiled(), 3);
}

#[test]
fn compiled_tables_keep_how_they_were_read() {
    let folder = tempfile::tempdir().unwrap();
    let (path, out) = (folder.path().join("t.csv"), folder.path().join("t.gtab"));
    fs::write(&path, "arch,seed,acc\na;a,0,1\na;a,1,2\n").unwrap();
    Table::compile(&path, &*chain(), &merging(Duplicates::Mean), Some(&out)).unwrap();
    let open =
        |import: &Import| Table::open_with(&out, &*chain(), import).map_err(|e| e.to_string());
    assert_eq!(open(&Import::default()).unwrap().value(0, 1), 1.5);
    assert!(open(&merging(Duplicates::Mean)).is_ok());
    let error = open(&merging(Duplicates::First)).err().unwrap();
    assert!(
        error.contains("was read in another way; leave out `duplicates`"),
        "{error}"
    );
    let error = open(&where_(&["seed=1"])).err().unwrap();
    assert!(
        error.contains("was read in another way; leave out `where`"),
        "{error}"
    );
}

#[test]
fn rows_are_shown_as_they_stand_in_their_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv.gz");
    fs::write(
        &path,
        gz(b"name,arch,acc\nfirst, a ; a ,1\nsecond,\"b;\nc\",2\nthird,c;c,3\n"),
    )
    .unwrap();
    let table = Table::open(&path, &*chain(), Some(folder.path())).unwrap();
    let rows = table.source_rows(&[2, 1], &*chain());
    let last = rows[0].as_ref().unwrap();
    assert_eq!((last.line, last.arch.as_str()), (5, "c;c"));
    assert_eq!(last.cells[0], ("name".to_owned(), "third".to_owned()));
    assert_eq!(rows[1].as_ref().unwrap().arch, "b;\nc");
    // A file that was changed since does not show other rows.
    fs::write(&path, gz(b"name,arch,acc\nfirst,a;b,1\n")).unwrap();
    assert_eq!(table.source_rows(&[0, 2], &*chain()), [None, None]);
    fs::remove_file(&path).unwrap();
    assert_eq!(table.source_rows(&[0], &*chain()), [None]);

    let space = load("ofa-mobilenetv3").unwrap();
    let path = folder.path().join("ofa.csv");
    fs::write(&path, ofa(&[("3", "224,70.5")])).unwrap();
    let table = Table::open(&path, &*space, Some(folder.path())).unwrap();
    let row = table.source_rows(&[0], &*space).remove(0).unwrap();
    assert!(
        row.arch.starts_with("ks=3333") && row.arch.ends_with("d=22222"),
        "{}",
        row.arch
    );
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_build_without_parquet_says_how_to_get_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.parquet");
    fs::write(&path, b"PAR1\0\0\0\0PAR1").unwrap();
    let error = Table::open(&path, &*chain(), None)
        .err()
        .unwrap()
        .to_string();
    for word in [
        "table.parquet",
        "without Parquet",
        "--features parquet",
        "to_csv",
    ] {
        assert!(error.contains(word), "no `{word}` in: {error}");
    }
}
