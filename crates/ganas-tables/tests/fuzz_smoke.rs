//! The entry points of `fuzz/` on seeds, mutated seeds and noise: a short run for every build.

#[path = "../../../fuzz/src/lib.rs"]
mod entry;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

const CSV: [&str; 9] = [
    "arch;acc\n\"a;b\";1\n\"a;b\";N/A\n",
    "\tarch_str\tseed\tacc\n0\ta;b\t0\t0.5\n1\ta;b\t1\t0.7\n2\tb;b\t1\t-\n",
    "cell,acc\na;b,1\n\n\n\"b;\nb\",2\n",
    "architecture,genotype,acc\na;b,a;b,None\n",
    "arch,acc,t\na;b,0.5,\nc;c,1e3,NaN\na;b,0.5,x\n",
    "\u{feff}arch,\"a\"\"b\"\r\n\"a;b\",1\r\n\nb;b,2",
    "hash,adjacency,ops,acc\n9,100101,input;maxpool3x3;conv1x1-bn-relu;output,0.9\n",
    "arch,acc\n|none~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|,7\n",
    "ks,e,d,acc\n33333353575533335333,43444364366346433444,33323,1\n",
];

const RECORDS: [&str; 2] = [
    r#"["9f", 108, "010001000", "input,maxpool3x3,output", "ChsJAAAAAAAAAAARAAAAAAAAAAAZAAAAAAAAAAA="]"#,
    r#"["9f", 4, "0100", "input,output", "CgAKAAoAEAU="]"#,
];

const SPACES: [&str; 9] = [
    "name = 'a'\nkind = 'chain'\nchoices = [['x', 'y'], ['z']]\n[metrics]\nparams = { x = 1 }",
    "name = 'b'\nkind = 'edge-cell'\nnodes = 4\nops = ['none', 'conv']",
    "name = 'c'\nkind = 'node-cell'\nmax_vertices = 7\nmax_edges = 9\nops = ['a', 'b']",
    "name = 'd'\nkind = 'chain'\nlength = 4\nops = ['n', 'x']\nabsent = ['n']\nstages = [2, 2]",
    "name = 'e'\nkind = 'edge-cell'\nnodes = 3\nops = ['n', 's', 'x']\nabsent = ['n']\nidentity = ['s']",
    "name = 'f'\nkind = 'node-cell'\nmax_vertices = 5\nmax_edges = 6\nops = ['n', 's', 'x']\n\
     absent = ['n']\nidentity = ['s']",
    "name = 'g'\nkind = 'config'\nsnap = true\nstart = 'n=2;x.1=8;x.2=8'\nconstraints = ['x <= 8 * n']\n\
     [[choice]]\nname = 'n'\nlow = 1\nhigh = 3\nstep = 1\n\
     [[choice]]\nname = 'x'\nvalues = [8, 16]\nrepeat = 'n'\nprior = 8\nconfidence = 'high'\n\
     [metrics]\nsize = 'log2(sum(x)) / n - if(n > 2, 1, 0)'",
    "name = 'h'\nkind = 'config'\n\
     [[choice]]\nname = 'lr'\nlow = 1e-4\nhigh = 0.1\nlog = true\nsteps = 5\ndefault = 0.1\n\
     [[choice]]\nname = 'o'\nvalues = ['a', 'b']\nordered = true\nweights = [1, 2]\nwhen = 'not lr > 0.01'\n\
     [[choice]]\nname = 'b'\nvalues = [true, false]\nwhen = 'o == a and active(o)'",
    "name = 'i'\nkind = 'config'\n[[choice]]\nname = 'z'\nlow = 1\nhigh = 2\n\
     [cell]\nkind = 'chain'\nlength = 2\nops = ['p', 'q']",
];

const CONFIGS: [&str; 9] = [
    "layers=2;units.1=8;units.2=16;opt=sgd;momentum=0.5",
    "layers=1;units_1=8.0;opt=adam",
    "lr=0.4;cell=|none~0|+|conv~0|none~1|",
    "{'layers': 3, 'units': [8, 16, 32], 'opt': 'sgd', 'momentum': 0.55}",
    "{\"lr\": 0.37, \"cell\": \"|none~0|+|conv~0|none~1|\"}",
    "opt == sgd and units.1 <= 16 or not layers == 1",
    "if(opt == adam, max(units.1, 2^3), sum(units)) / (layers - 1)",
    "default(momentum, 0.1) * log(count(units)) + mean(units) - least(units)",
    "active(momentum)",
];

