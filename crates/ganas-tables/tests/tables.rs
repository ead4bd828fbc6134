//! Tables: what they hold, and what is said about files that are none.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use ganas_core::evaluate::{Evaluator, Outcome};
use ganas_core::space::{Duplicates, SearchSpace, from_toml, nasbench101, nasbench201};
use ganas_tables::{Import, Ranking, Table, TableEvaluator};
use tempfile::TempDir;

fn chain() -> Box<dyn SearchSpace> {
    from_toml("name = 'toy'\nkind = 'chain'\nlength = 2\nops = ['a', 'b', 'c']").unwrap()
}

fn csv(text: &str) -> Result<Table, String> {
    Table::from_csv(text.as_bytes(), "t.csv", &*chain(), Duplicates::Error)
        .map_err(|e| e.to_string())
}

fn import(folder: &TempDir) -> Import {
    Import {
        cache: Some(folder.path().join("cache")),
        ..Import::default()
    }
}

fn gz(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn numeric_columns_are_metrics_and_rows_are_found_by_architecture() {
    let table = csv("hash,arch,accuracy,note,latency\n\
         9f,a;a,0.5,x,3\n\
         12,\"b;c\",0.75,,\n\
         e1,c;c,1e-1,y,NaN\n")
    .unwrap();
    assert_eq!(table.columns(), ["accuracy", "latency"]);
    assert_eq!(table.ignored_columns(), ["hash", "note"]);
    assert_eq!(table.len(), 3);
    let row = table.query(" b ; c", &*chain()).unwrap();
    assert_eq!(row, 1);
    assert_eq!(table.value(row, 0), 0.75);
    assert!(table.value(row, 1).is_nan());
    assert_eq!(chain().format(&table.arch(row)), "b;c");
    assert!(table.find(&chain().parse("a;b").unwrap()).is_none());
    let summary = table.summary();
    assert_eq!(summary.columns[1].missing, 2);
    assert_eq!(
        (summary.columns[0].min, summary.columns[0].max),
        (0.1, 0.75)
    );
    assert_eq!(summary.columns[0].mean, 0.45);
}

#[test]
fn unusable_tables_are_one_line_with_file_line_and_mend() {
    let cases = [
        ("", "t.csv: the file is empty; give it a header"),
        ("arch,acc\n", "t.csv: the table has no rows; give it a row"),
        (
            "cell,acc\na;a,1\n",
            "t.csv:1: no column holds the architecture among cell, acc; name it `arch`",
        ),
        (
            "arch,acc,acc\na;a,1,2\n",
            "t.csv:1: column `acc` is there twice; rename",
        ),
        (
            "arch,acc\na;a,1\na;b\n",
            "t.csv:3: 1 fields where the header has 2 columns; complete the row",
        ),
        ("arch,acc\na;d,1\n", "t.csv:2: unknown op `d`"),
        (
            "arch,acc\na;a;a,1\n",
            "t.csv:2: 3 blocks where the space `toy` has 2; join the ops by `;`, like `a;a`; correct the row",
        ),
        (
            "arch,acc\n|a~0|+|b~0|c~1|,1\n",
            "t.csv:2: 1 block where the space `toy` has 2; join the ops by `;`, like `a;a`; correct the row, or name",
        ),
        (
            "acc,arch,arch\n1,a;a,b;b\n",
            "t.csv:1: column `arch` is there twice; rename",
        ),
        (
            "architecture,genotype,acc\na;a,b;b,1\n",
            "t.csv:1: `architecture` and `genotype` may both hold the architecture; name one",
        ),
        (
            "arch,acc\na;a,0.5\na;b,1\na;a,0.25\n",
            "t.csv:4: `a;a` is on line 2 too, with `acc` 0.5 there and 0.25 here; remove one \
             of the rows, or merge them with `duplicates = \"mean\"` or `first`",
        ),
    ];
    for (text, expected) in cases {
        let error = csv(text)
            .err()
            .unwrap_or_else(|| panic!("{text:?} was accepted"));
        assert!(
            error.starts_with(expected),
            "{error:?} instead of {expected:?}"
        );
        assert!(!error.contains('\n'), "{error:?}");
    }
}

#[test]
fn cells_beyond_the_limits_are_named_with_their_line() {
    let read = |row: &str| {
        let text = format!("adjacency,ops,acc\n{row}\n");
        Table::from_csv(text.as_bytes(), "t.csv", &nasbench101(), Duplicates::Error)
            .map(|t| t.len())
            .map_err(|e| e.to_string())
    };
    let ops = |n: usize| format!("input;{}output", "maxpool3x3;".repeat(n - 2));
    assert_eq!(read(&format!("1,{},1", ops(2))), Ok(1));
    let vertices = read(&format!("{},{},1", "1".repeat(28), ops(8))).unwrap_err();
    assert!(
        vertices.starts_with("t.csv:2: the cell has 8 vertices"),
        "{vertices}"
    );
    let edges = read(&format!("{},{},1", "1".repeat(10), ops(5))).unwrap_err();
    assert!(
        edges.starts_with("t.csv:2: the cell has 10 edges"),
        "{edges}"
    );
}

#[test]
fn equal_rows_count_once_and_isomorphic_ones_can_be_averaged() {
    let table = csv("arch,acc,t\na;a,0.5,\nb;b,1,2\na;a,0.5,NaN\n").unwrap();
    assert_eq!((table.len(), table.folded_rows()), (2, 1));
    assert_eq!(table.line(1), 3);

    // Nothing flows out of node 1, whatever op its edge carries.
    let merged = nasbench201().merging_isomorphic().unwrap();
    let one = "|none~0|+|nor_conv_3x3~0|none~1|+|none~0|none~1|skip_connect~2|";
    let same = "|none~0|+|nor_conv_3x3~0|nor_conv_1x1~1|+|none~0|none~1|skip_connect~2|";
    let text = format!("arch,acc,t\n{one},1,\n{same},2,5\n");
    let read = |duplicates| Table::from_csv(text.as_bytes(), "t.csv", &merged, duplicates);
    assert!(read(Duplicates::Error).is_err());
    let table = read(Duplicates::Mean).unwrap();
    assert_eq!((table.len(), table.folded_rows()), (1, 1));
    assert_eq!((table.value(0, 0), table.value(0, 1)), (1.5, 5.0));
}

#[test]
fn an_objective_has_to_be_measured_somewhere() {
    let table = csv("arch,acc,t,u\na;a,1,2,N/A\nb;a,1,,-\nc;a,1,NaN,\n").unwrap();
    assert_eq!(table.check_objective(0).unwrap(), 0);
    assert_eq!(table.check_objective(1).unwrap(), 2);
    let error = table.check_objective(2).unwrap_err().to_string();
    assert!(
        error.starts_with("t.csv: the objective `u` was not measured in any row; fill"),
        "{error}"
    );
}

#[test]
fn odd_cells_refuse_only_who_asks_for_their_column() {
    let table = csv("arch,acc,params,size\n\
         a;a,None,\"517,224\",0.8 MB\n\
         a;b,93.1,7,1.2 MB\n\
         b;b,-inf,8,1.3 MB\n")
    .unwrap();
    assert_eq!(table.columns(), ["acc"]);
    assert_eq!(table.check_objective(0).unwrap(), 2);
    let error = |name| table.column(name).unwrap_err().to_string();
    let params = error("params");
    assert!(
        params.starts_with(
            "t.csv:2: column `params` is not all numbers: `517,224` here, and 1 of its 3 cells are \
             not numbers; correct the cell"
        ),
        "{params}"
    );
    let size = error("size");
    assert!(
        size.starts_with("t.csv:2: column `size` holds text: `0.8 MB` here, and 3 of its 3 cells"),
        "{size}"
    );
}

#[test]
fn an_unknown_column_names_the_nearest_and_all() {
    let table = csv("arch,accuracy,latency,note\na;a,1,2,x\n").unwrap();
    let error = table.column("acuracy").unwrap_err().to_string();
    assert!(
        error.contains("did you mean `accuracy`? The columns are accuracy, latency"),
        "{error}"
    );
    let error = table.column("note").unwrap_err().to_string();
    assert!(error.contains("holds text"), "{error}");
}

#[test]
fn ranks_count_what_is_strictly_better() {
    let table = csv("arch,acc\na;a,3\na;b,2\na;c,2\nb;a,1\nb;b,\n").unwrap();
    let ranking = Ranking::new(&table, 0, false, |_| true);
    assert_eq!((ranking.len(), ranking.optimum()), (4, Some(3.0)));
    assert_eq!([3.0, 2.0, 1.0].map(|v| ranking.rank(v)), [1, 2, 4]);
    let minimized = Ranking::new(&table, 0, true, |row| row != 3);
    assert_eq!((minimized.optimum(), minimized.rank(3.0)), (Some(2.0), 3));
    assert_eq!(Ranking::new(&table, 0, false, |_| false).optimum(), None);
}

#[test]
fn the_evaluator_looks_up_and_failure_is_data() {
    let table = std::sync::Arc::new(csv("arch,acc\na;a,3\n").unwrap());
    let mut evaluator = TableEvaluator::new(table);
    assert_eq!(evaluator.metrics(), ["acc"]);
    let batch = ["a;a", "b;b"].map(|a| chain().parse(a).unwrap());
    assert_eq!(
        evaluator.evaluate(&batch),
        [
            Outcome::Done(vec![3.0]),
            Outcome::Failed("not in the table".into())
        ]
    );
}

#[test]
fn a_source_is_compiled_once_and_again_when_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv.gz");
    let compiled = || -> Vec<PathBuf> {
        fs::read_dir(folder.path().join("cache"))
            .map(|d| d.map(|e| e.unwrap().path()).collect())
            .unwrap_or_default()
    };
    fs::write(&path, gz(b"arch,acc\na;a,3\n")).unwrap();
    let open = || Table::open_with(&path, &*chain(), &import(&folder));
    let digest = open().unwrap().digest().to_owned();
    assert_eq!(compiled().len(), 1);
    let stamp = fs::metadata(&compiled()[0]).unwrap().modified().unwrap();
    assert_eq!(open().unwrap().digest(), digest);
    assert_eq!(
        fs::metadata(&compiled()[0]).unwrap().modified().unwrap(),
        stamp
    );
    // A damaged cache is made again, not complained about.
    fs::write(&compiled()[0], b"GANAStbl").unwrap();
    assert_eq!(open().unwrap().digest(), digest);
    // The compiled file is a table of its own.
    let own = Table::open(&compiled()[0], &*chain(), None).unwrap();
    assert_eq!(own.source(), path);
    fs::write(&path, gz(b"arch,acc\na;a,3\nb;b,44\n")).unwrap();
    assert_eq!(open().unwrap().len(), 2);
    assert_eq!(compiled().len(), 2);
}

