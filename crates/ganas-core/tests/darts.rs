//! Facts about the spaces of DARTS cells.

use ganas_core::space::{SearchSpace, darts, nasbench301};

/// A genotype whose reduction cell is that of DARTS' second-order search.
fn genotype(normal: &str) -> String {
    format!(
        "Genotype(normal=[{normal}], normal_concat=range(2, 6), \
         reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('max_pool_3x3', 1), ('skip_connect', 2), \
         ('max_pool_3x3', 0), ('skip_connect', 2), ('max_pool_3x3', 1), ('skip_connect', 2)], \
         reduce_concat=range(2, 6))"
    )
}

#[test]
fn the_published_cells_have_their_weights() {
    let space = darts();
    assert_eq!(space.costs(), ["params", "macs"]);
    // What the authors' code prints for the second-order cells: 3.349342 MB.
    let second = space.parse("darts-v2").unwrap();
    assert_eq!(space.cost(&second, 0), 3_349_342.0);
    assert_eq!(
        nasbench301().cost(&nasbench301().parse("darts-v2").unwrap(), 0),
        3_349_342.0
    );
    assert_eq!(
        space.cost(&space.parse("darts-v1").unwrap(), 0),
        3_169_414.0
    );
    let names: Vec<&str> = space.named().iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["darts-v1", "darts-v2"]);
}

#[test]
fn sizes_are_squares_of_the_cells_up_to_isomorphism() {
    for (space, ops) in [(darts(), 8u128), (nasbench301(), 7)] {
        let cells = space.size().unwrap().isqrt();
        assert_eq!(cells * cells, space.size().unwrap());
        // Fewer than the labelled forms, and no fewer than one in 4! of them.
        let forms = 3 * 6 * 10 * ops.pow(8);
        assert!(cells < forms && cells > forms / 24, "{cells} of {forms}");
    }
}

#[test]
fn neither_the_order_of_inputs_nor_that_of_nodes_matters() {
    let space = darts();
    let parse = |normal: &str| space.parse(&genotype(normal)).unwrap();
    let one = parse(
        "('sep_conv_3x3', 0), ('sep_conv_5x5', 1), ('max_pool_3x3', 0), ('avg_pool_3x3', 1), \
         ('none', 2), ('dil_conv_3x3', 3), ('skip_connect', 0), ('dil_conv_5x5', 4)",
    );
    let swapped_inputs = parse(
        "('sep_conv_5x5', 1), ('sep_conv_3x3', 0), ('max_pool_3x3', 0), ('avg_pool_3x3', 1), \
         ('dil_conv_3x3', 3), ('none', 2), ('skip_connect', 0), ('dil_conv_5x5', 4)",
    );
    let swapped_nodes = parse(
        "('max_pool_3x3', 0), ('avg_pool_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_5x5', 1), \
         ('none', 3), ('dil_conv_3x3', 2), ('skip_connect', 0), ('dil_conv_5x5', 4)",
    );
    let other = parse(
        "('max_pool_3x3', 0), ('avg_pool_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_5x5', 1), \
         ('none', 2), ('dil_conv_3x3', 3), ('skip_connect', 0), ('dil_conv_5x5', 4)",
    );
    assert_eq!(one, swapped_inputs);
    assert_eq!(one, swapped_nodes);
    assert_ne!(one, other);
}

#[test]
fn both_notations_stand_for_the_same() {
    let pairs = "[[(0, 3), (1, 3), (0, 3), (1, 3), (1, 3), (0, 2), (0, 2), (2, 5)], \
                 [(0, 0), (1, 0), (2, 2), (1, 0), (0, 0), (2, 2), (2, 2), (1, 0)]]";
    let space = nasbench301();
    let arch = space.parse(pairs).unwrap();
    assert_eq!(Ok(arch), space.parse("darts-v2"));
    let text = space.format(&arch);
    assert_eq!(space.parse(&text), Ok(arch));
    let listed = text
        .replace("range(2, 6)", "[2, 3, 4, 5]")
        .replace('\'', "\"");
    assert_eq!(space.parse(&listed), Ok(arch));
    assert!(text.starts_with("Genotype(normal=[('"), "{text}");
}

#[test]
fn wrong_genotypes_name_the_place_and_the_mend() {
    let rest = "('skip_connect', 0), ('skip_connect', 1), ('skip_connect', 0), ('skip_connect', 1), \
                ('skip_connect', 0), ('skip_connect', 1)";
    let good = format!("('skip_connect', 0), ('skip_connect', 1), {rest}");
    let mended = |from: &str, to: &str| genotype(&good).replace(from, to);
    let first = |edges: &str| genotype(&format!("{edges}, {rest}"));
    let pairs = |first: &str| {
        let others = "(1, 7), (0, 1), (1, 1), (0, 1), (1, 1), (0, 1), (1, 0)";
        format!("[[{first}, {others}], [(0, 1), {others}]]")
    };
    for (text, message) in [
        (
            first("('skip_connect', 0), ('sep_conv_4x4', 1)"),
            "edge 2 of `normal` (`('sep_conv_4x4',1)`): unknown op `sep_conv_4x4`; did you mean",
        ),
        (
            first("('skip_connect', 0), ('skip_connect', 2)"),
            "edge 2 of `normal` (`('skip_connect',2)`): it comes from node 2; use 0 to 1",
        ),
        (
            first("('skip_connect', 0), ('sep_conv_3x3', 0)"),
            "edge 2 of `normal` (`('sep_conv_3x3',0)`): node 2 takes node 0 twice; give its",
        ),
        (
            genotype(rest),
            "`normal` has 6 edges; give each of the 4 nodes two",
        ),
        (
            mended("normal_concat=range(2, 6)", "normal_concat=range(3, 6)"),
            "`normal_concat` does not join all nodes; write `range(2, 6)`",
        ),
        (
            mended("reduce=", "reduction="),
            "`reduce=[...]` is not in its place",
        ),
        (
            "Genotype(".into(),
            "a genotype is written `Genotype(normal=[('sep_conv_3x3', 0), ...], normal_concat=",
        ),
        (
            "darts-v3".into(),
            "no architecture has this name; did you mean `darts-v1`?",
        ),
        (
            pairs("(0, 8)"),
            "edge 1 of `normal` (`(0,8)`): no op has index `8`; the last is 7",
        ),
        (
            pairs("(0)"),
            "edge 1 of `normal` (`(0)`): write it like `('sep_conv_3x3', 0)`",
        ),
    ] {
        let error = darts().parse(&text).unwrap_err();
        assert!(
            error.starts_with(message),
            "{error:?} instead of {message:?}"
        );
    }
    let error = nasbench301()
        .parse(&first("('none', 0), ('none', 1)"))
        .unwrap_err();
    assert!(error.contains("unknown op `none`"), "{error}");
}
