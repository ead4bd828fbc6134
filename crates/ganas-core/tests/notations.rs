//! Architectures as other programs write them.

use ganas_core::space::{
    SearchSpace, accel_nasbench, darts, from_toml, nasbench101, nasbench201, nasbench301,
    ofa_mobilenetv3, proxylessnas,
};

/// Checks that all texts stand for the architecture of the first.
#[track_caller]
fn same(space: &dyn SearchSpace, own: &str, others: &[&str]) {
    let arch = space.parse(own);
    assert!(arch.is_ok(), "{own}: {arch:?}");
    for text in others {
        assert_eq!(space.parse(text), arch, "{text}");
    }
}

/// Checks that a text is refused, and what is said.
#[track_caller]
fn refused(space: &dyn SearchSpace, text: &str, words: &[&str]) {
    let said = space.parse(text).unwrap_err();
    for word in words {
        assert!(said.contains(word), "{text}: {said}");
    }
    assert_eq!(said.lines().count(), 1, "{said}");
}

const CELL: &str =
    "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|none~2|";

#[test]
fn edge_cells_of_autodl_and_naslib() {
    let space = nasbench201();
    same(
        &space,
        CELL,
        &[
            // Edges in another order, other names, quotes.
            "|nor_conv_3x3~0|+|skip_connect~1|none~0|+|none~2|avg_pool_3x3~0|nor_conv_1x1~1|",
            "\"|conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|conv_1x1~1|none~2|\"",
            "|ReLUConvBN3x3~0|+|Zero~0|Identity~1|+|AvgPool1x1~0|ReLUConvBN1x1~1|Zero~2|",
            "Structure(4 nodes with |nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|none~2|)",
            // Pairs a node, as a genotype of AutoDL.
            "[(('nor_conv_3x3', 0),), (('none', 0), ('skip_connect', 1)), (('avg_pool_3x3', 0), ('nor_conv_1x1', 1), ('none', 2))]",
            r#"[[["nor_conv_3x3", 0]], [["skip_connect", 1], ["none", 0]], [["avg_pool_3x3", 0], ["nor_conv_1x1", 1], ["none", 2]]]"#,
            // Ops by target, and by source.
            "[['nor_conv_3x3'], ['none', 'skip_connect'], ['avg_pool_3x3', 'nor_conv_1x1', 'none']]",
            "[['nor_conv_3x3', 'none', 'avg_pool_3x3'], ['skip_connect', 'nor_conv_1x1'], ['none']]",
        ],
    );
    // A list of one op is the same in every order.
    let all = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|";
    same(
        &space,
        all,
        &["['none', 'none', 'none', 'none', 'none', 'none']"],
    );
}

#[test]
fn lists_of_edges_that_can_be_read_in_two_ways_are_refused_with_both() {
    let space = nasbench201();
    refused(
        &space,
        "['nor_conv_3x3', 'none', 'skip_connect', 'avg_pool_3x3', 'nor_conv_1x1', 'none']",
        &[
            "a list does not say which edge each op is on",
            &format!("write `{CELL}` if it goes node by node"),
            "`|nor_conv_3x3~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_1x1~1|none~2|` if it goes source by source as in NASLib",
        ],
    );
    // NASLib's (2, 1, 4, 0, 3, 1) is the cell above; in the order of NATS-Bench it is another.
    refused(
        &space,
        "(2, 1, 4, 0, 3, 1)",
        &[
            &format!("`{CELL}` if it goes source by source as in NASLib"),
            "write `|nor_conv_1x1~0|+|skip_connect~0|avg_pool_3x3~1|+|none~0|nor_conv_3x3~1|skip_connect~2|` if it goes node by node",
        ],
    );
    refused(
        &space,
        "[1, 2]",
        &["the cell is not written like `|none~0|+|none~0|none~1|"],
    );
    refused(
        &space,
        "conv",
        &["1 group of edges where the space `nasbench201` has 3"],
    );
    refused(
        &space,
        &CELL.replace("skip_connect~1", "skip_connect~0"),
        &["node 2 has no edge from node 1"],
    );
}

