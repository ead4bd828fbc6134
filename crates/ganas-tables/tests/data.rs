//! The real benchmark tables, where `GANAS_DATA` names their folder.

use std::fs::File;
use std::path::PathBuf;

use flate2::read::MultiGzDecoder;
use ganas_core::space::{
    Duplicates, EdgeCell, NodeCell, SearchSpace, accel_nasbench, darts, load, module_hash,
    nasbench101, nasbench201, nasbench301, ofa_mobilenetv3,
};
use ganas_tables::{Import, Ranking, Table};

fn data(file: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("GANAS_DATA");
    if folder.is_none() {
        eprintln!("skipped: GANAS_DATA names no folder with {file}");
    }
    folder.map(|folder| PathBuf::from(folder).join(file))
}

fn rows(path: &PathBuf) -> impl Iterator<Item = csv::StringRecord> {
    let file = MultiGzDecoder::new(File::open(path).unwrap());
    csv::Reader::from_reader(file)
        .into_records()
        .map(Result::unwrap)
}

fn cost(space: &dyn SearchSpace, name: &str) -> usize {
    space.costs().iter().position(|c| c == name).unwrap()
}

#[test]
fn nasbench101_hash_params_and_notation_of_every_row_follow_from_its_graph() {
    let Some(path) = data("nasbench101.csv.gz") else {
        return;
    };
    let space: NodeCell = nasbench101();
    let params = cost(&space, "params");
    let mut seen = 0;
    for row in rows(&path) {
        let text = format!("{}|{}", &row[3], &row[2]);
        let cell = space.parse_cell(&text).unwrap();
        assert_eq!(module_hash(&cell), row[0], "{text}");
        let arch = space.parse(&text).unwrap();
        assert_eq!(space.format(&arch), text);
        assert_eq!(
            space.cost(&arch, params),
            row[4].parse::<f64>().unwrap(),
            "{text}"
        );
        assert_eq!(cell.vertices(), row[1].parse::<usize>().unwrap());
        seen += 1;
    }
    assert_eq!(seen, 423_624);
}

#[test]
fn nasbench201_params_and_macs_of_every_row_follow_from_its_string() {
    let Some(path) = data("nasbench201_cifar10.csv.gz") else {
        return;
    };
    let space: EdgeCell = nasbench201();
    let (params, macs) = (cost(&space, "params"), cost(&space, "macs"));
    let mut seen = 0;
    for row in rows(&path) {
        let arch = space.parse(&row[0]).unwrap();
        assert_eq!(space.format(&arch), row[0]);
        assert_eq!(
            space.cost(&arch, params),
            row[1].parse::<f64>().unwrap(),
            "{}",
            &row[0]
        );
        assert_eq!(
            space.cost(&arch, macs),
            row[2].parse::<f64>().unwrap(),
            "{}",
            &row[0]
        );
        seen += 1;
    }
    assert_eq!(seen, 15_625);
}

#[test]
fn the_best_values_are_those_that_are_known() {
    let Some(path) = data("nasbench101.csv.gz") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let table = Table::open(&path, &nasbench101(), Some(folder.path())).unwrap();
    assert_eq!(table.columns(), ["vertices", "params", "test_accuracy"]);
    assert_eq!(table.ignored_columns(), ["hash"]);
    assert_eq!((table.len(), table.folded_rows()), (423_624, 0));
    let accuracy = table.column("test_accuracy").unwrap();
    table.check_objective(accuracy).unwrap();
    let ranking = Ranking::new(&table, accuracy, false, |_| true);
    assert_eq!(ranking.optimum(), Some(0.943175753));
    assert_eq!(ranking.rank(0.9423410892), 2);
    assert_eq!(ranking.rank(0.9422075351), 3);
    for row in (0..table.len()).step_by(7) {
        assert_eq!(table.find(&table.arch(row)), Some(row));
    }
}

#[test]
fn nasbench201_has_its_known_optima_and_its_classes() {
    let Some(path) = data("nasbench201_cifar10.csv.gz") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let table = Table::open(&path, &nasbench201(), Some(folder.path())).unwrap();
    assert_eq!(table.len(), 15_625);
    let optimum = |name| {
        Ranking::new(&table, table.column(name).unwrap(), false, |_| true)
            .optimum()
            .unwrap()
    };
    assert!((optimum("cifar10_test") - 94.3733).abs() < 1e-4);
    assert!((optimum("cifar10_valid") - 91.6067).abs() < 1e-4);
    let embedded = Table::open("nasbench201", &nasbench201(), None).unwrap();
    assert_eq!(embedded.columns(), ["cifar10_test"]);
    for row in 0..table.len() {
        let same = embedded.find(&table.arch(row)).unwrap();
        let value = table.value(row, table.column("cifar10_test").unwrap());
        assert_eq!(embedded.value(same, 0), value);
    }
    let merge = Import {
        cache: Some(folder.path().into()),
        ..Import::default()
    };
    let merged = nasbench201().merging_isomorphic().unwrap();
    let table = Table::open_with(&path, &merged, &merge).unwrap();
    assert_eq!((table.len(), table.folded_rows()), (6_466, 15_625 - 6_466));
}

