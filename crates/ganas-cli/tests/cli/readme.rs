//! The README says what the committed results say.

use std::path::Path;

use serde_json::Value;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap()
}

/// A strategy's cell of the table, made from a file of results.
fn cell(results: &Value, strategy: &str) -> String {
    let (name, preset) = strategy.split_once(':').unwrap_or((strategy, "default"));
    let summary = results["summary"].as_array().unwrap();
    let row = summary
        .iter()
        .find(|row| row["strategy"] == name && row["preset"] == preset)
        .unwrap();
    let median = match row["median_queries_to_optimum"].as_f64() {
        Some(median) => median.to_string(),
        None => "-".to_owned(),
    };
    format!(
        "{}/{}, {median}, {:.2}",
        row["found_optimum"],
        row["seeds"],
        row["mean_rank"].as_f64().unwrap()
    )
}

#[test]
fn its_table_is_made_from_the_results() {
    let small: Value = serde_json::from_str(&read("results/nasbench201_cifar10.json")).unwrap();
    let large: Value = serde_json::from_str(&read("results/nasbench101.json")).unwrap();
    let readme = read("README.md");
    for strategy in [
        "ga-nas",
        "ga-nas:paper-setup1",
        "random",
        "evolution",
        "local-search",
        "cross-entropy",
    ] {
        let row = format!(
            "| `{strategy}` | {} | {} |",
            cell(&small, strategy),
            cell(&large, strategy)
        );
        assert!(readme.contains(&row), "the README lacks the row\n{row}");
    }
}
