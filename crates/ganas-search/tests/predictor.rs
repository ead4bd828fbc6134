//! Surrogates: fitted, kept in files, read from other programs, and as evaluators.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ganas_core::arch::Arch;
use ganas_core::rng::Rng;
use ganas_core::space::{Duplicates, SearchSpace, from_toml, nasbench201, ofa_mobilenetv3};
use ganas_core::testing::evaluator_contract;
use ganas_search::predictor::{Encoding, FitConfig, Kind, Surrogate, SurrogateEvaluator, fit};
use ganas_tables::Table;

const LETTERS: &str = r#"
name = "letters"
kind = "chain"
length = 4
ops = ["a", "b", "c", "d", "e"]
[metrics]
params = { a = 1, b = 2, c = 3, d = 4, e = 5 }
"#;

fn letters() -> Arc<dyn SearchSpace> {
    from_toml(LETTERS).unwrap().into()
}

fn models(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/models")
        .join(file)
}

/// A table of random architectures with a smooth objective and a second one.
fn table(space: &dyn SearchSpace, rows: usize) -> Table {
    let mut rng = Rng::stream(0, "rows");
    let mut csv = String::from("arch,accuracy,latency\n");
    let mut seen: Vec<Arch> = Vec::new();
    while seen.len() < rows {
        let arch = space.sample(space.samplers()[0], &mut rng);
        if !seen.contains(&arch) {
            let ops = arch.ops();
            let high = ops.iter().map(|&op| f64::from(op)).sum::<f64>();
            let pair = f64::from(u8::from(ops[0] == ops[1]));
            csv += &format!(
                "{},{},{}\n",
                space.format(&arch),
                high + 2.0 * pair,
                high * high
            );
            seen.push(arch);
        }
    }
    Table::from_csv(csv.as_bytes(), "made-up.csv", space, Duplicates::Error).unwrap()
}

fn fitted(space: &dyn SearchSpace) -> Surrogate {
    let objectives = ["accuracy", "latency"].map(str::to_owned);
    fit(
        space,
        &table(space, 200),
        &objectives,
        &FitConfig::default(),
    )
    .unwrap()
}

/// The objective grows with every op, so a linear part promises the most for the largest ones, which no
/// row has.
#[test]
fn a_search_finds_nothing_beyond_the_fitted_values_unless_told_to() {
    let space = letters();
    let mut rng = Rng::stream(3, "rows");
    let mut csv = String::from("arch,accuracy\n");
    let mut seen = Vec::new();
    while seen.len() < 80 {
        let arch = space.sample(space.samplers()[0], &mut rng);
        let height: u32 = arch.ops().iter().map(|&op| u32::from(op)).sum();
        if height <= 8 && !seen.contains(&arch) {
            csv += &format!("{},{height}\n", space.format(&arch));
            seen.push(arch);
        }
    }
    let table = Table::from_csv(csv.as_bytes(), "low.csv", &*space, Duplicates::Error).unwrap();
    let mut all = Vec::new();
    space.enumerate(&mut |arch| all.push(arch)).unwrap();
    let highest = |config: &FitConfig| {
        let objective = ["accuracy".to_owned()];
        let surrogate = fit(&*space, &table, &objective, config).unwrap();
        let predicted = surrogate.predict(&*space, &all);
        let linear = surrogate.models()[0].linear.is_some();
        let values = predicted.iter().map(|values| values[0]);
        (linear, values.fold(f64::NEG_INFINITY, f64::max))
    };
    let limited = FitConfig::default();
    let free = FitConfig {
        extrapolate: true,
        ..limited
    };
    let trees = FitConfig {
        kind: Kind::Trees,
        ..limited
    };
    assert_eq!(highest(&limited), (true, 8.0));
    let (linear, most) = highest(&free);
    assert!(linear && most > 12.0, "{most}");
    let (linear, most) = highest(&trees);
    assert!(!linear && (7.0..=8.0).contains(&most), "{most}");
}

