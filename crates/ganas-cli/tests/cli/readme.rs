//! The README and the page of comparisons say what the committed results say.

#![cfg(unix)]

use serde_json::Value;

use crate::guide::{blocks, read, run_block};

/// A row of results.
fn summary<'r>(results: &'r Value, strategy: &str) -> &'r Value {
    let (name, preset) = strategy.split_once(':').unwrap_or((strategy, "default"));
    let rows = results["summary"].as_array().unwrap();
    (rows
        .iter()
        .find(|row| row["strategy"] == name && row["preset"] == preset))
    .unwrap()
}

/// A strategy's cell of the page of comparisons, made from a file of results.
fn cell(results: &Value, strategy: &str) -> String {
    let row = summary(results, strategy);
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

fn results(file: &str) -> Value {
    serde_json::from_str(&read(file)).unwrap()
}

#[test]
fn the_table_of_comparisons_is_made_from_the_results() {
    let small = results("results/nasbench201_cifar10.json");
    let large = results("results/nasbench101.json");
    let page = read("docs/comparison.md");
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
        assert!(page.contains(&row), "the page lacks the row\n{row}");
    }
}

#[test]
fn its_table_is_made_from_the_results() {
    let results = results("results/first_screen.json");
    let readme = read("README.md");
    let rows: Vec<&str> = readme
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect();
    assert_eq!(rows.len(), results["summary"].as_array().unwrap().len());
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let strategy = cells[1].split('`').nth(1).unwrap();
        let summary = summary(&results, strategy);
        let interval = &summary["median_queries_to_optimum_interval"];
        let (median, interval) = match summary["median_queries_to_optimum"].as_f64() {
            Some(median) => (
                median.to_string(),
                format!(
                    "{} to {}",
                    interval[0].as_f64().unwrap(),
                    interval[1].as_f64().unwrap()
                ),
            ),
            None => ("none within 1,000".into(), String::new()),
        };
        assert_eq!(cells[2], median, "{strategy}");
        assert_eq!(cells[3], interval, "{strategy}");
        assert_eq!(cells[4], summary["found_optimum"].to_string(), "{strategy}");
    }
}

#[test]
fn its_first_screen_is_short() {
    let readme = read("README.md");
    let before = readme.lines().position(|line| line == "## Goals").unwrap();
    assert!(before <= 60, "{before} lines before the first goal");
}

#[test]

fn its_transcript_is_that_of_its_first_command() {
    let readme = read("README.md");
    let start = readme.find("```text\n").unwrap() + "```text\n".len();
    let transcript = readme[start..].split("```").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let output = run_block(blocks(&readme)[0], folder.path());
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.starts_with(transcript), "{said}");
}