const ARCHS: [&str; 24] = [
    "a;b",
    "input;maxpool3x3;conv1x1-bn-relu;output|100101",
    "maxpool3x3|010001000",
    "|none~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|",
    "r1_k3_e1_o16;r2_k5_s22_e6_i16_o24_se0.25;r1_k3_e6_o40;r9_k3_e6_o80",
    "ks=33333353575533335333;e=43444364366346433444;d=33323",
    "e6_k3_l1_se0;e4_k5_l2_seTrue;e6_k3_l3_se1;e1_k3_l1_se0;e1_k3_l1_se0;e1_k3_l4_se0;e1_k3_l1_se0",
    "Genotype(normal=[('none', 0), ('none', 1), ('none', 0), ('none', 1), ('none', 0), ('none', 1), \
     ('none', 0), ('none', 4)], normal_concat=range(2, 6), reduce=[('none', 0), ('none', 1)])",
    "[[(0, 0), (1, 0), (2, 2), (1, 0), (0, 0), (2, 2), (2, 2), (1, 0)], [(0, 0), (1, 5)]]",
    "((0, 3), (1, 4), (0, 2), (2, 0), (1, 5), (3, 1), (0, 6), (4, 2)), ((0, 3), (1, 7))",
    "Genotype(normal=[[('none', 0, 0.3), ('none', 1, 1e-3)]], normal_concat=[2, 3, 4, 5])",
    "{'normal': [('skip_connect', 0)], 'reduce': [], 'reduce_concat': range(2, 6)}",
    "{\"NetworkSelectorDatasetInfo:darts:edge_normal_0\": \"skip_connect\"}",
    "[(('none', 0),), (('none', 0), ('skip_connect', 1)), (('conv_3x3', 0), ('zero', 1), ('none', 2))]",
    "[['none'], ['skip_connect', 'none'], ['none', 'none', 'none']]",
    "(0, 1, 2, 3, 4, 0)",
    "Structure(4 nodes with |none~0|+|none~0|none~1|+|none~0|none~1|none~2|)",
    "{'module_adjacency': array([[0, 1], [0, 0]]), 'module_operations': ['input', 'output']}",
    "['input', 'output']|[[0 1]\n [0 0]]",
    "['a', 'b', 'a']",
    "16:8:64",
    "0120",
    "[8. 16. 64.]",
    "{'wid': None, 'ks': [3, 5, 7], 'e': [3], 'd': [2, 3, 4, 2, 2], 'r': [224]}",
];

/// A seed with some bytes changed, removed or repeated.
fn mutated(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let edit = (any::<Index>(), any::<u8>(), 0..4u8);
    (select(seeds), vec(edit, 0..6)).prop_map(|(mut bytes, edits)| {
        for (index, byte, kind) in edits {
            if bytes.is_empty() {
                break;
            }
            let at = index.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, byte),
                _ => bytes.truncate(at),
            }
        }
        bytes
    })
}

fn texts(seeds: &[&str]) -> Vec<Vec<u8>> {
    seeds.iter().map(|s| s.as_bytes().to_vec()).collect()
}

fn compiled() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (source, out) = (folder.path().join("t.csv"), folder.path().join("t.gtab"));
    std::fs::write(&source, CSV[4].replace('x', "")).unwrap();
    let import = Default::default();
    ganas_tables::Table::compile(&source, &*entry::chain(), &import, Some(&out)).unwrap();
    std::fs::read(&out).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn noise_never_panics(data in vec(any::<u8>(), 0..200)) {
        entry::csv_table(&data);
        entry::tfrecord(&data);
        entry::compiled_table(&data);
        entry::space_file(&data);
        entry::notation(&data);
        entry::config(&data);
        entry::reading(&data);
    }

    #[test]
    fn mutated_csv_never_panics(data in mutated(texts(&CSV))) {
        entry::csv_table(&data);
    }

    #[test]
    fn mutated_choices_of_rows_never_panic(data in mutated(texts(&["r=224", "a b = x=y", "mean"]))) {
        entry::reading(&data);
    }

    #[test]
    fn mutated_records_never_panic(data in mutated(texts(&RECORDS))) {
        entry::tfrecord(&data);
    }

    #[test]
    fn mutated_space_files_never_panic(data in mutated(texts(&SPACES))) {
        entry::space_file(&data);
    }

    #[test]
    fn mutated_configurations_never_panic(data in mutated(texts(&CONFIGS))) {
        entry::config(&data);
    }

    #[test]
    fn mutated_notations_never_panic(data in mutated(texts(&ARCHS))) {
        entry::notation(&data);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1, failure_persistence: None, ..Default::default() })]

    #[test]
    fn mutated_compiled_tables_never_panic(data in vec(mutated(vec![compiled()]), 3000)) {
        data.iter().for_each(|bytes| entry::compiled_table(bytes));
    }
}