#[test]
fn configurations_are_numbers_words_and_ops() {
    let space = from_toml(
        "name = 'joint'\nkind = 'config'\n\
        [[choice]]\nname = 'optimizer'\nvalues = ['adam', 'sgd']\n\
        [[choice]]\nname = 'momentum'\nvalues = [0.8, 0.9]\nwhen = 'optimizer == sgd'\n\
        [[choice]]\nname = 'lr'\nlow = 0.01\nhigh = 1.0\nsteps = 3\nlog = true\n\
        [[choice]]\nname = 'augment'\nvalues = [true, false]\n\
        [cell]\nkind = 'edge-cell'\nnodes = 3\nops = ['none', 'conv']\n",
    )
    .unwrap();
    let names = Encoding::listed(&*space);
    let encoding = Encoding::new(&*space, &names).unwrap();
    let row = |text: &str| -> Vec<(String, f64)> {
        let values = encoding.rows(&*space, &[space.parse(text).unwrap()]);
        names.iter().cloned().zip(values).collect()
    };
    let of = |row: &[(String, f64)], name: &str| -> f64 {
        let found = row.iter().find(|(own, _)| own == name);
        found.unwrap_or_else(|| panic!("no {name} in {names:?}")).1
    };
    let adam = row("optimizer=adam;lr=0.1;augment=true;cell=|conv~0|+|none~0|conv~1|");
    let sgd = row("optimizer=sgd;momentum=0.9;lr=1;augment=false;cell=|none~0|+|conv~0|none~1|");
    for (name, one, other) in [
        ("optimizer=adam", 1.0, 0.0),
        ("optimizer=sgd", 0.0, 1.0),
        ("active[momentum]", 0.0, 1.0),
        ("momentum", 0.0, 0.9),
        ("lr", 0.1, 1.0),
        ("log lr", 0.1f64.ln(), 0.0),
        ("augment", 1.0, 0.0),
        ("cell[0]=conv", 1.0, 0.0),
        ("cell[1]=conv", 0.0, 1.0),
        ("cell[2]=none", 0.0, 1.0),
    ] {
        assert!((of(&adam, name) - one).abs() < 1e-12, "{name}: {adam:?}");
        assert!((of(&sgd, name) - other).abs() < 1e-12, "{name}: {sgd:?}");
    }
}

/// A surrogate of configurations that was fitted here predicts what it has not seen.
#[test]
fn configurations_can_be_predicted() {
    let space = ganas_core::space::load("fcnet").unwrap();
    let mut rng = Rng::stream(5, "rows");
    let mut csv = String::from("arch,error\n");
    let mut seen = Vec::new();
    while seen.len() < 200 {
        let arch = space.sample(space.samplers()[0], &mut rng);
        if !seen.contains(&arch) {
            // Units and the logarithm of the learning rate are places on their scales.
            let error = f64::from(arch.ops()[5]) - f64::from(arch.ops()[7]);
            csv += &format!("{},{error}\n", space.format(&arch));
            seen.push(arch);
        }
    }
    let table = Table::from_csv(csv.as_bytes(), "made.csv", &*space, Duplicates::Error).unwrap();
    let surrogate = fit(
        &*space,
        &table,
        &["error".to_owned()],
        &FitConfig::default(),
    )
    .unwrap();
    let own = surrogate.models()[0].fitted.as_ref().unwrap();
    assert!(own.cross_validated.spearman.unwrap() > 0.9, "{own:?}");
}

#[test]
fn predict_what_they_have_not_seen() {
    let space = letters();
    let surrogate = fitted(&*space);
    assert_eq!(surrogate.metrics(), ["accuracy", "latency"]);
    for model in surrogate.models() {
        let own = model.fitted.as_ref().unwrap();
        assert_eq!((own.rows, own.folds), (200, 5));
        let agreement = own.cross_validated;
        assert!(agreement.spearman.unwrap() > 0.9, "{agreement:?}");
        assert!(agreement.r2.unwrap() > 0.85, "{agreement:?}");
    }
    // The same data give the same models.
    assert_eq!(fitted(&*space).models(), surrogate.models());
}

#[test]
fn files_hold_all_of_a_surrogate() {
    let space = letters();
    let surrogate = fitted(&*space);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deep/model.json");
    surrogate.save(&file, &*space).unwrap();
    assert_eq!(Surrogate::space_of(&file).unwrap(), "letters");
    let again = Surrogate::open(&file, &*space).unwrap();
    assert_eq!(again.models(), surrogate.models());
    let mut rng = Rng::stream(1, "archs");
    let archs: Vec<Arch> = (0..700)
        .map(|_| space.sample(space.samplers()[0], &mut rng))
        .collect();
    assert_eq!(
        again.predict(&*space, &archs),
        surrogate.predict(&*space, &archs)
    );
    evaluator_contract(
        &mut SurrogateEvaluator::new(space.clone(), Arc::new(again)),
        &*space,
    );
}

#[test]
fn files_that_cannot_be_used_are_named_with_a_mend() {
    let space = letters();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.json");
    fitted(&*space).save(&file, &*space).unwrap();
    let whole = fs::read_to_string(&file).unwrap();
    let refuses = |content: &str, space: &dyn SearchSpace, words: &[&str]| {
        fs::write(&file, content).unwrap();
        let error = Surrogate::open(&file, space).unwrap_err().to_string();
        for word in words.iter().chain(&["model.json: "]) {
            assert!(error.contains(word), "no `{word}` in: {error}");
        }
    };
    let middle = &whole[..whole.len() / 2];
    refuses(middle, &*space, &["damaged or cut off", "again"]);
    let changed = whole.replacen("\"value\":[", "\"value\":[0.5,", 1);
    refuses(&changed, &*space, &["damaged or cut off"]);
    let newer = whole.replacen("\"version\":1", "\"version\":2", 1);
    refuses(&newer, &*space, &["version 2", "reads 1", "fit it again"]);
    refuses(
        &whole,
        &nasbench201(),
        &["of the space `letters`, not `nasbench201`"],
    );
    let renamed = LETTERS
        .replace("\"e\"]", "\"f\"]")
        .replace("e = 5", "f = 5");
    let other = from_toml(&renamed).unwrap();
    refuses(
        &whole,
        &*other,
        &["another definition of the space `letters`"],
    );
    refuses("{}", &*space, &["this is not a surrogate"]);
    refuses("", &*space, &["this is not a surrogate"]);
    let foreign = fs::read_to_string(models("xgboost.json")).unwrap();
    refuses(&foreign, &*space, &["a model of XGBoost", "TOML"]);
}

