//! The contract suite on all spaces.

use ganas_core::space::{NAMES, from_toml, load, nasbench201};
use ganas_core::testing::space_contract;

#[test]
fn spaces_known_by_name_keep_the_contract() {
    for name in NAMES {
        let space = load(name).unwrap();
        assert_eq!(space.name(), name);
        space_contract(&*space);
    }
}

#[test]
fn nasbench201_with_isomorphic_strings_merged_keeps_the_contract() {
    space_contract(&nasbench201().merging_isomorphic().unwrap());
}

#[test]
fn space_files_keep_the_contract() {
    for text in [
        r#"
        name = "blocks"
        kind = "chain"
        length = 8
        ops = ["identity", "mb3_k3", "mb6_k5"]
        [metrics]
        params = { mb3_k3 = 1.2e4, mb6_k5 = 5e4 }
        "#,
        r#"
        name = "stages"
        kind = "chain"
        choices = [["a", "b"], ["b", "c", "d"], ["a"]]
        "#,
        r#"
        name = "edges"
        kind = "edge-cell"
        nodes = 5
        ops = ["none", "conv", "pool"]
        "#,
        r#"
        name = "small-cells"
        kind = "node-cell"
        max_vertices = 6
        max_edges = 8
        ops = ["conv", "pool"]
        "#,
        r#"
        name = "large-cells"
        kind = "node-cell"
        max_vertices = 12
        max_edges = 20
        ops = ["conv", "pool", "skip"]
        "#,
        r#"
        name = "layers"
        kind = "chain"
        choices = [["none", "a", "b"], ["a", "b", "skip"], ["none", "b"], ["none", "skip", "c"]]
        absent = ["none"]
        identity = ["skip"]
        stages = [3, 1]
        "#,
        r#"
        name = "distinct-edges"
        kind = "edge-cell"
        nodes = 4
        ops = ["conv", "none", "skip", "pool"]
        absent = ["none"]
        identity = ["skip"]
        "#,
        r#"
        name = "many-distinct-edges"
        kind = "edge-cell"
        nodes = 7
        ops = ["conv", "none", "skip"]
        absent = ["none"]
        identity = ["skip"]
        "#,
        r#"
        name = "distinct-cells"
        kind = "node-cell"
        max_vertices = 6
        max_edges = 8
        ops = ["conv", "none", "skip"]
        absent = ["none"]
        identity = ["skip"]
        "#,
        r#"
        name = "large-distinct-cells"
        kind = "node-cell"
        max_vertices = 12
        max_edges = 20
        ops = ["conv", "none", "skip"]
        absent = ["none"]
        identity = ["skip"]
        "#,
    ] {
        space_contract(from_toml(text).unwrap().as_ref());
    }
}
