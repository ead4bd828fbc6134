//! Tables of particular spaces.

use ganas_core::space::{Duplicates, Roles, from_toml, load, nasbench101};
use ganas_tables::Table;

#[test]
fn columns_of_a_table_may_hold_lists() {
    let csv = "ops,adjacency,acc\n\
        \"['input', 'maxpool3x3', 'output']\",\"[[0, 1, 0], [0, 0, 1], [0, 0, 0]]\",0.5\n";
    let table = Table::from_csv(csv.as_bytes(), "t.csv", &nasbench101(), Duplicates::Error);
    assert_eq!(table.unwrap().len(), 1);
    let csv = "module_adjacency,module_operations,acc\n\
        \"[[0, 1], [0, 0]]\",\"['input', 'output']\",0.5\n";
    let table = Table::from_csv(csv.as_bytes(), "t.csv", &nasbench101(), Duplicates::Error);
    assert_eq!(table.unwrap().len(), 1);
}

#[test]
fn rows_of_one_network_are_averaged_in_a_space_that_merges_them() {
    let layers = "name = 'layers'\nkind = 'chain'\nlength = 4\n\
                  ops = ['none', 'a', 'b', 'c', 'd']\nabsent = ['none']";
    let csv = b"arch,acc\nnone;none;a;b,0.5\na;b;none;none,1\n";
    let mut space = from_toml(layers).unwrap();
    let merged = Table::from_csv(csv, "t.csv", &*space, Duplicates::Mean).unwrap();
    assert_eq!((merged.len(), merged.value(0, 0)), (1, 0.75));
    space.unify(&Roles::default()).unwrap();
    let apart = Table::from_csv(csv, "t.csv", &*space, Duplicates::Error).unwrap();
    assert_eq!(apart.len(), 2);
}

#[test]
fn tables_name_the_columns_that_they_may_have() {
    let read = |text: &str, name: &str| {
        let space = load(name).unwrap();
        Table::from_csv(text.as_bytes(), "t.csv", &*space, Duplicates::Error)
            .map(|t| t.columns().to_vec())
            .map_err(|e| e.to_string())
    };
    let row = format!("{0},22222,{0},1", "3".repeat(20));
    let text = format!("ks,d,e,acc\n{row}\n");
    assert_eq!(read(&text, "ofa-mobilenetv3"), Ok(vec!["acc".to_owned()]));
    let error = read("ks,d,acc\n3,2,1\n", "ofa-mobilenetv3").unwrap_err();
    assert_eq!(
        error,
        "t.csv:1: no column holds the architecture among ks, d, acc; name it `arch` (or its \
         parts `ks`, `e`, `d`), or name its column with `arch_column`"
    );
    let error = read("ks,d,acc\n3,2,1\n", "accel-nasbench").unwrap_err();
    assert!(
        error.contains("(or its parts `block0_e` to `block6_se`)"),
        "{error}"
    );
    let error = read(&text.replace("22222", "22922"), "ofa-mobilenetv3").unwrap_err();
    assert!(
        error.starts_with("t.csv:2: `d` has 9 at place 3; use 2, 3, 4;"),
        "{error}"
    );
}