/// Compares the columns `params` and `macs` of all rows with the space's costs.
fn mobile_costs_of_every_row(file: &str, space: &dyn SearchSpace) -> Option<Table> {
    let path = data(file)?;
    let folder = tempfile::tempdir().unwrap();
    let table = Table::open(&path, space, Some(folder.path())).unwrap();
    for name in ["params", "macs"] {
        let (column, cost) = (table.column(name).unwrap(), cost(space, name));
        for row in 0..table.len() {
            let arch = table.arch(row);
            let (in_table, counted) = (table.value(row, column), space.cost(&arch, cost));
            // A mean of equal numbers can be off by a rounding.
            let near = (in_table - counted).abs() <= 1e-12 * counted;
            assert!(
                near,
                "line {}: {name} {in_table}, {counted}",
                table.line(row)
            );
        }
    }
    Some(table)
}

#[test]
fn ofa_params_and_macs_of_every_row_follow_from_its_digits() {
    let space = ofa_mobilenetv3();
    let Some(table) = mobile_costs_of_every_row("ofa_mobilenetv3_imagenet.csv.gz", &space) else {
        return;
    };
    assert_eq!(table.columns(), ["r", "params", "macs", "top1", "n"]);
    // 31 rows differ from others only in slots that their stages do not have.
    assert_eq!((table.len(), table.folded_rows()), (1_469, 31));
}

#[test]
fn accel_nasbench_params_and_macs_of_every_row_follow_from_its_blocks() {
    let space = accel_nasbench();
    let Some(table) = mobile_costs_of_every_row("accel_nasbench_imagenet.csv.gz", &space) else {
        return;
    };
    assert_eq!(table.columns()[..2], ["id", "val_top1"]);
    // 13 architectures were trained twice.
    assert_eq!((table.len(), table.folded_rows()), (5_125, 13));
}

#[test]
fn a_table_in_parts_reads_the_same_in_one_column() {
    for (file, name) in [
        ("ofa_mobilenetv3_imagenet.csv.gz", "ofa-mobilenetv3"),
        ("accel_nasbench_imagenet.csv.gz", "accel-nasbench"),
    ] {
        let Some(path) = data(file) else {
            return;
        };
        let space = load(name).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let parts = Table::open(&path, &*space, Some(folder.path())).unwrap();
        let params = parts.column("params").unwrap();
        let mut text = String::from("arch,params\n");
        for row in 0..parts.len() {
            let arch = space.format(&parts.arch(row));
            text.push_str(&format!("{arch},{}\n", parts.value(row, params)));
        }
        let whole = Table::from_csv(text.as_bytes(), "t.csv", &*space, Duplicates::Error).unwrap();
        assert_eq!(whole.len(), parts.len());
        for row in 0..parts.len() {
            assert_eq!(whole.arch(row), parts.arch(row));
            assert_eq!(whole.value(row, 0), parts.value(row, params));
        }
    }
}

#[test]
fn darts_params_and_flops_of_every_row_follow_from_its_cells() {
    let Some(path) = data("darts_cifar10_545.csv.gz") else {
        return;
    };
    let space = darts();
    let (params, macs) = (cost(&space, "params"), cost(&space, "macs"));
    let mut seen = 0;
    for row in rows(&path) {
        let arch = space.parse(&row[0]).unwrap();
        let in_table = |i: usize| row[i].parse::<f64>().unwrap();
        assert_eq!(space.cost(&arch, macs) / 1e6, in_table(1), "{}", &row[0]);
        assert_eq!(space.cost(&arch, params) / 1e6, in_table(2), "{}", &row[0]);
        seen += 1;
    }
    assert_eq!(seen, 545);
    let folder = tempfile::tempdir().unwrap();
    let table = Table::open(&path, &space, Some(folder.path())).unwrap();
    // Some cells were trained up to five times, with the inputs of a node in either order.
    assert_eq!((table.len(), table.folded_rows()), (526, 19));
}

#[test]
fn cells_in_index_pairs_are_read() {
    let Some(path) = data("darts_nasbench301_525.csv.gz") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let table = Table::open(&path, &nasbench301(), Some(folder.path())).unwrap();
    assert_eq!((table.len(), table.folded_rows()), (525, 0));
    assert_eq!(table.columns(), ["valid_accuracy", "mflops", "params_m"]);
    // With `none` among the ops, the indices could be of either of two orders.
    let refused = Table::open(&path, &darts(), Some(folder.path()))
        .err()
        .unwrap();
    assert!(
        refused.to_string().contains("op indices are ambiguous"),
        "{refused}"
    );
}