#[test]
fn xgboost_and_lightgbm_predict_here_as_there() {
    let space = letters();
    let surrogate = Surrogate::open(models("foreign.toml"), &*space).unwrap();
    let text = fs::read_to_string(models("predictions.csv")).unwrap();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').skip(1).collect();
    assert_eq!(surrogate.metrics(), names);
    let mut checked = 0;
    for line in lines {
        let fields: Vec<&str> = line.split(',').collect();
        let arch = space.parse(fields[0]).unwrap();
        let predicted = &surrogate.predict(&*space, &[arch])[0];
        for (value, there) in predicted.iter().zip(&fields[1..]) {
            let there: f64 = there.parse().unwrap();
            assert!((value - there).abs() < 1e-5, "{line}: {predicted:?}");
            checked += 1;
        }
    }
    assert_eq!(checked, 3 * 49);
}

#[test]
fn models_of_others_that_cannot_be_used_are_named_with_a_mend() {
    let space = letters();
    let folder = tempfile::tempdir().unwrap();
    let toml = folder.path().join("own.toml");
    let features = r#"["log params", "op[0]", "op[1]", "op[2]", "op[3]", "count[c]"]"#;
    let refuses = |features: &str, model: &str, words: &[&str]| {
        fs::write(folder.path().join("model"), model).unwrap();
        let description = format!(
            "space = \"letters\"\nfeatures = {features}\n[[model]]\nobjective = \"x\"\nfile = \"model\"\n"
        );
        fs::write(&toml, description).unwrap();
        let error = Surrogate::open(&toml, &*space).unwrap_err().to_string();
        for word in words {
            assert!(error.contains(word), "no `{word}` in: {error}");
        }
    };
    let read = |name: &str| fs::read_to_string(models(name)).unwrap();
    let (xgboost, lightgbm) = (read("xgboost.json"), read("lightgbm.txt"));
    refuses(
        r#"["op[0]"]"#,
        &xgboost,
        &["model: ", "6 columns where 1 features"],
    );
    refuses(
        r#"["op[0]"]"#,
        &lightgbm,
        &["model: ", "6 columns where 1 features"],
    );
    refuses(
        r#"["op[9]"]"#,
        &xgboost,
        &["own.toml: ", "no feature `op[9]`", "did you mean"],
    );
    refuses("[]", &xgboost, &["there are no features"]);
    refuses(
        features,
        &read("poisson.json"),
        &["`count:poisson` transforms"],
    );
    refuses(features, &xgboost[..900], &["not a whole model of XGBoost"]);
    refuses(
        features,
        &lightgbm[..900],
        &["LightGBM is damaged or cut off"],
    );
    refuses(
        features,
        "hello",
        &["neither XGBoost's JSON nor LightGBM's text"],
    );
    let infinite = xgboost.replacen("8.3E-1", "1E999", 1);
    assert_ne!(infinite, xgboost);
    refuses(features, &infinite, &["base score of the model is inf"]);
    for value in ["nan", "inf", "1e300"] {
        let leaf = lightgbm.replacen(
            "leaf_value=0.54200000152960415",
            &format!("leaf_value={value}"),
            1,
        );
        assert_ne!(leaf, lightgbm);
        refuses(features, &leaf, &["a leaf of the model is"]);
    }
    // A damaged first line of a tree, of the first one and of another.
    for tree in ["\nTree=0", "\nTree=3"] {
        for damaged in [
            tree.replace('T', "X"),
            tree.replace('=', "-"),
            tree.replace("=", "=1"),
        ] {
            let fused = lightgbm.replacen(tree, &damaged, 1);
            assert_ne!(fused, lightgbm);
            refuses(features, &fused, &["damaged or cut off"]);
        }
    }
    let categories = lightgbm.replacen("decision_type=2", "decision_type=1", 1);
    refuses(features, &categories, &["splits by categories"]);
    let looping = lightgbm.replacen("left_child=1", "left_child=0", 1);
    refuses(features, &looping, &["does not fit its 6 features"]);
    let error = Surrogate::open(models("foreign.toml"), &ofa_mobilenetv3()).unwrap_err();
    assert!(
        error.to_string().contains("of the space `letters`"),
        "{error}"
    );
    fs::write(&toml, "space = \"letters\"\nfeature = []\n").unwrap();
    let error = Surrogate::open(&toml, &*space).unwrap_err().to_string();
    assert!(
        error.contains("own.toml:2: ") && error.contains("`[[model]]`"),
        "{error}"
    );
}