#[test]
fn a_truncated_archive_is_an_error_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv.gz");
    let rows: String = (0..9)
        .map(|i| {
            format!(
                "{};{},{i}\n",
                ["a", "b", "c"][i / 3],
                ["a", "b", "c"][i % 3]
            )
        })
        .collect();
    let whole = gz(format!("arch,acc\n{rows}").as_bytes());
    fs::write(&path, &whole[..whole.len() - 9]).unwrap();
    let error = Table::open_with(&path, &*chain(), &import(&folder))
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains("t.csv.gz") && error.contains("the compressed data"),
        "{error}"
    );
    assert!(error.contains("copy the file again"), "{error}");
    assert!(!folder.path().join("cache").exists());
}

#[test]
fn without_a_writable_cache_the_table_is_kept_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    fs::write(&path, "arch,acc\na;a,3\n").unwrap();
    // A file where the cache folder should be.
    fs::write(folder.path().join("cache"), "").unwrap();
    let table = Table::open_with(&path, &*chain(), &import(&folder)).unwrap();
    assert_eq!(table.value(0, 0), 3.0);
}

#[test]
fn compiled_tables_of_another_space_or_version_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    fs::write(&path, "arch,acc\na;a,3\n").unwrap();
    let out = folder.path().join("t.gtab");
    Table::compile(&path, &*chain(), &Import::default(), Some(&out)).unwrap();
    let open = |path: &Path, space: &dyn SearchSpace| {
        Table::open(path, space, None).err().unwrap().to_string()
    };
    let error = open(&out, &nasbench201());
    assert!(
        error.contains("is of the space `toy`, not `nasbench201`; name"),
        "{error}"
    );
    let other = from_toml("name='toy'\nkind='chain'\nlength=2\nops=['b','a','c']").unwrap();
    let error = open(&out, &*other);
    assert!(
        error.contains("another definition of the space `toy`"),
        "{error}"
    );
    let mut bytes = fs::read(&out).unwrap();
    bytes[8] = 77;
    fs::write(&out, &bytes).unwrap();
    let error = open(&out, &*chain());
    assert!(
        error.contains("has format 77") && error.contains("import it again"),
        "{error}"
    );
    bytes[8] = 2;
    bytes.pop();
    fs::write(&out, &bytes).unwrap();
    let error = open(&out, &*chain());
    assert!(
        error.contains("damaged or cut off; import it again"),
        "{error}"
    );
}

#[test]
fn any_changed_byte_of_a_compiled_table_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    fs::write(&path, "arch,acc\na;a,3\nb;c,4\nc;c,1\n").unwrap();
    let out = folder.path().join("t.gtab");
    Table::compile(&path, &*chain(), &Import::default(), Some(&out)).unwrap();
    let bytes = fs::read(&out).unwrap();
    let open = |bytes| Table::from_compiled(bytes, "t.gtab", &*chain());
    assert!(open(bytes.clone()).is_ok());
    for at in 0..bytes.len() {
        for flip in [1, 0x80, 0xff] {
            let mut changed = bytes.clone();
            changed[at] ^= flip;
            assert!(open(changed).is_err(), "byte {at} ^ {flip}");
        }
        assert!(open(bytes[..at].to_vec()).is_err(), "cut at {at}");
    }
}