#[test]
fn node_cells_of_nasbench_101_and_numpy() {
    let space = nasbench101();
    let matrix = "[[0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]]";
    let numpy = "[[0 1 1 0]\n [0 0 1 0]\n [0 0 0 1]\n [0 0 0 0]]";
    let ops = "['input', 'conv3x3-bn-relu', 'maxpool3x3', 'output']";
    let json = ops.replace('\'', "\"");
    same(
        &space,
        "input;conv3x3-bn-relu;maxpool3x3;output|110101",
        &[
            &format!("{{'module_adjacency': array({matrix}), 'module_operations': {ops}}}"),
            &format!(r#"{{"module_adjacency": {matrix}, "module_operations": {json}}}"#),
            &format!("{{'matrix': {numpy}, 'ops': {ops}}}"),
            &format!("ModelSpec(matrix={matrix}, ops={ops})"),
            &format!("[{matrix}, {ops}]"),
            &format!("({ops}, {numpy})"),
            &format!("{ops}|{numpy}"),
            &format!("{json}|0110001000010000"),
            "input,conv3x3,maxpool3x3,output|1 1 0 1 0 1",
            "INPUT;CONV3X3-BN-RELU;MAXPOOL3X3;OUTPUT|110101",
        ],
    );
    let form = "a cell is written `input;op;...;output|adjacency bits`";
    refused(&space, "[[0, 1], [0, 0]]", &[form]);
    refused(&space, "{'matrix': [[0, 1], [0, 0]]}", &[form]);
    refused(&space, "[[0, 2], [0, 0]]|[]", &["is not a list of ops"]);
    refused(
        &space,
        "[]|[[0, 2], [0, 0]]",
        &["adjacency has `2` where only 0 and 1 may stand"],
    );
}

#[test]
fn chains_as_lists_sizes_and_digits() {
    let file = |ops: &str| format!("name = 'c'\nkind = 'chain'\nlength = 4\nops = [{ops}]");
    let names = from_toml(&file("'identity', 'mb3_k3', 'mb6_k5'")).unwrap();
    same(
        &*names,
        "identity;mb3_k3;mb6_k5;mb3_k3",
        &[
            "['identity', 'mb3_k3', 'mb6_k5', 'mb3_k3']",
            r#"["identity","mb3_k3","mb6_k5","mb3_k3"]"#,
            "('identity' 'mb3_k3' 'mb6_k5' 'mb3_k3')",
            "identity,mb3_k3,mb6_k5,mb3_k3",
            "identity:mb3_k3:mb6_k5:mb3_k3",
            // NAS-Bench-Macro.
            "0121",
            "[0, 1, 2, 1]",
            "[0. 1. 2. 1.]",
        ],
    );
    let sizes = from_toml(&file("'8', '16', '64'")).unwrap();
    // NATS-Bench's size space, and what a spreadsheet makes of numbers.
    same(
        &*sizes,
        "16;64;8;16",
        &["16:64:8:16", "16.0;64.0;8.0;16.0", "[16, 64, 8, 16]"],
    );
    refused(&*sizes, "[0, 1, 2, 1]", &["unknown op `0`"]);
    let flags = from_toml(&file("'true', 'false'")).unwrap();
    same(&*flags, "true;false;true;true", &["TRUE;FALSE;True;TRUE"]);
    let uneven =
        from_toml("name = 'c'\nkind = 'chain'\nchoices = [['a', 'b'], ['b', 'a']]").unwrap();
    refused(
        &*uneven,
        "01",
        &["1 block where the space `c` has 2; join the ops by `;`, like `a;b`"],
    );
    refused(
        &*names,
        "identity;mb3_k3",
        &[
            "2 blocks where the space `c` has 4; join the ops by `;`, like `identity;identity;identity;..`",
        ],
    );
}

#[test]
fn darts_cells_in_groups_with_weights_and_from_configurations() {
    let space = nasbench301();
    let own = "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_5x5', 1), ('skip_connect', 0), \
        ('max_pool_3x3', 2), ('dil_conv_3x3', 1), ('avg_pool_3x3', 3), ('dil_conv_5x5', 0), \
        ('skip_connect', 4)], normal_concat=range(2, 6), reduce=[('sep_conv_3x3', 0), \
        ('sep_conv_5x5', 1), ('skip_connect', 0), ('max_pool_3x3', 2), ('dil_conv_3x3', 1), \
        ('avg_pool_3x3', 3), ('dil_conv_5x5', 0), ('skip_connect', 4)], reduce_concat=range(2, 6))";
    let grouped = "[[('sep_conv_3x3', 0, 0.31), ('sep_conv_5x5', 1, 0.2)], \
        [('skip_connect', 0, 0.1), ('max_pool_3x3', 2, 1e-3)], \
        [('dil_conv_3x3', 1, 0.2), ('avg_pool_3x3', 3, 0.2)], \
        [('dil_conv_5x5', 0, 0.2), ('skip_connect', 4, 0.2)]]";
    let pairs = "((0, 3), (1, 4), (0, 2), (2, 0), (1, 5), (3, 1), (0, 6), (4, 2))";
    let named = "[(0, 'sep_conv_3x3'), (1, 'sep_conv_5x5'), (0, 'skip_connect'), \
        (2, 'max_pool_3x3'), (1, 'dil_conv_3x3'), (3, 'avg_pool_3x3'), (0, 'dil_conv_5x5'), \
        (4, 'skip_connect')]";
    let mut config = String::from("{");
    for cell in ["normal", "reduce"] {
        // Edges are numbered node by node; node 2 has 0 and 1, node 3 2 to 4, node 4 5 to 8.
        for (edge, op) in [
            (0, "sep_conv_3x3"),
            (1, "sep_conv_5x5"),
            (2, "skip_connect"),
            (4, "max_pool_3x3"),
            (6, "dil_conv_3x3"),
            (8, "avg_pool_3x3"),
            (9, "dil_conv_5x5"),
            (13, "skip_connect"),
        ] {
            let key = format!("NetworkSelectorDatasetInfo:darts:edge_{cell}_{edge}");
            config.push_str(&format!("\"{key}\": \"{op}\", "));
        }
    }
    config.push('}');
    same(
        &space,
        own,
        &[
            &own.replace("range(2, 6)", "[2, 3, 4, 5]"),
            &own.replace("normal_concat=range(2, 6)", "normal_concat=[2, 3, 4, 5, 6]")
                .replace("reduce_concat=range(2, 6)", "reduce_concat=[4, 5, 6]"),
            &own.replace(", normal_concat=range(2, 6)", "")
                .replace(", reduce_concat=range(2, 6)", ""),
            &format!(
                "Genotype(normal={grouped}, normal_concat=[2, 3, 4, 5], reduce={grouped}, reduce_concat=[2, 3, 4, 5])"
            ),
            &format!("Genotype({grouped}, range(2, 6), {grouped}, range(2, 6))"),
            &format!("{{'normal': {grouped}, 'reduce': {grouped}}}"),
            // NASLib's and BANANAS' compact tuples.
            &format!("({pairs}, {pairs})"),
            &format!("[{named}, {named}]"),
            &config,
        ],
    );
    refused(&space, "genotype", &["no architecture has this name"]);
    refused(&space, "Genotype(normal=[])", &["`normal` has 0 edges"]);
    refused(
        &space,
        "Genotype(reduce=[])",
        &["`normal=[...]` is not in its place; write `Genotype(normal="],
    );
}

#[test]
fn op_indices_of_darts_cells_are_refused_where_two_orders_fit() {
    let pairs = |ops: [u8; 8]| {
        let sources = [0, 1, 0, 1, 0, 1, 0, 1];
        let edges: Vec<String> = (sources.iter().zip(ops))
            .map(|(source, op)| format!("({source}, {op})"))
            .collect();
        format!("[[{0}], [{0}]]", edges.join(", "))
    };
    let first = |space: &dyn SearchSpace, text: &str| {
        let text = space.format(&space.parse(text).unwrap());
        text.split('\'').nth(1).unwrap().to_owned()
    };
    // Without `none` the order is that of NAS-Bench-301.
    assert_eq!(first(&nasbench301(), &pairs([0; 8])), "max_pool_3x3");
    refused(
        &nasbench301(),
        &pairs([7, 1, 1, 1, 1, 1, 1, 1]),
        &[
            "no op has index 7 in NAS-Bench-301's order",
            "name the ops instead",
        ],
    );
    // With it, only the index 7 tells that DARTS' own code wrote it.
    assert_eq!(first(&darts(), &pairs([7; 8])), "dil_conv_5x5");
    refused(
        &darts(),
        &pairs([3; 8]),
        &[
            "op indices are ambiguous here",
            "`[[(0, 'sep_conv_3x3'), ...], [...]]`",
        ],
    );
}

#[test]
fn mobile_networks_of_once_for_all_and_spreadsheets() {
    let space = ofa_mobilenetv3();
    let own = "ks=33333353575533335333;e=43444364366346433444;d=33323";
    let list = |digits: &str| {
        let digits: Vec<String> = digits.chars().map(String::from).collect();
        format!("[{}]", digits.join(", "))
    };
    let (ks, e, d) = (
        list("33333353575533335333"),
        list("43444364366346433444"),
        list("33323"),
    );
    same(
        &space,
        own,
        &[
            &format!("{{'wid': None, 'ks': {ks}, 'e': {e}, 'd': {d}}}"),
            &format!(r#"{{"d": {d}, "e": {e}, "ks": {ks}}}"#),
            &format!("ks={ks};e={e};d={d}"),
            &format!(
                "ks={};e={};d=33323.0",
                ks.replace(',', ""),
                e.trim_matches(['[', ']'])
            ),
        ],
    );
    refused(
        &space,
        &format!("{{'ks': {ks}, 'e': {e}, 'd': {d}, 'r': [224]}}"),
        &["`r` is no part of the architecture"],
    );
    refused(
        &space,
        &format!("{{'ks': {ks}, 'e': {e}}}"),
        &["`d` is missing; write it like `{'ks': [3, ..]"],
    );
    refused(
        &space,
        &format!("{{'ks': {d}, 'e': {e}, 'd': {d}}}"),
        &["`ks` is not a list of 20 numbers"],
    );
    same(
        &accel_nasbench(),
        "e6_k3_l1_se0;e4_k5_l2_se1;e6_k3_l3_se1;e1_k3_l1_se0;e1_k3_l1_se0;e1_k3_l4_se0;e1_k3_l1_se0",
        &[
            "e6.0_k3.0_l1.0_seFALSE;e4_k5_l2_seTRUE;e6_k3_l3_se1.0;e1_k3_l1_se0;e1_k3_l1_se0;e1_k3_l4_se0;e1_k3_l1_se0",
        ],
    );
    let space = proxylessnas();
    let text = space.format(&space.named()[0].1);
    let quoted: Vec<String> = text.split(';').map(|name| format!("'{name}'")).collect();
    same(&space, &text, &[&format!("[{}]", quoted.join(", "))]);
}
